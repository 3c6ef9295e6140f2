"""Errors of masked regression on people left out, from sums: those of fitting the others and looking at the people."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.common.validation import Judgement
from fesdist.ground.colour import Colour, to_gray
from fesdist.ground.tiles import Region, Tile
from fesdist.registry import MaskedRegression, OrthogonalMatchingPursuit, PixelRidge
from tests.fesdist.families.windowed.designs import design_of

SHAPE = (9, 21)
REGION = Region(2, 8, 1, 20)
FOLDS = np.array([0, 2, 1, 0, 1, 2, 2])
EXPRESSIONS = ("happy", "sad")
Images = NDArray[np.uint8]


def _images(channels: int) -> tuple[Images, dict[str, Images]]:
    random = np.random.default_rng(3)
    inputs = random.integers(0, 256, (len(FOLDS), channels, *SHAPE), dtype=np.uint8)
    targets = {name: random.integers(0, 256, inputs.shape, dtype=np.uint8) for name in EXPRESSIONS}
    return inputs, targets


def _expected(
    model: MaskedRegression, colour: Colour, inputs: Images, targets: Images, fold: int, row: int, col: int
) -> float:
    """Fit on the people outside the fold, one set of weights after the other, and sum the errors of those within."""
    unit = [to_gray(inputs) / 255 if colour is Colour.GRAY else inputs / 255]
    unit.append(to_gray(targets) / 255 if colour is Colour.GRAY else targets / 255)
    channels = [[channel] for channel in range(unit[0].shape[1])]
    fits = [list(range(unit[0].shape[1]))] if colour is Colour.SHARED else channels
    error = 0.0
    for fit in fits:
        x, t = (images[fold != FOLDS][:, fit].reshape(-1, *SHAPE) for images in unit)
        design = design_of(model, x, row, col)
        gram = design.T @ design + model.ridge * np.eye(design.shape[1])
        weights = np.linalg.solve(gram, design.T @ t[:, row, col])
        judged = range(inputs.shape[1]) if colour is Colour.GRAY else fit
        x, t = (images[fold == FOLDS][:, judged].reshape(-1, *SHAPE) / 255 for images in (inputs, targets))
        error += float(np.sum((t[:, row, col] - design_of(model, x, row, col) @ weights) ** 2))
    return error


@pytest.mark.parametrize("row_step", [1, 3])
@pytest.mark.parametrize(
    ("colour", "channels"),
    [(Colour.SHARED, 3), (Colour.PER_CHANNEL, 3), (Colour.GRAY, 3), (Colour.GRAY, 1)],
)
def test_errors_are_those_of_fitting_the_others(colour: Colour, channels: int, row_step: int) -> None:
    candidates = [
        MaskedRegression.with_window(1, ridge=0.1),
        MaskedRegression.with_window(3, ridge=0.02),
        MaskedRegression.with_window(3, dilation=2, ridge=0.4),
        MaskedRegression.with_window(3, ridge=5.0),
    ]
    inputs, targets = _images(channels)
    validation = MaskedRegression.cross_validation(candidates)
    seen, padding = validation.inputs_of(REGION, SHAPE)
    problem = TileProblem(Tile(0, REGION), padding, channels, colour, EXPRESSIONS)
    gathered = validation.gather(problem, np.dtype(np.uint8), 3)
    for part in (slice(0, 4), slice(4, None)):
        cut = {name: images[part][..., *REGION.slices] for name, images in targets.items()}
        gathered.add(FOLDS[part], Samples(inputs[part][..., *seen.slices], cut))
    pixels = [(row, col) for row in range(2, 8) for col in (1, 7, 17, 19)]
    regions = tuple(Region(row, row + 1, col, col + 1) for row, col in pixels)
    found = gathered.found(Judgement(SHAPE, regions, row_step))
    assert found.squared.shape == (3, 4, 2, len(pixels))
    people = np.bincount(FOLDS)
    for number, (row, col) in enumerate(pixels):
        measured = row % row_step == 0
        assert found.values[:, number].tolist() == (people * channels * measured).tolist()
        for fold in range(3):
            for candidate, model in enumerate(candidates):
                for e, name in enumerate(EXPRESSIONS):
                    expected = _expected(model, colour, inputs, targets[name], fold, row, col) if measured else 0.0
                    assert found.squared[fold, candidate, e, number] == pytest.approx(expected, rel=1e-9)


def test_errors_of_cells_add_up_to_those_of_the_face() -> None:
    inputs, targets = _images(1)
    validation = MaskedRegression.cross_validation([MaskedRegression.with_window(3, ridge=r) for r in (0.1, 3.0)])
    seen, padding = validation.inputs_of(REGION, SHAPE)
    problem = TileProblem(Tile(0, REGION), padding, 1, Colour.GRAY, EXPRESSIONS)
    gathered = validation.gather(problem, np.dtype(np.uint8), 3)
    cut = {name: images[..., *REGION.slices] for name, images in targets.items()}
    gathered.add(FOLDS, Samples(inputs[..., *seen.slices], cut))
    found = gathered.found(Judgement(SHAPE, (Region(0, *SHAPE[:1], 0, SHAPE[1]),), in_cells=True))
    assert found.cells is not None
    np.testing.assert_allclose(found.cells.squared.sum(axis=(1, 2)), found.squared.sum(axis=(0, 2, 3)), rtol=1e-12)
    again = validation.restore(found.arrays())
    assert again.cells is not None
    assert np.array_equal(again.cells.squared, found.cells.squared)


def test_models_of_windows_are_judged_from_sums_at_each_place() -> None:
    for model in (MaskedRegression.with_window(3), PixelRidge()):
        validation = type(model).cross_validation([model])
        assert validation.by_place
    assert OrthogonalMatchingPursuit.cross_validation([OrthogonalMatchingPursuit()]) is None
