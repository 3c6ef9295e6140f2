"""Errors that are read from sums are those that a look at every sample finds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.families.windowed.kernels.systems import Equations, Pixels
from fesdist.families.windowed.kernels.validation import Known, validate_windows
from fesdist.simd.lanes import LANES

Array = NDArray[Any]

ROWS, COLS = 2, 19
PIXELS = Pixels(3, COLS + 1)
LENGTH = PIXELS.origin + ROWS * PIXELS.stride + 2 * LANES
RIDGES = np.array([0.5, 40.0, 3000.0])


def samples(n: int, taps: int, expressions: int, seed: int) -> tuple[Array, Array]:
    """Return designs (pixel, sample, tap + 1), the last column ones, and targets (pixel, sample, expression)."""
    random = np.random.default_rng(seed)
    design = random.integers(0, 256, (LENGTH, n, taps + 1))
    design[..., -1] = 1
    return design, random.integers(0, 256, (LENGTH, n, expressions))


def sums_of(design: Array, targets: Array, dtype: Any) -> Array:
    """Return a plane for each entry of `equations`, then Σ t² of each expression."""
    matrices = design.swapaxes(-1, -2) @ design
    sides = design.swapaxes(-1, -2) @ targets
    n = design.shape[-1]
    planes = [matrices[:, i, j] for i in range(n) for j in range(min(i + 1, n - 1))]
    planes += [sides[:, i, e] for e in range(targets.shape[-1]) for i in range(n)]
    planes += [(targets[..., e] ** 2).sum(axis=1) for e in range(targets.shape[-1])]
    return np.array(planes, dtype)


def errors_of(
    outside: tuple[Array, Array], within: tuple[Array, Array], taps: int, expressions: int, dtype: Any
) -> Array:
    """Return the kernel's errors (ridge, expression, row, col)."""
    n_entries = (taps + 1) * (taps + 2) // 2 - 1 + expressions * (taps + 1)
    equations = Equations(np.arange(n_entries) * LENGTH, np.ones(n_entries), taps, expressions)
    squares = (n_entries + np.arange(expressions)) * LENGTH
    of_others, of_fold = (
        Known(sums_of(*images, dtype).reshape(-1), float(images[0].shape[1])) for images in (outside, within)
    )
    errors = np.full((len(RIDGES), expressions, ROWS, COLS), np.nan)
    validate_windows(of_others, of_fold, equations, squares, RIDGES, PIXELS, errors)
    return errors


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
@pytest.mark.parametrize(("taps", "expressions"), [(1, 1), (4, 2), (9, 3)])
def test_errors_are_those_of_the_samples(taps: int, expressions: int, dtype: Any) -> None:
    outside, within = samples(30, taps, expressions, 0), samples(7, taps, expressions, 1)
    found = errors_of(outside, within, taps, expressions, dtype)
    for number, ridge in enumerate(RIDGES):
        for row, col in np.ndindex(ROWS, COLS):
            at = PIXELS.origin + row * PIXELS.stride + col
            design, targets = outside[0][at], outside[1][at]
            weights = np.linalg.solve(design.T @ design + ridge * np.eye(taps + 1), design.T @ targets)
            expected = ((within[1][at] - within[0][at] @ weights) ** 2).sum(axis=0)
            np.testing.assert_allclose(found[number, :, row, col], expected, rtol=1e-9)


def test_a_pixel_that_cannot_be_solved_is_judged_by_its_mean() -> None:
    outside, within = samples(30, 2, 2, 0), samples(7, 2, 2, 1)
    at = PIXELS.origin + PIXELS.stride + 17
    outside[0][at, :, 0] = 0
    expected = errors_of(outside, within, 2, 2, np.float64)
    sums = Known(sums_of(*outside, np.float64).reshape(-1), 30.0)
    sums.line[at] = -1e9  # the first entry: Σ x² of the first tap
    of_fold = Known(sums_of(*within, np.float64).reshape(-1), 7.0)
    equations, squares = Equations(np.arange(11) * LENGTH, np.ones(11), 2, 2), (11 + np.arange(2)) * LENGTH
    found = np.empty_like(expected)
    validate_windows(sums, of_fold, equations, squares, RIDGES, PIXELS, found)
    mean = outside[1][at].mean(axis=0)
    np.testing.assert_allclose(found[0, :, 1, 17], ((within[1][at] - mean) ** 2).sum(axis=0), rtol=1e-9)
    expected[..., 1, 17] = found[..., 1, 17]
    assert np.array_equal(found, expected)
