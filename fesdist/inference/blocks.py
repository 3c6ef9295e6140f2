"""The threads that share a batch, and which of its images one of them takes at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

_CACHED_VALUES = 3 << 18
"""Values (samples x channels x rows x columns) of a block whose outputs are gone through again: few enough to stay in a
cache, and enough that weights, which come from the last cache each time, are not most of what is read."""

_VALUES = 4 * _CACHED_VALUES
"""Of others: the more, the more seldom a thread waits for Python."""


def blocks_of(shape: tuple[int, ...], threads: int, *, once: bool = False) -> list[slice]:
    """Return blocks of images of a shape (sample, channel, row, col), none more than a thread's share.

    `once` says that each output is written once and not read again.
    """
    samples, channels, rows, cols = shape
    most = (_VALUES if once else _CACHED_VALUES) // (channels * rows * cols)
    step = max(1, min(most, -(-samples // threads)))
    return [slice(start, min(start + step, samples)) for start in range(0, samples, step)]


class Threads:
    """A number of threads, which begin when they are needed; several threads may hand them work."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._pools: dict[int, ThreadPoolExecutor] = {}

    def map(self, work: Callable[..., T], *items: Iterable[Any]) -> list[T]:
        """Return what `work` makes of the items, in their order; what it raises is raised here."""
        # By process: one that was forked has none of its parent's threads.
        if (process := os.getpid()) not in self._pools:
            self._pools = {process: ThreadPoolExecutor(self.number)}
        return list(self._pools[process].map(work, *items))
