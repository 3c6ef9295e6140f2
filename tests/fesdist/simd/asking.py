"""A kernel that is compiled anew, and what tests of its compiling ask."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from fesdist.ground.signature import gray_across as plain
from fesdist.simd import compiling, grays
from fesdist.simd.kernel import kernel

OCTETS = np.random.default_rng(0).integers(0, 256, (3, 4, 50), dtype=np.uint8)
EXPECTED = plain(OCTETS, 4)

SOON = 60.0
"""Seconds within which what has to happen does, however busy the machine is."""


def new_kernel() -> Any:
    """Return the kernel of `gray_across` as a new process would have it, under its name."""
    return kernel(grays._add_across.py_func)


def end_ahead() -> None:
    while compiling._ahead:
        compiling._ahead.pop().end()


def is_right() -> bool:
    return bool(np.array_equal(grays.gray_across(OCTETS, 4), EXPECTED))


def kept_in(cache: Path) -> list[Path]:
    return sorted(cache.rglob("grays._add_across-*.nbc"))


def wait_for(happened: Any) -> Any:
    end = time.monotonic() + SOON
    while not (found := happened()):
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)
    return found
