"""Errors of coded models on people left out: those of training on the others and looking at outputs."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.families.coded.model import CodedModel
from fesdist.families.common.fit import Fit
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.common.validation import Judgement
from fesdist.ground.colour import Colour
from fesdist.ground.tiles import Padding, Region, TileGrid
from fesdist.registry import (
    BilinearKernelReducedRank,
    KernelReducedRank,
    PrincipalComponents,
    RidgeRegression,
    StyleAndContent,
)
from tests.fesdist.families.coded.problems import train_coded
from tests.fesdist.families.problems import random_images

SHAPE = (9, 14)
WITHIN = np.array([False, True, False, False, True, False, False, False])
REGIONS = Region(0, 9, 0, 14), Region(4, 7, 5, 9)


@pytest.mark.parametrize(
    ("colour", "channels"), [(Colour.SHARED, 3), (Colour.PER_CHANNEL, 3), (Colour.GRAY, 3), (Colour.GRAY, 1)]
)
@pytest.mark.parametrize(
    "model",
    [
        RidgeRegression(ridge=2.0),
        PrincipalComponents(rank=3),
        StyleAndContent(rank=3),
        KernelReducedRank(rank=3, ridge=0.1),
        BilinearKernelReducedRank(rank=3, ridge=0.1),
    ],
)
def test_errors_are_those_of_training_on_the_others(model: CodedModel, colour: Colour, channels: int) -> None:
    inputs = random_images((len(WITHIN), channels, *SHAPE))
    targets = {name: random_images(inputs.shape, seed) for seed, name in enumerate(("happy", "sad"), 1)}
    validation = type(model).cross_validation([model])
    folds, total = WITHIN.astype(np.int64), None
    for tile in TileGrid(SHAPE, (5, 14)):
        problem = TileProblem(tile, Padding(0, 0, 0, 0), channels, colour, tuple(targets))
        gathered = validation.gather(problem, np.dtype(np.uint8), 2)
        for block in (slice(0, 3), slice(3, None)):
            cut = {name: images[block, :, *tile.region.slices] for name, images in targets.items()}
            gathered.add(folds[block], Samples(inputs[block, :, *tile.region.slices], cut))
        found = validation.restore(gathered.found(Judgement(SHAPE, REGIONS)).arrays())
        total = found if total is None else total + found
    assert total is not None
    fit = Fit(SHAPE, channels, colour, "uint8", len(WITHIN), len(targets))
    errors = validation.errors(total, tuple(targets), fit, folds)
    assert errors.values.tolist() == [[people * channels * 126, people * channels * 12] for people in (6, 2)]
    others = {name: images[~WITHIN] for name, images in targets.items()}
    trained = train_coded(model, inputs[~WITHIN], others, colour=colour, held_out=inputs[WITHIN])
    for name, squared in zip(targets, errors.squared[1, 0], strict=True):
        arrays = trained[name]
        outputs = model.apply(arrays, arrays["held_out"], Padding(0, 0, 0, 0))
        difference = outputs - targets[name][WITHIN] / 255
        for number, region in enumerate(REGIONS):
            expected = np.sum(difference[..., *region.slices] ** 2)
            assert squared[number] == pytest.approx(expected, rel=1e-5)
