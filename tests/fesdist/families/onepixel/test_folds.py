"""Errors of one-pixel models on people left out, from sums: those of fitting the others and looking at the people."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.families.common.fit import Fit
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.common.sums import added
from fesdist.families.common.validation import Judgement
from fesdist.families.onepixel.functions import KERNELS, kernel_named
from fesdist.ground.colour import Colour, to_gray
from fesdist.ground.share import ended_by
from fesdist.ground.tiles import Padding, Region, Tile
from fesdist.registry import PixelKernelRidge
from tests.fesdist.families.measured import black_samples, peak
from tests.fesdist.families.problems import random_images

SHAPE, REGION = (5, 21), Region(1, 5, 2, 20)
FOLDS = np.array([0, 2, 1, 0, 1, 2, 2])
CANDIDATES = [PixelKernelRidge(kernel, ridge=ridge) for kernel in KERNELS for ridge in (0.05, 2.0)]


def expected(model: PixelKernelRidge, colour: Colour, inputs: np.ndarray, targets: np.ndarray, fold: int) -> float:
    """Solve for the coefficients of the people outside the fold, and sum the errors of those within; one pixel.

    `inputs` and `targets` are (sample, channel) uint8.
    """
    shape = {name: getattr(model, name) for name in ("sigma", "degree", "offset") if getattr(model, name) is not None}
    kernel = kernel_named(model.kernel, shape).matrix()
    x, t = ((to_gray(v[:, :, None, None])[:, :, 0, 0] if colour is Colour.GRAY else v) for v in (inputs, targets))
    channels = [[channel] for channel in range(x.shape[1])]
    error = 0.0
    for fit in [list(range(x.shape[1]))] if colour is Colour.SHARED else channels:
        known, wanted = x[fold != FOLDS][:, fit].ravel(), t[fold != FOLDS][:, fit].ravel() / 255
        coefficients = np.linalg.solve(kernel[np.ix_(known, known)] + model.ridge * np.eye(len(known)), wanted)
        judged = slice(None) if colour is Colour.GRAY else fit
        seen, true = inputs[fold == FOLDS][:, judged].ravel(), targets[fold == FOLDS][:, judged].ravel() / 255
        error += float(((true - kernel[np.ix_(seen, known)] @ coefficients) ** 2).sum())
    return error


@pytest.mark.parametrize("pool", [0, 1])
def test_whoever_ends_it_is_heeded_between_rows(pool: int) -> None:
    """As many features as intensities take seconds for 64 x 64 pixels."""
    model, heeded = PixelKernelRidge(sigma=1e-4, pool=pool), list[int]()
    images = random_images((len(FOLDS), 3, *SHAPE))
    whole, none = Tile(0, Region(0, SHAPE[0], 0, SHAPE[1])), Padding(0, 0, 0, 0)
    problem = TileProblem(whole, none, 3, Colour.PER_CHANNEL, ("happy",), image_shape=SHAPE)
    of_folds = [model.gather(problem, np.dtype(np.uint8)) for _ in range(3)]
    for fold, sums in enumerate(of_folds):
        sums.add(Samples(images[fold == FOLDS], {"happy": images[fold == FOLDS]}))
    with ended_by(lambda: heeded.append(1)):
        model.solve(added(of_folds))
        assert len(heeded) == 3 * SHAPE[0]
        heeded.clear()
        model.evidence(added(of_folds), of_folds, 1)
        assert len(heeded) == len(of_folds) * 3 * SHAPE[0]
        heeded.clear()
        validation = PixelKernelRidge.cross_validation([model, model])
        gathered = validation.gather(problem, np.dtype(np.uint8), 3)
        gathered.add(FOLDS, Samples(images, {"happy": images}))
        gathered.found(Judgement(SHAPE, (), 1))
        assert len(heeded) == 2 * len(of_folds) * 3 * SHAPE[0]


@pytest.mark.parametrize("row_step", [1, 3])
@pytest.mark.parametrize("colour", list(Colour))
def test_errors_are_those_of_fitting_the_others(colour: Colour, row_step: int) -> None:
    inputs = random_images((len(FOLDS), 3, *SHAPE))
    targets = {name: random_images(inputs.shape, seed) for seed, name in enumerate(("happy", "sad"), start=1)}
    validation = PixelKernelRidge.cross_validation(CANDIDATES)
    seen, padding = validation.inputs_of(REGION, SHAPE)
    problem = TileProblem(Tile(0, REGION), padding, 3, colour, tuple(targets))
    gathered = validation.gather(problem, np.dtype(np.uint8), 3)
    for part in (slice(0, 4), slice(4, None)):
        cut = {name: images[part][..., *REGION.slices] for name, images in targets.items()}
        gathered.add(FOLDS[part], Samples(inputs[part][..., *seen.slices], cut))
    pixels = [(3, 4), (3, 18)]
    regions = REGION, *(Region(row, row + 1, col, col + 1) for row, col in pixels)
    found = gathered.found(Judgement(SHAPE, regions, row_step))
    assert np.isfinite(found.squared).all()
    assert (found.values[:, 0] == 3 * 18 * (4 if row_step == 1 else 1) * np.bincount(FOLDS)).all()
    for fold, candidate, expression in np.ndindex(3, len(CANDIDATES), 2):
        images = targets[("happy", "sad")[expression]]
        for number, (row, col) in enumerate(pixels, start=1):
            error = expected(CANDIDATES[candidate], colour, inputs[..., row, col], images[..., row, col], fold)
            assert found.squared[fold, candidate, expression, number] == pytest.approx(error, rel=1e-9)


@pytest.mark.parametrize("colour", list(Colour))
def test_memory_is_projected(colour: Colour) -> None:
    fit, region = Fit((40, 48), 3, colour, "uint8", 24, 2), Region(0, 40, 0, 48)
    validation = PixelKernelRidge.cross_validation(CANDIDATES[:4])

    def work() -> None:
        folds = validation.gather(
            TileProblem(Tile(0, region), Padding(0, 0, 0, 0), 3, colour, ("a", "b")), np.dtype(np.uint8), 3
        )
        folds.add(np.arange(24) % 3, black_samples(fit, region, region, 24))
        folds.found(Judgement(region.shape, (region,), 8))

    work()
    assert validation.memory(fit, region.shape, 24, 3).nbytes / 1.5 < peak(work)
    assert peak(work) <= validation.memory(fit, region.shape, 24, 3).nbytes
