"""Asking for memory changes nothing, wherever the address lies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import njit

from fesdist.simd import lanes, prefetching


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_prefetch_changes_nothing(dtype: Any) -> None:
    source = np.arange(200).astype(dtype)
    before = source.copy()
    njit(lambda source: prefetching.prefetch(source, 130))(source)
    assert np.array_equal(source, before)


def test_prefetch_to_write_changes_nothing() -> None:
    target = np.arange(200).astype(np.float32)
    before = target.copy()
    njit(lambda target: prefetching.prefetch_to_write(target, 190))(target)
    assert np.array_equal(target, before)


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
@pytest.mark.parametrize("index", [0, 190])
def test_prefetch_sums_changes_nothing(dtype: Any, index: int) -> None:
    sums = np.arange(200).astype(dtype)
    before = sums.copy()
    njit(lambda sums, at: prefetching.prefetch_sums(sums, at))(sums, index)
    assert np.array_equal(sums, before)


def test_every_primitive_has_a_test_here() -> None:
    text = Path(__file__).read_text()
    own = [name for name, value in vars(prefetching).items() if type(value) is type(lanes.load)]
    primitives = [name for name in own if getattr(lanes, name, None) is None]
    assert {"prefetch"} <= set(primitives)
    assert not [name for name in primitives if f"prefetching.{name}" not in text]
