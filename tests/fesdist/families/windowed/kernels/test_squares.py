"""Full windows by shifted registers have the bits of windows of any shape, which are held against numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fesdist.families.windowed.kernels.squares import apply_square, square_of
from fesdist.families.windowed.kernels.strips import ROWS, STRIP
from fesdist.families.windowed.kernels.windows import apply_windows, steps_of
from fesdist.families.windowed.mr import MaskedRegression
from fesdist.ground.receptive_field import halo_of, window_offsets
from fesdist.ground.tiles import Region
from fesdist.simd import aligned
from fesdist.simd.streaming import is_streamed


@pytest.mark.parametrize("size", [5, 7])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize(
    ("samples", "channels", "rows", "cols"),
    [(1, 1, 1, 16), (2, 2, 3, 5), (1, 3, ROWS + 1, 33), (3, 1, STRIP + 6, 100), (2, 3, 2 * STRIP, 48)],
)
def test_bits_are_those_of_any_window(
    size: int, dtype: Any, clip: bool, samples: int, channels: int, rows: int, cols: int
) -> None:
    field = window_offsets(size)
    random, halo, square = np.random.default_rng(rows), halo_of(field), square_of(field)
    assert square is not None
    images = random.integers(0, 256, (samples, channels, rows, cols)).astype(np.uint8)
    given = images if dtype == np.uint8 else images * np.float32(1 / 255)
    weights = random.normal(size=(len(field), rows, cols)).astype(np.float32)
    windows = weights, random.normal(size=(rows, cols)).astype(np.float32)
    expected, outputs = (np.full(images.shape, np.nan, np.float32) for _ in range(2))
    apply_windows(given, (-halo.top, -halo.left), steps_of(field), windows, clip, expected)
    apply_square(given, (-halo.top, -halo.left), square, windows, clip, outputs)
    assert not np.isnan(outputs).any()
    assert np.array_equal(outputs, expected)


@pytest.mark.parametrize(("samples", "rows", "cols"), [(35, 61, 176), (6, 260, 256)])
def test_bits_do_not_depend_on_the_way_to_memory(samples: int, rows: int, cols: int) -> None:
    """Many outputs of whole lines go past the caches; those that begin amid a line do not."""
    field, random = window_offsets(5), np.random.default_rng(1)
    square = square_of(field)
    assert square is not None
    images = random.integers(0, 256, (samples, 3, rows, cols), dtype=np.uint8)
    windows = random.normal(size=(25, rows, cols)).astype(np.float32), np.zeros((rows, cols), np.float32)
    room = aligned.zeros((images.size + 1,), np.float32)
    streamed, others = (room[start:][: images.size].reshape(images.shape) for start in (0, 1))
    assert is_streamed(streamed)
    assert not is_streamed(others)
    apply_square(images, (-2, -2), square, windows, True, streamed)
    found = streamed.copy()
    apply_square(images, (-2, -2), square, windows, True, others)
    assert np.array_equal(found, others)


def test_a_part_of_an_image_with_all_around_it() -> None:
    field, random = window_offsets(5), np.random.default_rng(0)
    square = square_of(field)
    assert square is not None
    images = random.integers(0, 256, (4, 3, 29, 57), dtype=np.uint8)
    windows = random.normal(size=(25, 21, 40)).astype(np.float32), np.zeros((21, 40), np.float32)
    outputs, expected = (np.empty((4, 3, 30, 60), np.float32)[..., 2:23, 5:45] for _ in range(2))
    apply_square(images[..., 3:28, 6:50], (0, 0), square, windows, True, outputs)
    apply_windows(images[..., 3:28, 6:50], (0, 0), steps_of(field), windows, True, expected)
    assert np.array_equal(outputs, expected)


def test_other_fields_are_no_squares() -> None:
    five = window_offsets(5)
    assert square_of(five) is not None
    for field in (
        window_offsets(1),
        window_offsets(3),
        window_offsets(5, dilation=2),
        five[:-1],
        five[1:],
        window_offsets(17),
    ):
        assert square_of(field) is None


@pytest.mark.parametrize("shifts", [False, True])
def test_a_model_has_the_same_outputs_on_every_cpu(shifts: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    model, random = MaskedRegression.with_window(5), np.random.default_rng(1)
    images = random.integers(0, 256, (5, 3, 20, 37), dtype=np.uint8)
    arrays = {"weights": random.normal(size=(1, 25, 20, 37)), "bias": random.normal(size=(1, 20, 37))}
    _, padding = model.inputs_of(Region(0, 20, 0, 37), (20, 37))
    expected = model.apply(arrays, images, padding)
    monkeypatch.setattr("fesdist.families.windowed.mr.SHIFTS", shifts)
    assert np.array_equal(model.apply(arrays, images, padding), expected)
