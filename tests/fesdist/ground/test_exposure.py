"""How bright faces are and with what contrast, of images as a whole and in bands, and what becomes of both."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.ground.exposure import Exposure, LightMeter, face_area, light_of

SHAPE = (3, 50, 37)
IMAGES = np.random.default_rng(0).integers(0, 256, (4, *SHAPE), dtype=np.uint8)


def test_the_light_is_mean_and_deviation_over_the_face() -> None:
    # Of 50 rows 3/16 are 9.4, 14/16 are 43.8; of 37 columns 3/16 are 6.9, 13/16 are 30.1.
    faces = [image[:, 9:43, 6:30] / 255.0 for image in IMAGES]
    expected = [float(np.mean(face)) for face in faces], [float(np.std(face.mean(axis=0))) for face in faces]
    np.testing.assert_allclose(light_of(IMAGES), expected, rtol=1e-12)
    np.testing.assert_allclose(light_of(IMAGES / 255), expected, rtol=1e-12)
    np.testing.assert_allclose(light_of((IMAGES / 255).astype(np.float32)), expected, rtol=1e-6)


@pytest.mark.parametrize("images", [IMAGES, IMAGES / 255], ids=["uint8", "float"])
@pytest.mark.parametrize("height", [1, 7, 16, 50])
def test_bands_have_the_light_of_the_whole(images: np.ndarray, height: int) -> None:
    for image, whole in zip(images, np.transpose(light_of(images)), strict=True):
        meter = LightMeter(SHAPE[1:])
        bands = [image[:, row : row + height] for row in range(0, SHAPE[1], height)]
        assert all(passed is band for passed, band in zip(meter.passing(bands), bands, strict=True))
        assert (meter.brightness, meter.contrast) == pytest.approx(tuple(whole), rel=1e-12)


def test_of_a_tall_image_some_rows_are_looked_at() -> None:
    tall = np.random.default_rng(1).integers(0, 256, (1, 1, 330, 16), dtype=np.uint8)
    # A 64th of 330 rows is 5; 3/16 are 61.9, 14/16 are 288.8.
    expected = np.mean([tall[0, 0, row, 3:13] / 255.0 for row in range(61, 288, 5)])
    np.testing.assert_allclose(light_of(tall).brightness, expected, rtol=1e-12)
    meter = LightMeter((330, 16))
    assert len(list(meter.passing([tall[0, :, :100], tall[0, :, 100:103], tall[0, :, 103:]]))) == 3
    np.testing.assert_allclose(meter.brightness, expected, rtol=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (16, 16)])
def test_the_smallest_images_have_a_face(shape: tuple[int, int]) -> None:
    rows, cols = face_area(shape)
    assert 0 <= rows.start < rows.stop <= shape[0]
    assert 0 <= cols.start < cols.stop <= shape[1]


def test_a_quarter_may_be_darker_than_is_usual_and_have_less_contrast() -> None:
    contrast = [0.1, 0.25, 0.15, 0.3, 0.2]
    assert Exposure.of([0.5, 0.1, 0.4, 0.2, 0.3], contrast) == Exposure(5, 0.2, 0.15)


def test_where_contrast_is_unknown_only_what_is_darker_is_made_brighter() -> None:
    images = np.stack([np.full((3, 16, 16), gray, np.uint8) for gray in (0, 51, 102, 204)])
    # 0.4 of the whole range is 102; what is black is taken for what is nearly so.
    relighting = Exposure(9, 0.4).relighting(images)
    assert relighting.scale == pytest.approx([0.4 * 1024, 2, 1, 1])
    assert not relighting.shift.any()
    assert relighting.lit.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("low", "high", "scale", "shift"),
    [
        (0.3, 0.7, 1, 0),  # as usual
        (0.4, 0.6, 1.5, -0.25),  # haze: its contrast of 0.1 becomes 0.15, around its own brightness
        (0.0, 1.0, 1, 0),  # harsh: a shadow, most likely, and no less of a face
        (0.05, 0.25, 0.4 / 0.15, 0),  # dark, and nothing else: its contrast of 0.1 becomes 0.267
        (0.1, 0.2, 3, 0.4 - 3 * 0.15),  # dark: its contrast of 0.05 would become 0.133, less than is usual
        (0.1, 0.6, 0.4 / 0.35, 0),  # a little dark
        (0.5, 0.5, 0.15 * 1024, 0.5 - 0.5 * 0.15 * 1024),  # nothing to be seen
    ],
)
def test_an_unusual_light_becomes_a_usual_one(low: float, high: float, scale: float, shift: float) -> None:
    image = np.full((1, 3, 16, 16), low)
    image[..., ::2] = high
    relighting = Exposure(9, 0.4, 0.15).relighting(image)
    assert relighting.scale[0] == pytest.approx(scale)
    assert relighting.shift[0] == pytest.approx(shift, abs=1e-5)
    assert relighting.lit.size == (scale != 1 or shift != 0)
