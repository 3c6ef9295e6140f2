"""The photograph's fine detail stays outside the mouth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.ndimage import correlate1d

from fesdist.ground.tiles import Region
from fesdist.inference.blur import blurred
from fesdist.inference.detail import with_detail

IMAGES = np.random.default_rng(6).random((3, 2, 40, 70), np.float32)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 3.3])
def test_the_blur_is_a_gaussian(sigma: float) -> None:
    reach = math.ceil(3 * sigma)
    weights = [math.exp(-(k**2) / (2 * sigma**2)) for k in range(-reach, reach + 1)]
    expected = IMAGES.astype(np.float64)
    for axis in (-2, -1):
        expected = correlate1d(expected, np.array(weights) / sum(weights), axis, mode="nearest")
    np.testing.assert_allclose(blurred(IMAGES, sigma), expected, atol=1e-6)
    np.testing.assert_allclose(blurred(np.full((5, 6), 0.3, np.float32), sigma), 0.3, atol=1e-6)
    assert blurred(IMAGES[:0], sigma).shape == (0, 2, 40, 70)


def test_what_is_fine_is_the_photographs_and_what_is_coarse_the_models() -> None:
    side, mouth = 128, Region(80, 100, 40, 90)
    checked = np.indices((side, side)).sum(axis=0) % 2
    inputs = (0.4 + 0.1 * checked)[None, None].astype(np.float32)
    outputs = np.full_like(inputs, 0.65)
    made = with_detail(inputs, outputs, mouth)[0, 0]
    np.testing.assert_allclose(made[10:60, 10:110], 0.6 + 0.1 * checked[10:60, 10:110], atol=2e-3)
    np.testing.assert_allclose(made[88:92, 60:70], 0.65, atol=5e-3)
    np.testing.assert_array_equal(with_detail(inputs, inputs, mouth), inputs)
