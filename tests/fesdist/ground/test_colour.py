"""Gray is Pillow's gray, to the bit, and colour modes know their number of weights."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from fesdist.ground.colour import Colour, to_gray


def test_gray_has_the_bits_of_pillow() -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    image[0, 0], image[0, 1] = 255, 0
    expected = np.asarray(Image.fromarray(image).convert("L"))
    gray = to_gray(image.transpose(2, 0, 1)[None])
    assert gray.dtype == np.uint8
    assert gray.shape == (1, 1, 64, 64)
    assert np.array_equal(gray[0, 0], expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_keep_their_type_and_white_stays_white(dtype: str) -> None:
    images = np.ones((2, 3, 4, 5), dtype)
    images[1, 1:] = 0
    gray = to_gray(images)
    assert gray.dtype == dtype
    assert gray.shape == (2, 1, 4, 5)
    np.testing.assert_allclose(gray[0], 1, rtol=1e-6)
    np.testing.assert_allclose(gray[1], 0.299, atol=1e-4)


def test_one_channel_passes_through() -> None:
    images = np.zeros((2, 1, 4, 5), np.uint8)
    assert to_gray(images) is images


@pytest.mark.parametrize(("colour", "sets"), [(Colour.PER_CHANNEL, 3), (Colour.SHARED, 1), (Colour.GRAY, 1)])
def test_weight_channels(colour: Colour, sets: int) -> None:
    assert colour.weight_channels(3) == sets
    assert colour.weight_channels(1) == 1
    assert Colour(str(colour)) is colour
