"""Both ways to solve for the 256 outputs of a pixel give what the whole system gives: (ridge K⁻¹ + diag(m)) f = s."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.families.onepixel.kernels.intensities import INTENSITIES
from fesdist.families.onepixel.kernels.systems import Tables, solve_by_features, solve_chain

Array = NDArray[Any]

SHAPE = (2, 19)


def sums(n: int, expressions: int) -> Array:
    """Return counts of `n` samples at each pixel and sums of their targets, (row, col, 256, 1 + expression)."""
    random = np.random.default_rng(n)
    made = np.zeros((*SHAPE, INTENSITIES, 1 + expressions), np.uint32)
    for pixel in np.ndindex(*SHAPE):
        for intensity in random.integers(0, INTENSITIES, n):
            made[(*pixel, intensity)] += np.array([1, *random.integers(0, 256, expressions)], np.uint32)
    return made


def empty(expressions: int) -> Tables:
    return Tables(
        np.full((expressions, INTENSITIES, *SHAPE), np.nan),
        np.full((expressions, *SHAPE), np.nan),
        np.full(SHAPE, 9, np.uint8),
    )


def expected(known: Array, kernel: Array, ridge: float) -> Array:
    """Return f = K (ridge I + diag(m) K)⁻¹ s / 255, (expression, 256, row, col)."""
    made = np.empty((known.shape[-1] - 1, INTENSITIES, *SHAPE))
    for pixel in np.ndindex(*SHAPE):
        m, s = known[pixel][:, 0].astype(np.float64), known[pixel][:, 1:].astype(np.float64)
        coefficients = np.linalg.solve(ridge * np.eye(INTENSITIES) + m[:, None] * kernel, s)
        made[(slice(None), slice(None), *pixel)] = (kernel @ coefficients / 255).T
    return made


def norm_of(outputs: Array) -> Array:
    return np.asarray(np.abs(outputs[:, 0]) + np.abs(np.diff(outputs, axis=1)).sum(axis=1))


@pytest.mark.parametrize("n_features", [1, 3, 4, 9])
@pytest.mark.parametrize(("n", "expressions"), [(1, 1), (60, 2), (900, 3)])
def test_by_features(n: int, expressions: int, n_features: int) -> None:
    features = np.random.default_rng(0).normal(size=(INTENSITIES, n_features)) / n_features
    known, tables = sums(n, expressions), empty(expressions)
    solve_by_features(known, features, 0.4, tables)
    np.testing.assert_allclose(tables.outputs, expected(known, features @ features.T, 0.4), atol=1e-9)
    np.testing.assert_allclose(tables.norm, norm_of(tables.outputs), rtol=1e-12)
    assert not tables.status.any()


@pytest.mark.parametrize("decay", [0.0, 0.3, 0.98])
@pytest.mark.parametrize(("n", "expressions"), [(1, 1), (60, 2), (900, 3)])
def test_by_the_chain(n: int, expressions: int, decay: float) -> None:
    levels = np.arange(INTENSITIES)
    kernel = decay ** np.abs(levels[:, None] - levels)
    known, tables = sums(n, expressions), empty(expressions)
    solve_chain(known, decay, 1 / (1 - decay**2), 0.4, tables)
    np.testing.assert_allclose(tables.outputs, expected(known, kernel, 0.4), atol=1e-9)
    np.testing.assert_allclose(tables.norm, norm_of(tables.outputs), rtol=1e-12)
    assert (tables.status == 9).all()


def test_a_pivot_that_is_not_positive_gives_the_mean_target() -> None:
    known = sums(50, 2)
    known[0, 17] = 0
    known[0, 17, 100] = (50, 5000, 1000)
    tables = empty(2)
    solve_by_features(known, np.ones((INTENSITIES, 3)), 1e-20, tables)
    assert tables.status[0, 17] == 1
    np.testing.assert_allclose(tables.outputs[:, :, 0, 17], np.tile([[100 / 255], [20 / 255]], 256), rtol=1e-12)
