"""Images moved: against a slow transcription in fractions, and the same bits in parts, mirrored and by whole pixels."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.ground.tiles import Region
from fesdist.shape.kernels import STEPS, WEIGHTS, cubic_weights, move_bytes
from fesdist.shape.many import BAND, FEWEST, TOGETHER
from fesdist.shape.warping import Displacement, interpolated, largest_reach
from tests.fesdist.shape.pictures import over_all, places, rough_displacement, smooth_displacement

SHAPE = (13, 17)


def _images(samples: int = 2, channels: int = 3, shape: tuple[int, int] = SHAPE) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (samples, channels, *shape), dtype=np.uint8)


def _keys(distance: Fraction) -> Fraction:
    """Keys 1981, the cubic convolution kernel, with a = -3/4."""
    a, x = Fraction(-3, 4), abs(distance)
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else Fraction(0)


def _slowly(plane: NDArray[np.uint8], down: int, right: int) -> Fraction:
    """Return the interpolation at a place in 64ths of a pixel, all neighbours weighted by their distance."""
    at = Fraction(down, STEPS), Fraction(right, STEPS)
    rows, cols = plane.shape
    total = Fraction(0)
    for row in range(math.floor(at[0]) - 2, math.floor(at[0]) + 4):
        for col in range(math.floor(at[1]) - 2, math.floor(at[1]) + 4):
            value = int(plane[min(max(row, 0), rows - 1), min(max(col, 0), cols - 1)])
            total += _keys(at[0] - row) * _keys(at[1] - col) * value
    return total


@pytest.fixture(scope="module")
def scattered() -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return places in and around the image, every fraction among them."""
    random = np.random.default_rng(2)
    down, right = (random.integers(-4 * STEPS, (side + 4) * STEPS, (8, 16)).astype(np.int32) for side in SHAPE)
    down[:4, :] = down[:4, :] // STEPS * STEPS + np.arange(STEPS).reshape(4, 16)
    right[4:, :] = right[4:, :] // STEPS * STEPS + np.arange(STEPS).reshape(4, 16)
    return down, right


def test_bytes_are_the_cubic_of_keys_rounded_to_the_nearest(
    scattered: tuple[NDArray[np.int32], NDArray[np.int32]],
) -> None:
    images = _images()
    # So that overshoot is cut as well.
    images[1] = np.where(images[1] > 127, 255, 0)
    made = interpolated(images, *scattered)
    for sample, channel in np.ndindex(2, 3):
        for place in np.ndindex(scattered[0].shape):
            exact = _slowly(images[sample, channel], int(scattered[0][place]), int(scattered[1][place]))
            expected = min(max(math.floor(exact + Fraction(1, 2)), 0), 255)
            assert made[sample, channel][place] == expected


@pytest.mark.parametrize("n_planes", [1, FEWEST - 1, FEWEST, TOGETHER, TOGETHER + 1, 2 * TOGETHER + FEWEST])
@pytest.mark.parametrize("rows", [1, BAND, BAND + 5])
def test_many_planes_have_the_bytes_that_each_has_alone(n_planes: int, rows: int) -> None:
    random = np.random.default_rng(n_planes)
    # Black and white, so that sums are as far from each other, and beyond what bytes can hold, as they ever are.
    planes = np.where(random.random((n_planes, 1, *SHAPE)) < 0.5, 0, 255).astype(np.uint8)
    planes[:, :, 4:] = random.integers(0, 256, planes[:, :, 4:].shape)
    down, right = (random.integers(-9 * STEPS, (side + 9) * STEPS, (rows, 40)).astype(np.int32) for side in SHAPE)
    made = interpolated(planes, down, right)
    alone = np.empty_like(made[:, 0])
    move_bytes(planes[:, 0], down, right, WEIGHTS, alone)
    assert (made[:, 0] == alone).all()
    assert np.array_equal(interpolated(np.ascontiguousarray(planes[..., ::-1])[..., ::-1], down, right), made)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_are_the_same_cubic_unrounded(
    scattered: tuple[NDArray[np.int32], NDArray[np.int32]], dtype: type[np.floating]
) -> None:
    # A narrow range, so that nothing overshoots what bytes can hold.
    images = _images() // 2 + 64
    made = interpolated(images.astype(dtype), *scattered)
    assert made.dtype == dtype
    assert np.abs(made - interpolated(images, *scattered)).max() <= 0.5 + 1e-4
    exact = _slowly(images[0, 0], int(scattered[0][0, 1]), int(scattered[1][0, 1]))
    assert made[0, 0, 0, 1] == pytest.approx(float(exact), abs=1e-4)


