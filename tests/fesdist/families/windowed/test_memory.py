"""What a tile needs is what the plan was told: never more, and not much less."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from fesdist.families.common.fit import Fit
from fesdist.families.common.footprint import compared_at_once
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.common.validation import Judgement
from fesdist.ground.colour import Colour
from fesdist.ground.tiles import Region, Tile
from fesdist.registry import MaskedRegression, PixelRidge
from tests.fesdist.families.problems import random_images, train


@pytest.mark.parametrize("colour", list(Colour))
@pytest.mark.parametrize(
    ("window", "n_expressions", "n_block", "dtype"),
    [(3, 1, 64, "uint8"), (5, 3, 16, "uint8"), (9, 1, 8, "uint8"), (1, 1, 200, "uint8"), (3, 2, 80, "float64")],
)
def test_measured_is_at_most_projected(
    colour: Colour, window: int, n_expressions: int, n_block: int, dtype: str
) -> None:
    fit = Fit((80, 80), 3, colour, dtype, 2 * n_block, n_expressions)
    projected, measured = _compare(MaskedRegression.with_window(window), fit, Region(10, 74, 10, 58), n_block)
    assert projected / 1.5 < measured <= projected


@pytest.mark.parametrize(("window", "n_expressions", "n_block"), [(3, 1, 64), (3, 3, 16), (5, 1, 16), (3, 1, 8)])
def test_large_tiles_are_projected_closely(window: int, n_expressions: int, n_block: int) -> None:
    fit = Fit((512, 600), 3, Colour.SHARED, "uint8", n_block, n_expressions)
    projected, measured = _compare(MaskedRegression.with_window(window), fit, Region(0, 512, 10, 522), n_block)
    assert projected / 1.5 < measured <= projected


def test_a_map_of_ridges_takes_no_more() -> None:
    fit = Fit((70, 70), 3, Colour.SHARED, "uint8", 16, 2)
    model = PixelRidge(ridge=tuple(tuple(0.1 + row + col for col in range(16)) for row in range(16)))
    projected, measured = _compare(model, fit, Region(0, 70, 0, 70), 16)
    assert projected / 1.5 < measured <= projected


@pytest.mark.parametrize(
    ("colour", "dtype"), [(Colour.SHARED, "uint8"), (Colour.GRAY, "uint8"), (Colour.GRAY, "float64")]
)
@pytest.mark.parametrize("side", [48, 130])
def test_folds_are_projected_closely(colour: Colour, dtype: str, side: int) -> None:
    candidates = [MaskedRegression.with_window(size, ridge=ridge) for size in (1, 3, 5) for ridge in (0.1, 1.0)]
    validation, n_block, n_folds = MaskedRegression.cross_validation(candidates), 24, 3
    fit, region = Fit((side, side), 3, colour, dtype, n_block, 2), Region(0, side, 0, side)
    projected = validation.memory(fit, region.shape, n_block, n_folds).nbytes

    def work() -> None:
        _, padding = validation.inputs_of(region, region.shape)
        problem = TileProblem(Tile(0, region), padding, 3, colour, ("a", "b"))
        folds = validation.gather(problem, np.dtype(dtype), n_folds)
        for _ in range(2):
            folds.add(np.arange(n_block) % n_folds, _samples(fit, region, region, n_block))
        folds.found(Judgement(region.shape, (region,), in_cells=True))

    work()
    assert projected / 2 < _peak(work) <= projected


def _compare(model: MaskedRegression, fit: Fit, region: Region, n_block: int) -> tuple[int, int]:
    """Return the projected bytes of a tile, and the most that were alive while it was trained and measured."""
    names = ("a", "b", "c")[: fit.n_expressions]
    seen, padding = model.inputs_of(region, fit.image_shape)

    def work() -> None:
        problem = TileProblem(Tile(0, region), padding, 3, fit.colour, names, image_shape=fit.image_shape)
        sums = model.gather(problem, np.dtype(fit.dtype))
        for _ in range(2):
            sums.add(_samples(fit, seen, region, n_block))
        solved = model.solve(sums)
        del sums
        ready = {name: model.prepare(arrays) for name, arrays in solved.items()}
        samples, at_once = _samples(fit, seen, region, n_block), compared_at_once(3, region.shape)
        for name in (*names, names[0]):
            for start in range(0, n_block, at_once):
                part = slice(start, start + at_once)
                outputs = np.clip(model.apply(ready[name], samples.inputs[part], padding), 0, 1)
                targets, shown = (
                    images.astype(np.float32) / np.float32(255) if images.dtype == np.uint8 else images
                    for images in (samples.targets[name][part], samples.inputs[part][..., *region.within(seen)])
                )
                _ = (outputs - targets) ** 2, (shown - targets) ** 2

    small = random_images((2, 3, 16, 16)).astype(fit.dtype)
    train(model, small, {"compile": small}, colour=fit.colour)
    return model.memory(fit, region.shape, n_block).nbytes, _peak(work)


def _samples(fit: Fit, seen: Region, region: Region, n_block: int) -> Samples:
    """Return a block of black images."""
    targets = {name: np.zeros((n_block, 3, *region.shape), fit.dtype) for name in ("a", "b", "c")[: fit.n_expressions]}
    return Samples(np.zeros((n_block, 3, *seen.shape), fit.dtype), targets)


def _peak(work: Callable[[], None]) -> int:
    tracemalloc.start()
    work()
    _, measured = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return measured
