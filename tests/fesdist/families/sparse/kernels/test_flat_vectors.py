"""Vectors in flat arrays: products, multiples and copies are numpy's, and nothing beside them is touched."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.families.sparse.kernels.flat_vectors import copy, dot, subtract_multiple
from fesdist.simd.lanes import LANES


@pytest.mark.parametrize("registers", [0, 1, 3])
@pytest.mark.parametrize(("at", "to"), [(0, 0), (5, 17)])
def test_dot(registers: int, at: int, to: int) -> None:
    length = registers * LANES
    left, right = np.random.default_rng(0).normal(size=(2, length + 40))
    expected = left[at : at + length] @ right[to : to + length]
    assert dot(left, at, right, to, length) == pytest.approx(expected, rel=1e-14, abs=1e-14)


def test_products_of_integers_are_exact() -> None:
    left = np.full(4096, 255.0)
    assert dot(left, 0, left, 0, 4096) == 4096 * 255**2


@pytest.mark.parametrize("length", [0, 1, 15, 37])
def test_copy_ends_where_it_should(length: int) -> None:
    source, target = np.arange(50.0), np.full(60, -1.0)
    copy(source, 7, target, 3, length)
    expected = np.full(60, -1.0)
    expected[3 : 3 + length] = source[7 : 7 + length]
    assert np.array_equal(target, expected)


@pytest.mark.parametrize("factor", [0.0, -1.75])
def test_subtract_multiple(factor: float) -> None:
    left, right = np.random.default_rng(0).normal(size=(2, 3 * LANES))
    before = right.copy()
    subtract_multiple(np.array([9.0, factor]), 1, left, LANES, right, LANES)
    np.testing.assert_allclose(right[:LANES], before[:LANES] - factor * left[LANES : 2 * LANES], rtol=1e-14)
    assert np.array_equal(right[LANES:], before[LANES:])
