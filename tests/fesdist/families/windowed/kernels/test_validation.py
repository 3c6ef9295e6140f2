"""Changes that are judged by sums are those that a look at every sample finds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.families.windowed.kernels.systems import Equations, Pixels
from fesdist.families.windowed.kernels.validation import Gathered, Judged, judge_windows
from fesdist.simd.lanes import LANES

Array = NDArray[Any]

ROWS, COLS = 2, 19
PIXELS = Pixels(3, COLS + 1)
LENGTH = PIXELS.origin + ROWS * PIXELS.stride + 2 * LANES
RIDGES = np.array([0.5, 40.0, 3000.0])
CENTRE = 0
"""The tap that is the pixel itself."""


def samples(n: int, taps: int, expressions: int, seed: int) -> tuple[Array, Array]:
    """Return designs (pixel, sample, tap + 1), the last column ones, and targets (pixel, sample, expression)."""
    random = np.random.default_rng(seed)
    design = random.integers(0, 256, (LENGTH, n, taps + 1))
    design[..., -1] = 1
    return design, random.integers(0, 256, (LENGTH, n, expressions))


def gathered(design: Array, targets: Array) -> Gathered:
    """Return a plane for each entry of the equations of these samples, in a line."""
    matrices = design.swapaxes(-1, -2) @ design
    sides = design.swapaxes(-1, -2) @ targets
    n, expressions = design.shape[-1], targets.shape[-1]
    planes = [matrices[:, i, j] for i in range(n) for j in range(min(i + 1, n - 1))]
    planes += [sides[:, i, e] for e in range(expressions) for i in range(n)]
    equations = Equations(np.arange(len(planes)) * LENGTH, np.ones(len(planes)), n - 1, expressions)
    return Gathered(np.array(planes, np.float64).reshape(-1), equations, PIXELS, float(design.shape[1]))


def judged(fitted: Gathered, judges: Gathered, places: Array) -> Judged:
    shape = len(RIDGES), fitted.equations.expressions, ROWS, COLS
    ridges = np.broadcast_to(RIDGES[:, None, None], (len(RIDGES), ROWS, COLS + LANES)).copy()
    found = Judged(np.full(shape, np.nan), np.full(shape, np.nan))
    judge_windows(fitted, judges, places, ridges, found)
    return found


def expected_of(design: Array, targets: Array, outputs: Array) -> tuple[Array, Array]:
    """Return Σ (t - x)(y - x) and Σ (y - x)² of each expression."""
    inputs = design[:, CENTRE : CENTRE + 1]
    return ((targets - inputs) * (outputs - inputs)).sum(axis=0), ((outputs - inputs) ** 2).sum(axis=0)


@pytest.mark.parametrize(("taps", "expressions"), [(1, 1), (4, 2), (9, 3)])
def test_changes_are_judged_as_by_the_samples(taps: int, expressions: int) -> None:
    outside, within = samples(30, taps, expressions, 0), samples(7, taps, expressions, 1)
    places = np.array([*range(taps + 1), CENTRE], np.int64)
    found = judged(gathered(*outside), gathered(*within), places)
    for number, ridge in enumerate(RIDGES):
        for row, col in np.ndindex(ROWS, COLS):
            at = PIXELS.origin + row * PIXELS.stride + col
            design, targets = outside[0][at], outside[1][at]
            weights = np.linalg.solve(design.T @ design + ridge * np.eye(taps + 1), design.T @ targets)
            expected = expected_of(within[0][at], within[1][at], within[0][at] @ weights)
            for sums, exact in zip(found, expected, strict=True):
                np.testing.assert_allclose(sums[number, :, row, col], exact, rtol=1e-8)


def test_a_window_without_the_pixel_itself_is_judged_by_sums_that_have_it() -> None:
    outside, within = samples(30, 3, 2, 0), samples(7, 3, 2, 1)
    without = np.delete(outside[0], CENTRE, axis=2)
    found = judged(gathered(without, outside[1]), gathered(*within), np.array([1, 2, 3, CENTRE], np.int64))
    at = PIXELS.origin + 4
    weights = np.linalg.solve(without[at].T @ without[at] + RIDGES[0] * np.eye(3), without[at].T @ outside[1][at])
    outputs = np.delete(within[0][at], CENTRE, axis=1) @ weights
    for sums, exact in zip(found, expected_of(within[0][at], within[1][at], outputs), strict=True):
        np.testing.assert_allclose(sums[0, :, 0, 4], exact, rtol=1e-8)


def test_a_pixel_that_cannot_be_solved_is_judged_by_its_mean() -> None:
    outside, within = samples(30, 2, 2, 0), samples(7, 2, 2, 1)
    at = PIXELS.origin + PIXELS.stride + 17
    places = np.array([0, 1, 2, CENTRE], np.int64)
    fitted, judges = gathered(*outside), gathered(*within)
    expected = judged(fitted, judges, places)
    fitted.line[at] = -1e9  # the first entry: Σ x² of the first tap
    found = judged(fitted, judges, places)
    mean = np.broadcast_to(outside[1][at].mean(axis=0), within[1][at].shape)
    for sums, others, exact in zip(found, expected, expected_of(within[0][at], within[1][at], mean), strict=True):
        np.testing.assert_allclose(sums[0, :, 1, 17], exact, rtol=1e-9)
        others[..., 1, 17] = sums[..., 1, 17]
        assert np.array_equal(sums, others)
