"""Freed memory that a process keeps while it trains, and gives back after."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fesdist.cluster import keeping
from fesdist.cluster.keeping import memory_kept

MIB = 1 << 20
PAGE = os.sysconf("SC_PAGE_SIZE")


def _faults() -> int:
    """Return how many fresh pages it took to fill and free 200 MiB four times."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(4):
        np.ones(200 * MIB, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def _check() -> None:
    """Run in a process of its own, as what others have allocated there might lie in the way."""
    before = _resident()
    with memory_kept():
        first = _faults()
        with memory_kept():
            again = _faults()
        still = _faults()
        kept = _resident() - before
    after = _resident() - before
    assert again + still < first / 4, (first, again, still)
    assert kept > 190 * MIB, kept
    assert after < 20 * MIB, after


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks the C library of Linux")
@pytest.mark.skipif(keeping._mallopt() is None, reason="this C library has no mallopt")
def test_what_is_freed_is_used_again_and_given_back_at_the_end() -> None:
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_mallopt", lambda: None)
    with memory_kept():
        assert keeping._running == 0


@pytest.mark.parametrize("error", [OSError, AttributeError, TypeError])
def test_a_library_without_it_is_no_trouble(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: None) -> None:
        raise error

    monkeypatch.setattr("ctypes.CDLL", fail)
    assert keeping._mallopt() is None


if __name__ == "__main__":
    _check()
