"""Timing that survives a shared machine: alternating turns, the best call of each turn, ratios within a turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from tests.benchmarks.rows import Spread

Clock = Callable[[], float]
"""Seconds since some moment."""

TURN_SECONDS = 0.3
"""A turn calls a fast function again until this has passed, and counts its best call."""


def best_of_turn(function: Callable[[], object], clock: Clock = time.perf_counter) -> float:
    """Return the seconds of the fastest call within one turn; a call longer than a turn is made once."""
    best, start = float("inf"), clock()
    while (called := clock()) - start < TURN_SECONDS:
        function()
        best = min(best, clock() - called)
    return best


def alternate(turns: int, *functions: Callable[[], object], clock: Clock = time.perf_counter) -> list[list[float]]:
    """Return for each function the seconds of its turns: first, second, ..., first, second, ...

    What else the machine does in the meantime then slows all of them alike.
    """
    rounds = [[best_of_turn(function, clock) for function in functions] for _ in range(turns)]
    return [list(seconds) for seconds in zip(*rounds, strict=True)]


def ratio(theirs: Sequence[float], ours: Sequence[float]) -> Spread:
    """Return how many times longer theirs took, turn by turn."""
    return Spread.of([their / our for their, our in zip(theirs, ours, strict=True)])
