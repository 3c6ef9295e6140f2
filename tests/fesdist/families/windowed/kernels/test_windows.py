"""Windows are applied in float32, in the order of their taps, and every pixel's bits are its own."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.families.windowed.kernels.strips import STRIP
from fesdist.families.windowed.kernels.windows import apply_windows, steps_of
from fesdist.ground.receptive_field import Field, halo_of, window_offsets

MASK: Field = ((-3, 1), (-1, -2), (0, 0), (0, 4), (2, 0))


@pytest.mark.parametrize("field", [((0, 0),), window_offsets(3), window_offsets(5), MASK])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize(("samples", "channels", "rows", "cols"), [(1, 1, 1, 16), (2, 2, 3, 5), (1, 3, STRIP + 3, 140)])
def test_outputs_are_sums_in_the_order_of_taps(
    field: Field, dtype: type, samples: int, channels: int, rows: int, cols: int
) -> None:
    random, halo = np.random.default_rng(rows), halo_of(field)
    images = random.integers(0, 256, (samples, channels, rows, cols)).astype(np.uint8)
    units = images * np.float32(1 / 255)
    weights = random.normal(size=(len(field), rows, cols)).astype(np.float32)
    bias = random.normal(size=(rows, cols)).astype(np.float32)
    outputs = np.full((samples, channels, rows, cols), np.nan, np.float32)
    given = images if dtype == np.uint8 else units
    apply_windows(given, (-halo.top, -halo.left), steps_of(field), (weights, bias), False, outputs)
    around = [(0, 0), (0, 0), (halo.top, halo.bottom), (halo.left, halo.right)]
    padded = np.pad(units.astype(np.float64), around)
    expected = np.broadcast_to(bias, outputs.shape)
    for weight, (drow, dcol) in zip(weights, field, strict=True):
        top, left = halo.top + drow, halo.left + dcol
        # A fused product is exact in float64 but for its last sum, which is rounded there before it is in float32.
        expected = (expected + weight.astype(np.float64) * padded[..., top : top + rows, left : left + cols]).astype(
            np.float32
        )
    np.testing.assert_array_max_ulp(outputs, expected, 1)
    clipped = np.empty_like(outputs)
    apply_windows(given, (-halo.top, -halo.left), steps_of(field), (weights, bias), True, clipped)
    assert np.array_equal(clipped, np.clip(outputs, 0, 1))


def test_bits_do_not_depend_on_what_else_is_computed() -> None:
    """A row alone, first or second of its pair, in a part of an image, beside other planes: always the same bits."""
    field, random = window_offsets(3), np.random.default_rng(0)
    images = random.integers(0, 256, (5, 1, 9, 37), dtype=np.uint8)
    weights, bias = random.normal(size=(9, 7, 30)).astype(np.float32), np.zeros((7, 30), np.float32)
    whole, part = np.empty((5, 1, 7, 30), np.float32), np.empty((1, 1, 4, 13), np.float32)
    apply_windows(images[..., :32], (0, 0), steps_of(field), (weights, bias), False, whole)
    of_part = np.ascontiguousarray(weights[:, 3:, 7:20]), bias[3:, 7:20].copy()
    for number in range(5):
        apply_windows(images[number : number + 1, :, 3:, 7:22], (0, 0), steps_of(field), of_part, False, part)
        assert np.array_equal(part[0], whole[number, :, 3:, 7:20])


def test_what_is_no_number_stays_so() -> None:
    images = np.full((1, 1, 1, 16), np.nan, np.float32)
    outputs = np.zeros_like(images)
    windows = np.ones((1, 1, 16), np.float32), np.zeros((1, 16), np.float32)
    apply_windows(images, (0, 0), steps_of(((0, 0),)), windows, True, outputs)
    assert np.isnan(outputs).all()
