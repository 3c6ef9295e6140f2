"""Columns enter and leave a working set, and its solution is that of the l1-penalised regression on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.families.sparse.kernels.active_set import INEXACT, SOLVED, TOO_MANY, improve
from fesdist.families.sparse.kernels.working_set import CANDIDATES, WorkingSet, working_sets

Array = NDArray[Any]


def filled(columns: Array, target: Array, capacity: int) -> WorkingSet:
    """Return a working set with all `columns` (column, sample) as candidates."""
    working = WorkingSet(*(array[0] for array in working_sets(capacity, columns.shape[1])))
    count = len(columns)
    working.samples[:count] = columns
    working.columns[:count] = np.arange(count)
    working.products[:count] = columns @ target
    working.sizes[:] = 0, count
    return working


def weights_of(working: WorkingSet, count: int) -> Array:
    active = working.sizes[0]
    weights = np.zeros(count)
    weights[working.columns[:active]] = working.weights[:active]
    return weights


def assert_optimal(columns: Array, target: Array, weights: Array, penalty: float) -> None:
    scores = columns @ (target - weights @ columns)
    used = weights != 0
    np.testing.assert_allclose(scores[used], penalty * np.sign(weights[used]), rtol=1e-9)
    assert (np.abs(scores) <= penalty * (1 + 2e-9)).all()


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("penalty", [0.01, 0.3, 3.0])
def test_the_solution_is_optimal_and_the_factor_that_of_its_columns(seed: int, penalty: float) -> None:
    generator = np.random.default_rng(seed)
    # Few directions and a little noise: columns are nearly equal, so many that enter leave again.
    columns = generator.normal(size=(CANDIDATES, 4)) @ generator.normal(size=(4, 32))
    columns += 0.05 * generator.normal(size=columns.shape)
    target, residual = generator.normal(size=32), np.empty(32)
    working = filled(columns, target, CANDIDATES)
    assert improve(working, target, penalty, CANDIDATES, residual) == SOLVED
    weights = weights_of(working, CANDIDATES)
    assert_optimal(columns, target, weights, penalty)
    np.testing.assert_allclose(residual, target - weights @ columns, atol=1e-12)
    active = working.sizes[0]
    chosen, factor = working.samples[:active], working.factor[:active, :active]
    np.testing.assert_allclose(factor @ factor.T, chosen @ chosen.T, atol=1e-10)
    assert not np.triu(working.factor[:active], 1).any()
    assert sorted(working.columns[:CANDIDATES]) == list(range(CANDIDATES))


@pytest.mark.parametrize("seed", range(10))
def test_columns_that_depend_on_others_enter_in_exchange(seed: int) -> None:
    generator = np.random.default_rng(seed)
    columns = np.zeros((40, 16))
    # Integers in three dimensions: beyond three active columns every further one is a combination of them.
    columns[:, :3] = generator.integers(-9, 10, (40, 3))
    target, residual = np.zeros(16), np.empty(16)
    target[:3] = generator.normal(size=3)
    working = filled(columns, target, 40)
    assert improve(working, target, 0.5, 40, residual) == SOLVED
    assert working.sizes[0] <= 3
    assert_optimal(columns, target, weights_of(working, 40), 0.5)


def test_more_columns_than_allowed_are_refused_and_the_others_solved() -> None:
    generator = np.random.default_rng(0)
    columns, target, residual = generator.normal(size=(30, 32)), generator.normal(size=32), np.empty(32)
    working = filled(columns, target, 4)
    assert improve(working, target, 0.1, 4, residual) == TOO_MANY
    assert working.sizes[0] == 4
    chosen = working.columns[:4]
    weights = weights_of(working, 30)
    assert_optimal(columns[chosen], target, weights[chosen], 0.1)


def test_candidates_that_cannot_enter_are_told() -> None:
    columns, target = np.ones((3, 16)), np.zeros(16)
    assert improve(filled(columns, target, 3), target, 0.1, 3, np.empty(16)) == INEXACT
