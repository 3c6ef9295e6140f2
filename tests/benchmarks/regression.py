"""Whole MR fits in memory, on two threads: against the papers' loop, against batched numpy, and against themselves."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from fesdist.registry import MaskedRegression
from tests.benchmarks.bench import Bench, random_pairs
from tests.benchmarks.in_memory import fit, fit_work, room_for_fit
from tests.benchmarks.peers import Floats, batched_solve, pixel_loop, unit_planes
from tests.benchmarks.rows import Row, Target
from tests.benchmarks.versus import Versus

TILE = 64
"""Side of a tile: one chunk of weights, and small enough for its sums to stay in the caches."""

EQUAL_COST = 1.2

BOUND = "bound: planes as float32, systems as float64 matrix products on two cores"


@dataclass(frozen=True)
class Rival:
    """A way to fit MR without us."""

    name: str
    what: str
    solve: Callable[[Floats, Floats, int, float, ThreadPoolExecutor], Floats]
    slower: float
    """Times that we are to be faster."""


LOOP = Rival(
    "the loop",
    "X.T @ X and numpy.linalg.solve for each pixel, on float64 images that are ready",
    lambda padded, targets, size, ridge, _: pixel_loop(padded, targets, size, ridge),
    60,
)
BATCHED = Rival(
    "numpy",
    "windows gathered by stride tricks, batched matmul and numpy.linalg.solve in float64 on the same two threads",
    batched_solve,
    20,
)


def against(bench: Bench, *, rival: Rival, size: int, side: int, n_samples: int, channels: int) -> Row:
    """Fit MR on gray images (one channel), or with shared colour on those with three."""
    model = MaskedRegression.with_window(size)
    inputs, targets = random_pairs(n_samples, channels, side)
    padded, planes = unit_planes(inputs, size // 2), unit_planes(targets)

    def ours() -> Floats:
        return fit(model, (inputs, targets), TILE, bench.threads)

    def peer() -> Floats:
        return rival.solve(padded, planes, size, model.ridge, bench.threads)

    return Versus(
        name=f"MR {size}x{size} {'gray' if channels == 1 else 'RGB'} {side}, {n_samples} pairs",
        what=f"{'' if channels == 1 else 'colour shared; '}peer: {rival.what}; {BOUND}",
        work=fit_work(model, n_samples, channels, side * side),
        n_pixels=side * side,
    ).row(
        bench,
        ours,
        peer,
        target=Versus.faster(rival.slower, rival.name),
        difference=float(np.abs(ours() - peer()).max()),
    )


def cost_of_a_pixel(bench: Bench, *, size: int, small: int, large: int, n_samples: int) -> Row:
    """Fit MR on large colour images; the peer is as many pixels of small ones (`small` divides `large`)."""
    model = MaskedRegression.with_window(size)
    few, many = random_pairs(n_samples, 3, small), random_pairs(n_samples, 3, large)
    fits = (large // small) ** 2
    # Weights go to memory that is there: how fast the system clears new pages is not the question.
    for_few, for_many = room_for_fit(model, few), room_for_fit(model, many)

    def fit_small() -> None:
        for _ in range(fits):
            fit(model, few, TILE, bench.threads, for_few)

    return Versus(
        name=f"a pixel at {large} and at {small}",
        what=f"MR {size}x{size} RGB, {n_samples} pairs; peer: {fits} fits of {small} x {small}, as many pixels in all, "
        f"both into memory that is kept; {BOUND}",
        work=fit_work(model, n_samples, 3, large**2),
        n_pixels=large**2,
    ).row(
        bench,
        lambda: fit(model, many, TILE, bench.threads, for_many),
        fit_small,
        target=lambda times: Target("within 20%", 1 / times, EQUAL_COST, at_least=False),
    )
