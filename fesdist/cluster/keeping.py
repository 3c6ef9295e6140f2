"""Freed memory that a process keeps: the next tile needs the same pages, and new ones cost as much as computing."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import NamedTuple

_LARGE = 1 << 30
_AT_THE_END = 1 << 26
"""Bytes, of which more than the process has asked for are taken from the system at a time."""


class _Option(NamedTuple):
    """An option of the C library of Linux."""

    number: int
    """Its own, from malloc.h."""
    kept: int
    """What makes the library keep freed memory."""
    afterwards: int
    """As in a process that has freed a large array: the library adapts its options until somebody says something."""


_OPTIONS = {
    "MALLOC_TRIM_THRESHOLD_": _Option(-1, _LARGE, 1 << 26),
    "MALLOC_MMAP_THRESHOLD_": _Option(-3, _LARGE, 1 << 25),
    "MALLOC_TOP_PAD_": _Option(-2, _AT_THE_END, 1 << 17),
    # One arena, as what a thread kept would be nobody else's.
    "MALLOC_ARENA_MAX": _Option(-8, 1, 0),
}
"""By the variables that set them."""

ENVIRONMENT = {variable: str(option.kept) for variable, option in _OPTIONS.items()}
"""Of processes that are started to work here."""

_running, _lock = 0, Lock()


@contextmanager
def memory_kept() -> Iterator[None]:
    """Have this process keep what is freed in the block, and give all of it back after; on Linux, else do nothing."""
    mallopt = _mallopt()
    if mallopt is None:
        yield
        return
    _change(mallopt, 1)
    try:
        yield
    finally:
        _change(mallopt, -1)


def _change(mallopt: Callable[[int, int], int], by: int) -> None:
    global _running
    with _lock:
        _running += by
        if by > 0 and _running == 1:
            for each in _OPTIONS.values():
                mallopt(each.number, each.kept)
        elif _running == 0:
            for each in _OPTIONS.values():
                mallopt(each.number, each.afterwards)
            ctypes.CDLL(None).malloc_trim(0)


def _mallopt() -> Callable[[int, int], int] | None:
    try:
        library = ctypes.CDLL(None)
        library.malloc_trim  # noqa: B018  of the same library
        found: Callable[[int, int], int] = library.mallopt
    except (OSError, AttributeError, TypeError):
        return None
    return found
