"""Every regression is solved and certified as by itself, whichever lane and company it has."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.families.sparse.kernels.active_set import SOLVED, TOO_MANY
from fesdist.families.sparse.kernels.lasso import LARGEST_GAP, Solutions, empty_solutions, solve_lassos
from fesdist.simd.lanes import LANES
from tests.fesdist.families.sparse.kernels.drawn import Array, noise, padded


def solved(columns: Array, targets: Array, penalty: float, capacity: int = 30) -> tuple[Solutions, Array]:
    """Return the solutions of targets (regression, sample) and their weights (regression, pixel)."""
    found = empty_solutions(len(targets), capacity)
    solve_lassos(padded(columns), padded(targets.astype(float)), penalty, found)
    weights = np.zeros((len(targets), len(columns) + 1))
    # Unused places, -1, fall on a column of their own.
    np.put_along_axis(weights, found.support.astype(int), found.values, axis=1)
    return found, weights[:, :-1]


def plain_gap(columns: Array, target: Array, weights: Array, penalty: float) -> float:
    """Return the duality gap as a part of the objective, from the definitions of both objectives."""
    residual = target - weights @ columns
    primal = residual @ residual / 2 + penalty * np.abs(weights).sum()
    largest = np.abs(columns @ residual).max()
    feasible = residual * min(1.0, penalty / largest) if largest > 0 else residual
    dual = target @ target / 2 - (target - feasible) @ (target - feasible) / 2
    return float((primal - dual) / primal) if primal > 0 else 0.0


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize(("pixels", "n", "regressions"), [(1, 1, 1), (70, 20, 17), (130, 16, 40)])
def test_solutions_are_certified(dtype: str, pixels: int, n: int, regressions: int) -> None:
    columns, targets = noise((pixels, n), 0, dtype), noise((regressions, n), 1, dtype)
    found, weights = solved(columns, targets, 2e4)
    plain = columns.astype(float)
    assert (found.status == SOLVED).all()
    for number, target in enumerate(targets.astype(float)):
        gap = plain_gap(plain, target, weights[number], 2e4)
        assert gap <= LARGEST_GAP
        assert found.gap[number] == pytest.approx(gap, abs=1e-9)
        used = found.support[number] >= 0
        assert not found.values[number, ~used].any()
        assert np.all(np.diff(used.astype(int)) <= 0)


def test_bits_do_not_depend_on_lanes_and_company() -> None:
    columns, targets = noise((50, 20), 0, "uint8"), noise((2 * LANES + 3, 20), 1, "uint8")
    together, _ = solved(columns, targets, 1e4)
    for number in (0, 7, LANES, 2 * LANES + 2):
        alone, _ = solved(columns, targets[number : number + 1], 1e4)
        for whole, own in zip(together, alone, strict=True):
            assert np.array_equal(whole[number], own[0])


def test_equal_and_constant_columns_and_targets_of_zero() -> None:
    columns = noise((40, 16), 0, "uint8")
    columns[5:9], columns[20] = columns[4], 0
    targets = np.stack((columns[4], np.zeros(16, np.uint8), np.full(16, 255, np.uint8)))
    found, weights = solved(columns, targets, 100.0)
    assert (found.status == SOLVED).all()
    assert (weights[:, 20] == 0).all()
    assert not weights[1].any()
    assert (found.support[1] == -1).all()
    assert (weights[0, 4:9] != 0).sum() == 1


def test_a_large_penalty_leaves_nothing_and_too_little_room_is_told() -> None:
    columns, targets = noise((40, 20), 0, "uint8"), noise((3, 20), 1, "uint8")
    largest = float(np.abs(columns.astype(float) @ targets.T.astype(float)).max())
    found, weights = solved(columns, targets, largest)
    assert not weights.any()
    assert (found.status == SOLVED).all()
    found, weights = solved(columns, targets, 1.0, capacity=2)
    assert (found.status == TOO_MANY).all()
    assert ((weights != 0).sum(axis=1) == 2).all()
