"""Ours and a peer take turns at the same task; whatever a row of this kind needs beside names and numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.benchmarks.bench import Bench
from tests.benchmarks.limits import THREADS, Work
from tests.benchmarks.rows import Row, Spread, Target
from tests.benchmarks.timing import alternate, ratio


@dataclass(frozen=True)
class Versus:
    """A task, done by us and by a peer."""

    name: str
    what: str
    work: Work
    """The least that must be done, however it is programmed."""
    n_pixels: int
    """Output pixels of the task."""
    threads: int = THREADS
    """Threads of ours; the bound is that of as many cores."""
    share: float = 1.0
    """Part of the task that the peer does when it is called: the rest would take as long a pixel."""

    def row(
        self,
        bench: Bench,
        ours: Callable[[], object],
        peer: Callable[[], object] | None,
        *,
        target: Callable[[float], Target],
        difference: float | None = None,
    ) -> Row:
        """Measure both, or ours alone where the peer is absent; `target` is given how many times longer it takes."""
        timed = alternate(bench.turns, ours) if peer is None else alternate(bench.turns, ours, peer)
        seconds = Spread.of(timed[0])
        times = None if peer is None else ratio([theirs / self.share for theirs in timed[1]], timed[0])
        kind, least = self.work.bound(bench.limits, self.threads)
        return Row(
            name=self.name,
            what=self.what,
            seconds=seconds,
            rate=f"{1e6 * seconds.median / self.n_pixels:.3g} µs/pixel",
            bound=kind,
            of_bound=least / seconds.median,
            ratio=times,
            difference=difference,
            target=None if times is None else target(times.median),
        )

    @staticmethod
    def faster(times: float, than: str) -> Callable[[float], Target]:
        """Return the promise to be at least so many times faster."""
        return lambda measured: Target(f"{times:,g} x {than}", measured, times)


def spread_pixels(n_pixels: int, n: int) -> list[int]:
    """Return `n` of the pixels 0, 1, ..., evenly spread."""
    return [int(pixel) for pixel in np.linspace(0, n_pixels - 1, min(n, n_pixels)).astype(np.int64)]
