"""Samples are kept pixel by pixel as they came, and refused where sums are needed."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.sparse.kernels.atoms import product
from fesdist.families.sparse.samples import MOST_VALUES, KeptSamples
from fesdist.ground.colour import Colour, to_gray
from fesdist.ground.tiles import Padding, Region, Tile
from tests.fesdist.families.problems import random_images

TILE = Tile(0, Region(1, 4, 2, 7))


@pytest.mark.parametrize("colour", list(Colour))
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_samples_lie_pixel_by_pixel_in_whole_registers(colour: Colour, dtype: str) -> None:
    inputs = random_images((19, 3, 5, 8)).astype(dtype)
    targets = random_images((19, 3, *TILE.region.shape), 1).astype(dtype)
    kept = KeptSamples(TileProblem(TILE, Padding(0, 0, 0, 0), 3, colour, ("sad",)), inputs.dtype)
    for block in (slice(0, 4), slice(4, 19)):
        kept.add(Samples(inputs[block], {"sad": targets[block]}))
    for number in range(colour.weight_channels(3)):
        for found, images in zip((kept.inputs(number), *kept.targets(number)), (inputs, targets), strict=True):
            of_set = to_gray(images) if colour is Colour.GRAY else images
            of_set = of_set[:, [number]] if colour is Colour.PER_CHANNEL else of_set
            expected = of_set.reshape(*of_set.shape[:2], -1).transpose(1, 2, 0)
            assert found.dtype == dtype
            assert found.shape == (*expected.shape[:2], 32)
            assert np.array_equal(found[..., :19], expected)
            assert not found[..., 19:].any()
    own = inputs[..., *TILE.region.slices].astype(float)
    np.testing.assert_allclose(kept.differences[0], (targets.astype(float) - own).sum(axis=0))


def test_no_more_samples_are_taken_than_sums_can_hold() -> None:
    white = np.full((MOST_VALUES, 1, 1, 1), 255, np.uint8)
    pixel = Tile(0, Region(0, 1, 0, 1))
    kept = KeptSamples(TileProblem(pixel, Padding(0, 0, 0, 0), 1, Colour.SHARED, ("sad",)), white.dtype)
    kept.add(Samples(white, {"sad": white}))
    inputs, (targets,) = kept.inputs(0), kept.targets(0)
    lines = inputs.reshape(-1), 0, 1, targets.reshape(-1), 0, 1
    assert product(*lines, (1, inputs.shape[2])) == 255**2 * MOST_VALUES
    with pytest.raises(ValueError, match=f"{MOST_VALUES + 1} samples; sums of 32 bits hold {MOST_VALUES}"):
        kept.add(Samples(white[:1], {"sad": white[:1]}))
