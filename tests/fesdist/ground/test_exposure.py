"""How bright faces are, of images as a whole and in bands, and how much brighter they have to be."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.ground.exposure import Exposure, LightMeter, brightness, face_area

SHAPE = (3, 50, 37)
IMAGES = np.random.default_rng(0).integers(0, 256, (4, *SHAPE), dtype=np.uint8)


def test_brightness_is_the_mean_over_the_face() -> None:
    # Of 50 rows 3/16 are 9.4, 14/16 are 43.8; of 37 columns 3/16 are 6.9, 13/16 are 30.1.
    expected = [float(np.mean(image[:, 9:43, 6:30] / 255.0)) for image in IMAGES]
    np.testing.assert_allclose(brightness(IMAGES), expected, rtol=1e-12)
    np.testing.assert_allclose(brightness(IMAGES / 255), expected, rtol=1e-12)
    np.testing.assert_allclose(brightness((IMAGES / 255).astype(np.float32)), expected, rtol=1e-6)


@pytest.mark.parametrize("images", [IMAGES, IMAGES / 255], ids=["uint8", "float"])
@pytest.mark.parametrize("height", [1, 7, 16, 50])
def test_bands_are_as_bright_as_the_whole(images: np.ndarray, height: int) -> None:
    for image, whole in zip(images, brightness(images), strict=True):
        meter = LightMeter(SHAPE[1:])
        bands = [image[:, row : row + height] for row in range(0, SHAPE[1], height)]
        assert all(passed is band for passed, band in zip(meter.passing(bands), bands, strict=True))
        assert meter.brightness == pytest.approx(whole, rel=1e-12)


def test_of_a_tall_image_some_rows_are_looked_at() -> None:
    tall = np.random.default_rng(1).integers(0, 256, (1, 1, 330, 16), dtype=np.uint8)
    # A 64th of 330 rows is 5; 3/16 are 61.9, 14/16 are 288.8.
    expected = np.mean([tall[0, 0, row, 3:13] / 255.0 for row in range(61, 288, 5)])
    np.testing.assert_allclose(brightness(tall), expected, rtol=1e-12)
    meter = LightMeter((330, 16))
    assert len(list(meter.passing([tall[0, :, :100], tall[0, :, 100:103], tall[0, :, 103:]]))) == 3
    np.testing.assert_allclose(meter.brightness, expected, rtol=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (16, 16)])
def test_the_smallest_images_have_a_face(shape: tuple[int, int]) -> None:
    rows, cols = face_area(shape)
    assert 0 <= rows.start < rows.stop <= shape[0]
    assert 0 <= cols.start < cols.stop <= shape[1]


def test_a_quarter_may_be_darker_than_is_usual() -> None:
    assert Exposure.of([0.5, 0.1, 0.4, 0.2, 0.3]) == Exposure(5, 0.2)


def test_only_what_is_darker_is_made_brighter() -> None:
    images = np.stack([np.full((3, 16, 16), gray, np.uint8) for gray in (0, 51, 102, 204)])
    # 0.4 of the whole range is 102; what is black is taken for what is nearly so.
    assert Exposure(9, 0.4).gains(images) == pytest.approx([0.4 * 1024, 2, 1, 1])
