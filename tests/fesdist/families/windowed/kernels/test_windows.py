"""Windows are applied in float32, and every pixel's bits are its own."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.families.windowed.kernels.windows import apply_windows


@pytest.mark.parametrize("taps", [1, 4, 9])
@pytest.mark.parametrize("n", [1, 4, 7])
@pytest.mark.parametrize(("rows", "cols"), [(1, 16), (3, 21), (2, 40)])
def test_outputs_are_sums_of_products(taps: int, n: int, rows: int, cols: int) -> None:
    random = np.random.default_rng(taps)
    planes = random.random((n, rows + 2, cols + 3), dtype=np.float32)
    weights = random.normal(size=(taps, rows, cols)).astype(np.float32)
    bias = random.normal(size=(rows, cols)).astype(np.float32)
    steps = [(random.integers(0, 3), random.integers(0, 4)) for _ in range(taps)]
    starts = np.array([drow * (cols + 3) + dcol for drow, dcol in steps])
    outputs = np.full((n, rows, cols), np.nan, np.float32)
    apply_windows(planes, weights, bias, starts, outputs)
    expected = np.repeat(bias[None].astype(np.float64), n, axis=0)
    for weight, (drow, dcol) in zip(weights, steps, strict=True):
        expected += weight * planes[:, drow : drow + rows, dcol : dcol + cols].astype(np.float64)
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    alone = np.empty((1, rows, cols), np.float32)
    for number in range(n):
        apply_windows(planes[number : number + 1].copy(), weights, bias, starts, alone)
        assert np.array_equal(alone[0], outputs[number])