def test_weights_are_exact() -> None:
    assert (WEIGHTS.sum(axis=1) == 1 << 20).all()
    assert np.array_equal(WEIGHTS[1:], WEIGHTS[:0:-1, ::-1])
    assert np.array_equal(WEIGHTS[0], [0, 1 << 20, 0, 0])
    for place in range(STEPS):
        at = Fraction(place, STEPS)
        assert [Fraction(int(weight), 1 << 20) for weight in cubic_weights()[place]] == [
            _keys(at + 1 - tap) for tap in range(4)
        ]


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
@pytest.mark.parametrize("largest", [0.4, 3.0, 30.0])
def test_a_region_moved_alone_is_the_same_part_of_the_whole(dtype: type[np.generic], largest: float) -> None:
    images, displacement = _images().astype(dtype), rough_displacement(SHAPE, largest)
    whole = displacement.applied(images)
    for region in (Region(0, 5, 0, 17), Region(5, 13, 3, 9), Region(12, 13, 16, 17), Region(0, 1, 0, 1)):
        source = displacement.positions(region).source
        assert 0 <= source.row0 < source.row1 <= SHAPE[0]
        assert 0 <= source.col0 < source.col1 <= SHAPE[1]
        part = displacement.moved(images[..., *source.slices], region, source)
        assert np.array_equal(part, whole[..., *region.slices])


def test_a_smooth_displacement_reads_no_further_than_planned() -> None:
    shape = (128, 160)
    displacement = smooth_displacement(shape, largest=128 / 16)
    region, reach = Region(48, 80, 64, 96), largest_reach(shape)
    source, allowed = displacement.positions(region).source, region.grown(reach, shape)
    assert allowed.row0 <= source.row0 < source.row1 <= allowed.row1
    assert allowed.col0 <= source.col0 < source.col1 <= allowed.col1


def test_mirrored_images_moved_by_the_mirrored_displacement_are_the_mirrored_result() -> None:
    images, displacement = _images(), rough_displacement(SHAPE, 5.0)
    turned = displacement.mirrored().applied(images[..., ::-1])
    assert np.array_equal(turned, displacement.applied(images)[..., ::-1])
    assert np.array_equal(displacement.mirrored().mirrored().values, displacement.values)


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_whole_pixels_are_copied(dtype: type[np.generic]) -> None:
    images = _images().astype(dtype)
    values = np.broadcast_to(np.array([2, -3], np.float32)[:, None, None], (2, *SHAPE))
    rows, cols = (np.clip(np.arange(side) + by, 0, side - 1) for side, by in zip(SHAPE, (2, -3), strict=True))
    assert np.array_equal(Displacement(values).applied(images), images[:, :, rows][..., cols])


def test_what_lies_far_outside_is_the_edge() -> None:
    images = _images()
    values = np.zeros((2, *SHAPE), np.float32)
    values[0] = 1000.3
    assert np.array_equal(Displacement(values).applied(images), np.broadcast_to(images[:, :, -1:], (2, 3, *SHAPE)))
    assert np.array_equal(
        Displacement(-values[::-1].copy()).applied(images), np.broadcast_to(images[..., :1], (2, 3, *SHAPE))
    )


def test_images_without_order_in_memory_and_without_samples() -> None:
    images, displacement = _images(channels=1), rough_displacement(SHAPE, 2.0)
    broadcast = np.broadcast_to(images, (2, 3, *SHAPE))
    assert np.array_equal(displacement.applied(broadcast)[:, 2], displacement.applied(images)[:, 0])
    assert displacement.applied(images[:0]).shape == (0, 1, *SHAPE)


@pytest.mark.parametrize("shape", [(96, 128), (97, 130), (24, 32), SHAPE])
def test_lengths_follow_the_size(shape: tuple[int, int]) -> None:
    values = np.broadcast_to(np.array([1, -0.5], np.float32)[:, None, None], (2, *SHAPE))
    found = over_all(Displacement(values).at(shape))
    assert found.dtype == np.float32
    expected = np.array([shape[0] / SHAPE[0], -0.5 * shape[1] / SHAPE[1]])[:, None, None]
    np.testing.assert_allclose(found, np.broadcast_to(expected, (2, *shape)), rtol=1e-5)


def test_one_pixel_at_256_is_two_at_512_at_the_same_place_of_the_face() -> None:
    down, right = places((256, 256))
    bump = np.exp(-((down - 100) ** 2 + (right - 150) ** 2) / (2 * 20**2))
    found = over_all(Displacement(np.stack([bump, -bump]).astype(np.float32)).at((512, 512)))
    down, right = ((axis + 0.5) / 2 - 0.5 for axis in places((512, 512)))
    expected = 2 * np.exp(-((down - 100) ** 2 + (right - 150) ** 2) / (2 * 20**2))
    np.testing.assert_allclose(found, np.stack([expected, -expected]), atol=1e-3)


def test_a_region_of_a_larger_image_has_the_bits_of_the_whole() -> None:
    displacement = rough_displacement(SHAPE, 2.0).at((2 * SHAPE[0] + 3, 3 * SHAPE[1] - 1))
    whole = over_all(displacement)
    for region in (Region(0, 7, 0, 5), Region(3, 29, 17, 50), Region(10, 11, 3, 4)):
        assert np.array_equal(displacement.over(region), whole[:, *region.slices])
    turned = displacement.mirrored()
    np.testing.assert_allclose(over_all(turned), whole[:, :, ::-1] * np.array([1, -1])[:, None, None], atol=1e-5)
