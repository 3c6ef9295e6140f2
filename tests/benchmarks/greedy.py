"""OMP and LSRF on faces, one core each: against the authors' loops, and the cost of a pixel in large images."""

from __future__ import annotations

import numpy as np

from fesdist.families.common.layout import TileArrays
from fesdist.families.sparse.greedy import GreedyModel
from fesdist.families.sparse.lsrf import LocalSparseReceptiveFields
from fesdist.families.sparse.omp import OrthogonalMatchingPursuit
from tests.benchmarks.bench import Bench
from tests.benchmarks.faces import Faces, faces
from tests.benchmarks.in_memory import fit_whole
from tests.benchmarks.limits import Work
from tests.benchmarks.literal import Greedy, LiteralLoop
from tests.benchmarks.rows import Row, Target
from tests.benchmarks.versus import Versus, spread_pixels

OMP_FASTER = 300
LSRF_FASTER = 5_000
EQUAL_COST = 3.0

BORDER = 2
"""The authors' code has another field than the paper less than this from the border."""


def omp_against_loop(bench: Bench, *, n_nonzero: int, side: int, n_samples: int, n_pixels: int) -> Row:
    """Fit OMP to colour images; the peer fits `n_pixels` of the pixels."""
    model, shown = OrthogonalMatchingPursuit(n_nonzero), faces(n_samples, side)
    values, pixels = shown.inputs[:, :, 0, 0].size, side * side
    return _against_loop(
        bench,
        model,
        shown,
        n_pixels,
        # Scores after the first pick follow from those before and from the Gram matrix.
        work=Work(float32_flops=2.0 * values * pixels**2, memory_bytes=2.0 * values * pixels),
        bound="all targets with all inputs as one float32 matrix product on one core",
        faster=OMP_FASTER,
    )


def lsrf_against_loop(bench: Bench, *, n_nonzero: int, side: int, n_samples: int, n_pixels: int) -> Row:
    """Fit LSRF to colour images; the peer fits `n_pixels` of the pixels."""
    model, shown = LocalSparseReceptiveFields(n_nonzero), faces(n_samples, side)
    return _against_loop(bench, model, shown, n_pixels, _refit_work(model, shown), _REFITS, LSRF_FASTER)


def lsrf_cost_of_a_pixel(bench: Bench, *, n_nonzero: int, small: int, large: int, n_samples: int) -> Row:
    """Fit LSRF to large images; the peer is as many pixels of small ones (`small` divides `large`)."""
    model, few, many = LocalSparseReceptiveFields(n_nonzero), faces(n_samples, small), faces(n_samples, large)
    fits = (large // small) ** 2

    def fit_small() -> None:
        for _ in range(fits):
            fit_whole(model, few.pairs)

    return Versus(
        name=f"LSRF F={n_nonzero}, a pixel at {large} and at {small}",
        what=f"{many.source}, colour shared, one core; peer: {fits} fits of {small} x {small}, as many pixels in all; "
        f"bound: {_REFITS}",
        work=_refit_work(model, many),
        n_pixels=large**2,
        threads=1,
    ).row(
        bench,
        lambda: fit_whole(model, many.pairs),
        fit_small,
        target=lambda times: Target(f"≤ {EQUAL_COST:g} x as much", 1 / times, EQUAL_COST, at_least=False),
    )


_REFITS = "fits to the pixels picked and their residuals as float64 matrix products on one core, images read"


def _refit_work(model: GreedyModel, shown: Faces) -> Work:
    """Return the least work that knows which pixels to pick: scores, Gram entries, residuals of these alone."""
    samples, channels, rows, cols = shown.inputs.shape
    taps = model.n_nonzero
    products = taps + taps * (taps + 3) / 2 + taps
    return Work(float64_flops=2.0 * products * samples * channels * rows * cols, memory_bytes=2.0 * shown.inputs.size)


def _against_loop(
    bench: Bench, model: GreedyModel, shown: Faces, n_pixels: int, work: Work, bound: str, faster: int
) -> Row:
    _, _, rows, cols = shown.inputs.shape
    chosen = spread_pixels(rows * cols, n_pixels)
    loop = LiteralLoop(*shown.pairs, model.n_nonzero, model.ridge, getattr(model, "locality", 0.0))
    return Versus(
        name=f"{model.name.upper()} F={model.n_nonzero} RGB {rows}, {len(shown.inputs)} pairs",
        what=f"{shown.source}, colour shared, one core; peer: the authors' loop, literally, for {len(chosen)} of "
        f"{rows * cols:,} pixels, evenly spread; bound: {bound}",
        work=work,
        n_pixels=rows * cols,
        threads=1,
        share=len(chosen) / (rows * cols),
    ).row(
        bench,
        lambda: fit_whole(model, shown.pairs),
        lambda: loop.fit(chosen),
        target=Versus.faster(faster, "the literal loop"),
        difference=_difference(fit_whole(model, shown.pairs), chosen, loop.fit(chosen)),
    )


def _difference(arrays: TileArrays, chosen: list[int], theirs: list[Greedy]) -> float:
    """Return the largest difference of weights; infinite if another pixel was picked, but near the border."""
    rows, cols = arrays["support"].shape[-2:]
    largest = 0.0
    for pixel, their in zip(chosen, theirs, strict=True):
        row, col = divmod(pixel, cols)
        if min(row, col, rows - 1 - row, cols - 1 - col) < BORDER:
            continue
        if arrays["support"][0, :, row, col].tolist() != their.support:
            return float("inf")
        ours = np.append(arrays["values"][0, :, row, col], arrays["bias"][0, row, col])
        largest = max(largest, float(np.abs(ours - their.weights).max()))
    return largest
