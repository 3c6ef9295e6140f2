"""Flows of pairs: found where something moved, unusable where nothing fits, the same whenever they are asked for."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.shape.flow import STEPS, UNKNOWN, compared, compared_shape, estimate_flow
from tests.fesdist.shape.pictures import places, smooth_displacement, texture


def _noise(shape: tuple[int, int], seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (1.4, -2.3), (-0.5, 0.25), (4.0, 3.0)])
def test_a_shift_is_found_to_a_tenth_of_a_pixel(shift: tuple[float, float]) -> None:
    down, right = places((128, 144))
    before, after = texture(down, right), texture(down + shift[0], right + shift[1])
    found = estimate_flow(before, after)
    assert found.usable
    inside = found.steps[:, 16:-16, 16:-16] / STEPS
    assert found.known[16:-16, 16:-16].mean() > 0.99
    assert np.abs(inside - np.array(shift)[:, None, None])[:, found.known[16:-16, 16:-16]].max() < 0.1


def test_a_smooth_displacement_is_found() -> None:
    down, right = places((128, 128))
    true = smooth_displacement((128, 128), 4.0).values
    found = estimate_flow(texture(down, right), texture(down + true[0], right + true[1]))
    error = (found.steps / STEPS - true)[:, 16:-16, 16:-16][:, found.known[16:-16, 16:-16]]
    assert np.sqrt(np.square(error).mean()) < 0.1


def test_images_that_do_not_overlap_are_not_usable() -> None:
    assert not estimate_flow(_noise((128, 128), 1), _noise((128, 128), 2)).usable


def test_what_leaves_the_image_is_unknown_in_both_directions() -> None:
    down, right = places((96, 96))
    found = estimate_flow(texture(down, right), texture(down, right + 6))
    assert not found.known[:, -5:].any()
    assert np.array_equal(found.known, (found.steps != UNKNOWN).all(axis=0))


@pytest.mark.parametrize("level", [0, 128, 255])
def test_uniform_images_do_not_move(level: int) -> None:
    image = np.full((64, 48), level, np.uint8)
    assert np.array_equal(estimate_flow(image, image).steps, np.zeros((2, 64, 48), np.int16))
    brighter = estimate_flow(image, np.full((64, 48), 100, np.uint8))
    assert not brighter.steps[:, brighter.known].any()


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (15, 200)])
def test_tiny_images_are_taken_not_to_move(shape: tuple[int, int]) -> None:
    assert np.array_equal(estimate_flow(_noise(shape, 1), _noise(shape, 2)).steps, np.zeros((2, *shape), np.int16))


@pytest.mark.parametrize("shape", [(16, 16), (16, 300), (33, 17), (41, 64)])
def test_small_and_narrow_images_have_a_flow(shape: tuple[int, int]) -> None:
    down, right = places(shape)
    found = estimate_flow(texture(down, right), texture(down, right))
    assert found.steps.shape == (2, *shape)
    assert found.usable
    assert np.abs(found.steps[:, found.known]).max() < STEPS / 10


def test_equal_images_have_equal_flows() -> None:
    first, second = (estimate_flow(_noise((96, 80), 1), _noise((96, 80), 2)) for _ in range(2))
    assert np.array_equal(first.steps, second.steps)


def _gray(image: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return ITU-R BT.601 luma in 0..255."""
    values = image.astype(np.float64) * (1 if image.dtype == np.uint8 else 255)
    return values[0] if len(values) == 1 else np.tensordot([0.299, 0.587, 0.114], values, 1)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
@pytest.mark.parametrize("shape", [(8, 9), (256, 200), (512, 514), (768, 600)])
@pytest.mark.parametrize("band", [1, 50, 64, 1000])
def test_images_are_compared_as_averages_of_boxes(
    channels: int, dtype: type[np.generic], shape: tuple[int, int], band: int
) -> None:
    image = np.random.default_rng(3).integers(0, 256, (channels, *shape), dtype=np.uint8)
    given = image if dtype == np.uint8 else image / 255
    bands = (given[None, :, row : row + band] for row in range(0, shape[0], band))
    (made,) = compared(bands, shape)
    factor = min(shape) // 256 or 1
    rows, cols = (side // factor for side in shape)
    boxes = _gray(image)[: rows * factor, : cols * factor].reshape(rows, factor, cols, factor).mean(axis=(1, 3))
    assert made.dtype == np.uint8
    assert made.shape == compared_shape(shape)
    if made.shape == boxes.shape:
        assert np.abs(made - boxes).max() <= 0.5 + 1e-3
    assert np.array_equal(made, compared([given[None]], shape)[0]), "bits do not depend on the bands"


@pytest.mark.parametrize("shape", [(300, 260), (383, 511), (600, 700)])
def test_sizes_that_are_no_multiple_are_averaged_over_areas(shape: tuple[int, int]) -> None:
    down, right = places(shape)
    image = texture(down / 2, right / 2)[None]
    (made,) = compared([image[None]], shape)
    assert made.shape == compared_shape(shape)
    assert min(made.shape) == 256
    # The middle of a compared pixel, in pixels of the image.
    at = [(np.arange(new) + 0.5) * old / new - 0.5 for new, old in zip(made.shape, shape, strict=True)]
    expected = texture(*(axis / 2 for axis in np.meshgrid(*at, indexing="ij")))
    assert np.sqrt(np.square(made.astype(float) - expected).mean()) < 4


def test_opencv_has_one_thread_before_it_does_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where that changes while another thread is at work, it crashes once in a while."""
    resize, found = cv2.resize, []

    def watched(*arguments: Any, **options: Any) -> Any:
        found.append(cv2.getNumThreads())
        return resize(*arguments, **options)

    monkeypatch.setattr(cv2, "resize", watched)
    cv2.setNumThreads(2)
    assert compared([np.zeros((1, 3, 300, 310), np.uint8)], (300, 310)).shape == (1, 256, 265)
    assert found == [1]
