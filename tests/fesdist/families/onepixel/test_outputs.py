"""Outputs of Pixel-KR are looked up in the tables of their pixels, on a line between two intensities."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.ground.tiles import Padding, Region
from fesdist.registry import PixelKernelRidge
from tests.fesdist.families.problems import random_images

SHAPE = (3, 19)
NO_PADDING = Padding(0, 0, 0, 0)


@pytest.mark.parametrize("sets", [1, 3])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_outputs_are_looked_up(sets: int, dtype: str) -> None:
    tables = np.random.default_rng(0).normal(size=(sets, 256, *SHAPE))
    images = random_images((5, 3, *SHAPE))
    shown = images if dtype == "uint8" else (images / 255).astype(dtype)
    shown.flags.writeable = False
    outputs = PixelKernelRidge().apply({"outputs": tables}, shown, NO_PADDING)
    assert outputs.dtype == np.float32
    rows, cols = np.indices(SHAPE)
    for channel in range(3):
        expected = tables[channel if sets == 3 else 0][images[:, channel], rows, cols]
        np.testing.assert_allclose(outputs[:, channel], expected, atol=1e-6 if dtype == "uint8" else 1e-3)


def test_between_two_intensities_outputs_lie_on_a_line() -> None:
    tables = np.zeros((1, 256, 1, 4))
    tables[0, :, 0] = np.arange(256)[:, None] ** 2
    images = np.array([-0.5, 10.25 / 255, 254.5 / 255, 1.5]).reshape(1, 1, 1, 4)
    outputs = PixelKernelRidge().apply({"outputs": tables}, images, NO_PADDING)
    np.testing.assert_allclose(outputs.ravel(), [0, 100 + 0.25 * 21, (254**2 + 255**2) / 2, 255**2], rtol=1e-6)


def test_a_pixel_that_is_no_number_has_an_output_that_is_none() -> None:
    tables, images = np.ones((1, 256, 1, 3)), np.array([0.5, np.nan, np.inf]).reshape(1, 1, 1, 3)
    outputs = PixelKernelRidge().apply({"outputs": tables}, images, NO_PADDING)
    np.testing.assert_array_equal(outputs.ravel(), [1, np.nan, 1])


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_a_part_of_the_outputs_has_the_bits_of_the_whole(dtype: str) -> None:
    model, region = PixelKernelRidge(), Region(1, 3, 2, 18)
    arrays = {"outputs": np.random.default_rng(0).normal(size=(1, 256, *SHAPE))}
    images = random_images((5, 3, *SHAPE)) if dtype == "uint8" else random_images((5, 3, *SHAPE)) / 255
    seen, padding = model.inputs_of(region, SHAPE)
    part = {"outputs": arrays["outputs"][..., *region.slices]}
    outputs = model.apply(part, images[:, :, *seen.slices], padding)
    assert np.array_equal(outputs, model.apply(arrays, images, NO_PADDING)[..., *region.slices])


def test_outputs_that_do_not_fit_are_refused() -> None:
    images = random_images((1, 3, *SHAPE))
    with pytest.raises(ValueError, match=r"inputs of shape \(1, 3, 3, 19\); expected \(3, 18\) rows and columns"):
        PixelKernelRidge().apply({"outputs": np.ones((1, 256, 3, 18))}, images, NO_PADDING)
    with pytest.raises(ValueError, match="2 sets of weights for images with 3 channels; expected 1 or 3"):
        PixelKernelRidge().apply({"outputs": np.ones((2, 256, *SHAPE))}, images, NO_PADDING)


def test_prepared_arrays_are_used_as_they_are() -> None:
    prepared = PixelKernelRidge().prepare({"outputs": np.ones((1, 256, *SHAPE)), "alpha": np.ones(3)})
    assert set(prepared) == {"outputs"}
    assert PixelKernelRidge().prepare(prepared)["outputs"] is prepared["outputs"]
