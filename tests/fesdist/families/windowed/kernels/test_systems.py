"""Windows are solved as numpy solves them, wherever their entries lie in the sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.families.windowed.kernels.systems import Equations, Pixels, Solution, solve_windows
from fesdist.simd.lanes import LANES

Array = NDArray[Any]

ROWS, COLS = 3, 21
PIXELS = Pixels(7, COLS + 4)
LENGTH = PIXELS.origin + ROWS * PIXELS.stride + 2 * LANES


def systems(taps: int, expressions: int, dtype: Any) -> tuple[Array, Equations, float, Array, Array]:
    """Return sums, equations and corner, and what they stand for: matrices (pixel, i, j), sides (pixel, expression, i).

    A plane of the sums is no more than one entry here, in an order of its own.
    """
    random = np.random.default_rng(taps)
    n = taps + 1
    design = random.integers(1, 40, (LENGTH, 2 * n, n))
    design[..., -1] = 1
    matrices = (design.transpose(0, 2, 1) @ design).astype(np.float64)
    sides = random.integers(0, 500, (LENGTH, expressions, n)).astype(np.float64)
    lower = [(i, j) for i in range(n) for j in range(min(i + 1, taps))]
    columns = [matrices[:, i, j] for i, j in lower] + [sides[:, e, i] for e in range(expressions) for i in range(n)]
    order = random.permutation(len(columns))
    factors = random.choice([1.0, 0.5, 4.0], len(columns))
    sums = np.zeros((len(columns), LENGTH), dtype)
    for plane, column in zip(order, columns, strict=True):
        sums[plane] = 4 * column
    known = Equations(order * LENGTH, factors, taps, expressions)
    for (i, j), factor in zip(lower, factors, strict=False):
        matrices[:, i, j] *= 4 * factor
        matrices[:, j, i] = matrices[:, i, j]
    sides *= 4 * factors[len(lower) :].reshape(expressions, n)
    corner = 1e7
    matrices[:, -1, -1] = corner
    matrices[:, range(taps), range(taps)] *= 50
    sums[order[[k for k, (i, j) in enumerate(lower) if i == j]]] *= 50
    return sums, known, corner, matrices, sides


def empty(taps: int, expressions: int) -> Solution:
    return Solution(
        np.full((expressions, taps, ROWS, COLS), np.nan),
        np.full((expressions, ROWS, COLS), np.nan),
        np.full((expressions, ROWS, COLS), np.nan),
        np.full((ROWS, COLS), 9, np.uint8),
    )


def places() -> Array:
    """Return the positions (row, col) of the block's pixels in a line of sums."""
    return np.asarray(PIXELS.origin + PIXELS.stride * np.arange(ROWS)[:, None] + np.arange(COLS))


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
@pytest.mark.parametrize("expressions", [1, 2, 3])
@pytest.mark.parametrize("taps", [1, 2, 3, 9, 12])
def test_solutions_are_those_of_numpy(taps: int, expressions: int, dtype: Any) -> None:
    sums, equations, corner, matrices, sides = systems(taps, expressions, dtype)
    ridges = np.ones((ROWS, COLS + LANES))
    ridges[:, :COLS] = np.random.default_rng(0).random((ROWS, COLS)) * 1000
    found = empty(taps, expressions)
    solve_windows(sums, equations, ridges, corner, PIXELS, found)
    at = places()
    ridged = matrices[at] + ridges[:, :COLS, None, None] * np.eye(taps + 1)
    expected = np.linalg.solve(ridged, sides[at].swapaxes(-1, -2))
    np.testing.assert_allclose(found.weights, expected[:, :, :-1].transpose(3, 2, 0, 1), rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(found.bias, expected[:, :, -1].transpose(2, 0, 1), rtol=1e-8, atol=1e-12)
    assert not found.status.any()
    np.testing.assert_allclose(found.norm, np.abs(found.bias) + np.abs(found.weights).sum(axis=1), rtol=1e-15)


@pytest.mark.parametrize("col", [0, 15, 16, 20])
def test_a_pivot_that_is_not_positive_gives_the_mean_of_its_own_pixel(col: int) -> None:
    sums, equations, corner, _, sides = systems(3, 2, np.float64)
    expected, found = empty(3, 2), empty(3, 2)
    ridges = np.ones((ROWS, COLS + LANES))
    solve_windows(sums, equations, ridges, corner, PIXELS, expected)
    ridges[1, col] = -1e12
    solve_windows(sums, equations, ridges, corner, PIXELS, found)
    broken = np.zeros((ROWS, COLS), bool)
    broken[1, col] = True
    assert np.array_equal(found.status, broken)
    assert not found.weights[..., broken].any()
    np.testing.assert_allclose(found.bias[:, 1, col], sides[places()[1, col], :, -1] / corner, rtol=1e-15)
    assert np.array_equal(found.weights[..., ~broken], expected.weights[..., ~broken])
    assert np.array_equal(found.bias[..., ~broken], expected.bias[..., ~broken])
