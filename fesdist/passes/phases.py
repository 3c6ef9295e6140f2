"""Where the time of some work goes: seconds by phase, as a stopwatch beside a worker would tell them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

DECIMALS = 4


class Clock:
    """Adds up seconds by the name of a phase; phases do not lie within each other."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, phase: str) -> Iterator[None]:
        """Count the time in the block as that of a phase, also where it fails."""
        start = self._now()
        try:
            yield
        finally:
            self._seconds[phase] = self._seconds.get(phase, 0.0) + self._now() - start

    def over(self, phase: str, items: Iterable[T]) -> Iterator[T]:
        """Yield items, counting the time that it takes to get each."""
        waiting = iter(items)
        while True:
            with self(phase):
                try:
                    item = next(waiting)
                except StopIteration:
                    return
            yield item

    @property
    def seconds(self) -> dict[str, float]:
        """Return the seconds of each phase, in the order in which they came first."""
        return {phase: round(seconds, DECIMALS) for phase, seconds in self._seconds.items()}


def added(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the seconds of all parts together, by phase."""
    total: dict[str, float] = {}
    for part in parts:
        for phase, seconds in part.items():
            total[phase] = round(total.get(phase, 0.0) + seconds, DECIMALS)
    return total
