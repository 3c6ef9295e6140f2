"""What a tile needs is what the plan was told: never more, and not much less."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fesdist.families.common.fit import Fit
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.validation import Judgement
from fesdist.ground.colour import Colour
from fesdist.ground.tiles import Region, Tile
from fesdist.registry import MaskedRegression, PixelRidge
from tests.fesdist.families.measured import black_samples, peak, projected_and_measured, with_folds


@pytest.mark.parametrize("colour", list(Colour))
@pytest.mark.parametrize(
    ("window", "n_expressions", "n_block", "dtype"),
    [(3, 1, 64, "uint8"), (5, 3, 16, "uint8"), (9, 1, 8, "uint8"), (1, 1, 200, "uint8"), (3, 2, 80, "float64")],
)
def test_measured_is_at_most_projected(
    colour: Colour, window: int, n_expressions: int, n_block: int, dtype: str
) -> None:
    fit = Fit((80, 80), 3, colour, dtype, 2 * n_block, n_expressions)
    model, region = MaskedRegression.with_window(window), Region(10, 74, 10, 58)
    projected, measured = projected_and_measured(model, fit, region, n_block)
    assert projected / 1.5 < measured <= projected


@pytest.mark.parametrize(("window", "n_expressions", "n_block"), [(3, 1, 64), (3, 3, 16), (5, 1, 16), (3, 1, 8)])
def test_large_tiles_are_projected_closely(window: int, n_expressions: int, n_block: int) -> None:
    fit = Fit((512, 600), 3, Colour.SHARED, "uint8", n_block, n_expressions)
    model, region = MaskedRegression.with_window(window), Region(0, 512, 10, 522)
    projected, measured = projected_and_measured(model, fit, region, n_block)
    assert projected / 1.5 < measured <= projected


@pytest.mark.parametrize(("colour", "dtype"), [(Colour.SHARED, "uint8"), (Colour.PER_CHANNEL, "float64")])
@pytest.mark.parametrize("n_expressions", [1, 3])
@pytest.mark.parametrize(("window", "pool"), [(1, 0), (3, 0), (3, 2), (5, 0), (9, 0), (9, 1)])
def test_people_are_left_out_of_sums_in_what_was_projected(
    window: int, pool: int, n_expressions: int, colour: Colour, dtype: str
) -> None:
    fit = Fit((80, 90), 3, colour, dtype, 20, n_expressions)
    model = replace(MaskedRegression.with_window(window), pool=pool)
    projected, measured = with_folds(model, fit, Region(8, 72, 0, 64), 3)
    assert projected / 1.5 < measured <= projected


def test_people_are_left_out_of_fields_without_the_pixel_itself_in_what_was_projected() -> None:
    around = tuple((row, col) for row in range(-4, 5) for col in range(-4, 5) if row or col)
    projected, measured = with_folds(
        MaskedRegression(around), Fit((80, 90), 3, Colour.SHARED, "uint8", 20, 1), Region(8, 72, 0, 64), 3
    )
    assert projected / 1.5 < measured <= projected


def test_a_map_of_ridges_takes_no_more() -> None:
    fit = Fit((70, 70), 3, Colour.SHARED, "uint8", 16, 2)
    model = PixelRidge(ridge=tuple(tuple(0.1 + row + col for col in range(16)) for row in range(16)))
    projected, measured = projected_and_measured(model, fit, Region(0, 70, 0, 70), 16)
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
            folds.add(np.arange(n_block) % n_folds, black_samples(fit, region, region, n_block))
        folds.found(Judgement(region.shape, (region,), in_cells=True))

    work()
    assert projected / 2 < peak(work) <= projected


@pytest.mark.parametrize("colour", list(Colour))
@pytest.mark.parametrize(
    ("window", "pool", "n_expressions", "of_fold", "cols"),
    [(3, 0, 1, (9, 9, 8), 200), (5, 2, 3, (40, 40), 70), (7, 0, 2, (6, 6, 6, 6, 5), 40), (3, 1, 1, (300, 300), 500)],
)
def test_people_are_left_out_in_what_was_projected(
    colour: Colour, window: int, pool: int, n_expressions: int, of_fold: tuple[int, ...], cols: int
) -> None:
    model = replace(MaskedRegression.with_window(window), pool=pool)
    n_samples, region, shape = sum(of_fold), Region(8, 16, 10, 10 + cols), (40, cols + 20)
    fit = Fit(shape, 3, colour, "uint8", n_samples, n_expressions)
    targets = model.targets_of(region, shape)
    inputs, padding = model.inputs_of(targets, shape)
    problem = TileProblem(Tile(0, region), padding, 3, colour, ("a", "b", "c")[:n_expressions], {}, shape)
    samples = black_samples(fit, inputs, targets, n_samples)
    found = 2 * n_expressions * fit.weight_channels * 2 * cols * 8
    projected = sum(part.nbytes for part in model.evidence_memory(fit, region.shape, n_samples, len(of_fold))) + found

    def work() -> None:
        model.evidence_of_samples(problem, samples, of_fold, 4)

    work()
    assert projected / 1.5 < peak(work) <= projected
