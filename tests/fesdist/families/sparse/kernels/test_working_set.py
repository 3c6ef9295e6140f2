"""The factor of the active columns is that of their products, however they enter, leave and change places."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.families.sparse.kernels.working_set import (
    WorkingSet,
    extend_factor,
    find_residual,
    leave,
    solve_signs,
    swap,
    working_sets,
)
from fesdist.simd.lanes import LANES
from tests.fesdist.families.sparse.kernels.drawn import Array

CAPACITY = 20


def with_active(columns: Array, count: int) -> WorkingSet:
    """Return a working set of `columns`, the first of them active with weights and signs."""
    working = WorkingSet(*(array[3] for array in working_sets(CAPACITY, columns.shape[1])))
    working.samples[: len(columns)] = columns
    working.columns[: len(columns)] = np.arange(len(columns))
    working.sizes[:] = 0, len(columns)
    for i in range(count):
        assert extend_factor(working)
        working.weights[i], working.signs[i] = 1.0 + i, (-1.0) ** i
        working.sizes[0] = i + 1
    return working


def assert_factored(working: WorkingSet) -> None:
    active = working.sizes[0]
    chosen, factor = working.samples[:active], working.factor[:active, :active]
    np.testing.assert_allclose(factor @ factor.T, chosen @ chosen.T, atol=1e-11)
    assert not np.triu(working.factor[:active], 1).any()


@pytest.mark.parametrize("count", [1, 15, 16, 17, 20])
def test_columns_enter_and_leave(count: int) -> None:
    columns = np.random.default_rng(count).normal(size=(24, 2 * LANES))
    working = with_active(columns, count)
    assert_factored(working)
    for leaving in (count - 1, 0, (count - 2) // 2):
        if leaving < 0 or working.sizes[0] <= leaving:
            continue
        gone, order = working.columns[leaving], working.columns[: working.sizes[0]].tolist()
        leave(working, leaving)
        assert working.columns[working.sizes[0]] == gone
        assert working.columns[: working.sizes[0]].tolist() == [column for column in order if column != gone]
        assert working.weights[: working.sizes[0]].tolist() == (1.0 + working.columns[: working.sizes[0]]).tolist()
        assert_factored(working)
    assert np.array_equal(working.samples[:24], columns[working.columns[:24]])


def test_a_column_that_depends_on_the_active_ones_does_not_enter() -> None:
    columns = np.random.default_rng(0).normal(size=(3, LANES))
    columns[2] = columns[0] + 3 * columns[1]
    working = with_active(columns, 2)
    before = working.factor.copy()
    assert not extend_factor(working)
    assert np.array_equal(working.factor, before)


def test_columns_change_places() -> None:
    columns = np.random.default_rng(0).normal(size=(4, LANES))
    working = with_active(columns, 0)
    working.products[:4], working.barred[:4] = np.arange(4), [True, False, False, False]
    swap(working, 0, 3)
    swap(working, 1, 1)
    assert working.columns[:4].tolist() == [3, 1, 2, 0]
    assert working.products[:4].tolist() == [3, 1, 2, 0]
    assert working.barred[:4].tolist() == [False, False, False, True]
    assert np.array_equal(working.samples[:4], columns[[3, 1, 2, 0]])


@pytest.mark.parametrize("count", [1, 16, 19])
def test_solutions_and_residuals(count: int) -> None:
    generator = np.random.default_rng(count)
    columns, target, residual = generator.normal(size=(20, 3 * LANES)), generator.normal(size=3 * LANES), np.empty(48)
    working = with_active(columns, count)
    working.products[:20] = columns @ target
    solve_signs(working, 0.25)
    chosen = columns[:count]
    expected = np.linalg.solve(chosen @ chosen.T, chosen @ target - 0.25 * working.signs[:count])
    np.testing.assert_allclose(working.spare[1, :count], expected, rtol=1e-9, atol=1e-12)
    find_residual(working, target, residual)
    np.testing.assert_allclose(residual, target - working.weights[:count] @ chosen, atol=1e-12)
