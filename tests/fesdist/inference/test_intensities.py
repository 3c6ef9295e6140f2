"""Scales of intensity."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.ground.errors import ImageError
from fesdist.inference.intensities import Range, stretched, unit_scale

IMAGES = np.random.default_rng(0).uniform(0.2, 0.7, (2, 3, 5, 4)).astype(np.float32)


def test_unit_scale_divides_bytes_and_keeps_floats() -> None:
    assert unit_scale(np.array([0, 51, 255], np.uint8)).tolist() == pytest.approx([0, 0.2, 1])
    assert unit_scale(IMAGES) is IMAGES


def test_each_image_is_normalised_over_its_own_channels_and_pixels() -> None:
    normalised = Range.of(IMAGES).normalised(IMAGES)
    assert normalised.min(axis=(1, 2, 3)).tolist() == [0, 0]
    assert normalised.max(axis=(1, 2, 3)).tolist() == [1, 1]


def test_restoring_undoes_normalising() -> None:
    own = Range.of(IMAGES)
    np.testing.assert_allclose(own.restored(own.normalised(IMAGES)), IMAGES, atol=1e-6)


def test_an_image_without_contrast_cannot_be_normalised() -> None:
    flat = np.full((1, 1, 2, 2), 0.5, np.float32)
    with pytest.raises(ImageError, match=r"the same value everywhere; .* leave the image out"):
        Range.of(flat).normalised(flat)


def test_stretching_fills_the_range_and_keeps_flat_images() -> None:
    images = np.stack([IMAGES[0] * 3 - 1, np.full_like(IMAGES[0], 0.5)])
    made = stretched(images)
    assert (made[0].min(), made[0].max()) == (0, 1)
    assert np.array_equal(made[1], images[1])
