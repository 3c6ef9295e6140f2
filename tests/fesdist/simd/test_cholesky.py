"""Blocks of systems are solved as LAPACK solves them, and lanes do not see each other."""

from __future__ import annotations

from types import FunctionType
from typing import Any

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from fesdist.simd import cholesky
from fesdist.simd.cholesky import Workspace, factor_and_solve, workspace
from fesdist.simd.lanes import LANES

Array = NDArray[np.float64]


def solve(
    matrices: Array, right: Array, by: Any = factor_and_solve, block: Workspace | None = None
) -> tuple[Array, Array]:
    """Return solutions (lane, right-hand side, unknown) and inverse pivots (lane, unknown) of `LANES` systems."""
    unknowns, sides = matrices.shape[1], right.shape[1]
    block = block or workspace(unknowns, sides)
    matrix = block.matrix
    order = matrix.shape[1]
    spare = order - unknowns
    # Only the lower triangle is read: the rest is poisoned.
    poisoned = np.where(np.tri(unknowns, dtype=bool), matrices, np.nan)
    matrix[spare:order, spare:] = poisoned.transpose(1, 2, 0)
    matrix[order : order + sides, spare:] = right.transpose(1, 2, 0)
    by(block, unknowns)
    return matrix[order : order + sides, spare:].transpose(2, 0, 1), block.inverse[spare:].T


def systems(unknowns: int, sides: int, seed: int = 0) -> tuple[Array, Array]:
    generator = np.random.default_rng(seed)
    design = generator.random((LANES, 2 * unknowns, unknowns))
    matrices = design.transpose(0, 2, 1) @ design + 0.1 * np.eye(unknowns)
    return matrices, generator.random((LANES, sides, unknowns))


@pytest.mark.parametrize("unknowns", [1, 2, 3, 4, 5, 6, 7, 8, 10, 26, 50, 82])
@pytest.mark.parametrize("sides", [1, 2, 3])
def test_solutions_are_those_of_lapack(unknowns: int, sides: int) -> None:
    matrices, right = systems(unknowns, sides)
    expected = np.linalg.solve(matrices, right.transpose(0, 2, 1)).transpose(0, 2, 1)
    solutions, inverse_pivots = solve(matrices, right)
    np.testing.assert_allclose(solutions, expected, rtol=1e-9, atol=1e-9)
    assert (inverse_pivots > 0).all()


def compiled(tall: bool) -> Any:
    """Return `factor_and_solve` for registers that are enough for tall tiles, or not, whatever this CPU has."""
    return njit(FunctionType(factor_and_solve.py_func.__code__, {**vars(cholesky), "TALL": tall}))


@pytest.mark.parametrize("unknowns", [1, 3, 4, 10, 26])
def test_the_bits_do_not_depend_on_the_rows_that_are_factored_together(unknowns: int) -> None:
    matrices, right = systems(unknowns, 3)
    matrices[5, 0, 0] = -1.0
    wide, narrow = (solve(matrices, right, by=compiled(tall)) for tall in (True, False))
    assert all(np.array_equal(*both) for both in zip(wide, narrow, strict=True))
    assert wide[1][5, 0] == 0.0
    assert np.array_equal(solve(matrices, right)[0], wide[0])


def test_a_lane_has_the_same_bits_wherever_it_is() -> None:
    matrices, right = systems(26, 1)
    solutions, _ = solve(matrices, right)
    alone, _ = solve(np.broadcast_to(matrices[3], matrices.shape), np.broadcast_to(right[3], right.shape))
    assert (alone == solutions[3]).all()


@pytest.mark.parametrize("unknowns", [1, 2, 3, 4, 10])
def test_what_is_no_number_leaves_nothing_behind(unknowns: int) -> None:
    matrices, right = systems(unknowns, 2)
    expected, inverse_pivots = solve(matrices, right)
    block = workspace(unknowns, 2)
    poisoned = matrices.copy()
    poisoned[5] = np.nan
    solve(poisoned, right, block=block)
    again = solve(matrices, right, block=block)
    assert np.array_equal(again[0], expected)
    assert np.array_equal(again[1], inverse_pivots)


@pytest.mark.parametrize("broken", [0.0, -1.0, np.nan])
def test_a_pivot_that_is_not_positive_is_marked_and_stays_in_its_lane(broken: float) -> None:
    matrices, right = systems(10, 1)
    expected, _ = solve(matrices, right)
    damaged = matrices.copy()
    damaged[5] = np.diag([1.0] * 6 + [broken] + [1.0] * 3)
    solutions, inverse_pivots = solve(damaged, right)
    assert (inverse_pivots[5] == [1.0] * 6 + [0.0] + [1.0] * 3).all()
    others = np.arange(LANES) != 5
    assert np.array_equal(solutions[others], expected[others])
    assert (inverse_pivots[others] > 0).all()
