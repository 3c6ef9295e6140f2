"""Freed memory that a process keeps: tiles need the same pages at once, and new ones cost as much as computing."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

_LARGE = 1 << 30
_AT_THE_END = 1 << 26
"""Bytes, of which more than the process has asked for are taken from the system at a time."""

ENVIRONMENT = {
    "MALLOC_TRIM_THRESHOLD_": str(_LARGE),
    "MALLOC_MMAP_THRESHOLD_": str(_LARGE),
    "MALLOC_TOP_PAD_": str(_AT_THE_END),
    # One arena, as what a thread kept would be nobody else's.
    "MALLOC_ARENA_MAX": "1",
}
"""Of processes that are started to work here: what makes the C library of Linux keep memory."""

# Numbers of its options, from malloc.h, in the order of the variables.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8

_AFTERWARDS = ((_MMAP_THRESHOLD, 1 << 25), (_TRIM_THRESHOLD, 1 << 26), (_TOP_PAD, 1 << 17), (_ARENA_MAX, 0))
"""As a process has them that has freed a large array: the library adapts them until somebody says something."""

_running, _lock = 0, Lock()


@contextmanager
def memory_kept() -> Iterator[None]:
    """Have this process keep what is freed in the block, and give all of it back after; on Linux, else do nothing."""
    option = _mallopt()
    if option is None:
        yield
        return
    _change(option, 1)
    try:
        yield
    finally:
        _change(option, -1)


def _change(option: Callable[[int, int], int], by: int) -> None:
    global _running
    with _lock:
        _running += by
        if by > 0 and _running == 1:
            for number, value in (
                (_TRIM_THRESHOLD, _LARGE),
                (_MMAP_THRESHOLD, _LARGE),
                (_TOP_PAD, _AT_THE_END),
                (_ARENA_MAX, 1),
            ):
                option(number, value)
        elif _running == 0:
            for number, value in _AFTERWARDS:
                option(number, value)
            ctypes.CDLL(None).malloc_trim(0)


def _mallopt() -> Callable[[int, int], int] | None:
    try:
        library = ctypes.CDLL(None)
        library.malloc_trim  # noqa: B018  of the same library
        found: Callable[[int, int], int] = library.mallopt
    except (OSError, AttributeError, TypeError):
        return None
    return found
