"""Counting and looking up, pixel by pixel, are what numpy's own indexing does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fesdist.families.onepixel.kernels.intensities import (
    INTENSITIES,
    add_targets,
    count_intensities,
    interpolate,
    look_up,
)
from tests.fesdist.families.problems import random_images

ROWS, COLS = 3, 21
PLACES = np.indices((ROWS, COLS))


@pytest.mark.parametrize("channel", [0, 2])
def test_counts_and_targets_are_added_where_the_intensity_is(channel: int) -> None:
    inputs, targets = random_images((40, 3, ROWS, COLS)), random_images((40, 3, ROWS, COLS), seed=1)
    inputs[:, :, 0, 0] = 255
    sums = np.full((ROWS, COLS, INTENSITIES, 3), 5, np.uint32)
    count_intensities(inputs, channel, sums)
    add_targets(inputs, targets, channel, 2, sums)
    expected = np.full_like(sums, 5)
    for image, target in zip(inputs[:, channel], targets[:, channel], strict=True):
        expected[*PLACES, image, 0] += 1
        expected[*PLACES, image, 2] += target
    assert np.array_equal(sums, expected)


def test_outputs_are_looked_up() -> None:
    images, table = random_images((4, 3, ROWS, COLS)), np.random.default_rng(0).random((INTENSITIES, ROWS, COLS))
    outputs = np.zeros(images.shape, np.float32)
    look_up(images, 1, table.astype(np.float32), outputs)
    assert np.array_equal(outputs[:, 1], table.astype(np.float32)[images[:, 1], *PLACES])
    assert not outputs[:, ::2].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_between_intensities_outputs_are_interpolated(dtype: type) -> None:
    random = np.random.default_rng(0)
    images = random.uniform(-0.1, 1.1, (4, 3, ROWS, COLS)).astype(dtype)
    table = random.random((INTENSITIES, ROWS, COLS)).astype(np.float32)
    outputs = np.zeros(images.shape, np.float32)
    interpolate(images, 2, table, outputs)
    for sample, row, col in np.ndindex(4, ROWS, COLS):
        expected = np.interp(images[sample, 2, row, col] * 255.0, np.arange(INTENSITIES), table[:, row, col])
        assert outputs[sample, 2, row, col] == pytest.approx(expected, abs=2e-5)
    assert not outputs[:, :2].any()


@pytest.mark.parametrize("evaluate", [interpolate, interpolate.py_func], ids=["compiled", "with bounds"])
def test_what_is_no_number_is_looked_up_within_the_table(evaluate: Callable[..., None]) -> None:
    images, table = np.array([0.5, np.nan, np.inf, -np.inf]).reshape(1, 1, 1, 4), np.ones((INTENSITIES, 1, 4))
    table[-1], table[0] = 2.0, 3.0
    outputs = np.zeros(images.shape, np.float32)
    evaluate(images, 0, table.astype(np.float32), outputs)
    np.testing.assert_array_equal(outputs.ravel(), [1, np.nan, 2, 3])
