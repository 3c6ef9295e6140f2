"""The Gaussian filter is SciPy's, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from fesdist.ground.gaussian import smoothed


def test_smoothed_is_a_convolution_with_a_gaussian_whose_edges_go_on() -> None:
    sigma, values = 1.5, np.random.default_rng(0).random((1, 40))
    offsets = np.arange(-6, 7)
    kernel = np.exp(-(offsets**2) / (2 * sigma**2))
    expected = np.convolve(np.pad(values[0], 6, mode="edge"), kernel / kernel.sum(), mode="valid")
    assert smoothed(values, (0, sigma))[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("shape", "sigma"),
    [
        ((40,), 2.0),
        ((1, 1), 3.0),
        ((5, 7), 9.0),
        ((64, 300), 5.12),
        ((3, 70, 50), (0, 0.1, 2.5)),
        ((2, 3, 33, 20), (0, 0, 4, 4)),
        ((17, 1, 2000), (1.0, 0.7, 20.0)),
        ((6, 6), 0.0),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_bits_are_scipys(shape: tuple[int, ...], sigma: float | tuple[float, ...], dtype: type) -> None:
    values = np.random.default_rng(1).normal(scale=1000, size=shape).astype(dtype)
    given = values.copy()
    for output in (None, np.float32):
        found = smoothed(values, sigma, output)
        expected = gaussian_filter(values, sigma, mode="nearest", output=output)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(values, given)


def test_an_array_in_any_order_is_filtered_as_one_in_order() -> None:
    values = np.random.default_rng(2).random((30, 20, 10))
    for view in (values.T, values[::2, ::-1], np.asfortranarray(values)):
        np.testing.assert_array_equal(smoothed(view, 2.0), smoothed(np.ascontiguousarray(view), 2.0))
