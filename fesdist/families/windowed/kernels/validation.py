"""Errors on a fold's samples of the windows fitted on all others, read from sums alone: no sample is seen again."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fesdist.families.windowed.kernels.systems import assemble, has_bad_pivot
from fesdist.simd.cholesky import factor_and_solve, workspace
from fesdist.simd.lanes import (
    LANES,
    load,
    load_as_float64,
    multiply_add,
    scale,
    store,
    subtract,
)

Array = NDArray[Any]


def validate_windows(
    total: Array,
    fold: Array,
    judged: Array,
    entries: Array,
    factors: Array,
    squares: Array,
    ridges: Array,
    corners: tuple[float, float],
    origin: int,
    stride: int,
    taps: int,
    errors: Array,
) -> None:
    """Fill `errors` with Σ_n (t_n - wᵀx_n)² over the samples of a fold, w being fitted on the samples outside it.

    w solves (M + ridge I) w = r, with M and r of `total` - `fold`; the error is s - 2 wᵀr' + wᵀM'w with M', r' and the
    sum s of squared targets of `judged`, which is `fold` unless the fit is on gray and is judged in colour.

    `total`, `fold` and `judged` are sums, `entries` and `factors` positions in them, and `origin` and `stride` the
    pixels, as in `solve_windows`; `squares` (expression,) int64 are positions of s; `ridges` (ridge,) float64;
    `corners` are the bias's own entries of M and M'. `errors` is (ridge, expression, row, col) float64. A pixel with
    a pivot that is not positive is judged by the mean target outside the fold.
    """
    n_expressions = errors.shape[1]
    matrix, inverse, panel = workspace(taps + 1, n_expressions)
    _validate(
        total.reshape(-1),
        fold.reshape(-1),
        judged.reshape(-1),
        entries,
        factors,
        squares,
        ridges,
        corners,
        origin,
        stride,
        taps,
        matrix,
        inverse,
        panel,
        errors,
    )


@njit(nogil=True, cache=True)
def _validate(
    total: Array,
    fold: Array,
    judged: Array,
    entries: Array,
    factors: Array,
    squares: Array,
    ridges: Array,
    corners: tuple[float, float],
    origin: int,
    stride: int,
    taps: int,
    matrix: Array,
    inverse: Array,
    panel: Array,
    errors: Array,
) -> None:
    n_ridges, n_expressions, rows, cols = errors.shape
    order = matrix.shape[1]
    first = order - taps - 1
    line = matrix.reshape(-1)
    positions = np.arange(len(entries)) * LANES
    ones = np.ones(len(entries))
    outside, within = np.empty(len(entries) * LANES), np.empty(len(entries) * LANES)
    same, error = np.empty(LANES), np.empty(LANES)
    corner, corner_within = corners
    for row in range(rows):
        for col in range(0, cols, LANES):
            at = origin + row * stride + col
            for entry in range(len(entries)):
                of_all = load_as_float64(total, entries[entry] + at)
                of_others = subtract(of_all, load_as_float64(fold, entries[entry] + at))
                store(outside, entry * LANES, scale(of_others, factors[entry]))
                seen = load_as_float64(judged, entries[entry] + at)
                store(within, entry * LANES, scale(seen, factors[entry]))
            for number in range(n_ridges):
                same[:] = ridges[number]
                assemble(outside, 0, positions, ones, same, 0, corner, line, order, taps, n_expressions)
                factor_and_solve(matrix, inverse, panel, taps + 1)
                for lane in range(LANES):
                    if has_bad_pivot(inverse, first, lane):
                        _predict_mean(line, outside, corner, order, taps, n_expressions, len(entries), lane)
                for expression in range(n_expressions):
                    solution = ((order + expression) * order + first) * LANES
                    sides = len(entries) - (n_expressions - expression) * (taps + 1)
                    of_targets = load_as_float64(judged, squares[expression] + at)
                    store(error, 0, _error(of_targets, line, solution, within, sides, corner_within, taps))
                    for lane in range(min(LANES, cols - col)):
                        errors[number, expression, row, col + lane] = error[lane]


@njit(nogil=True, inline="always")
def _error(of_targets: Any, line: Array, solution: int, within: Array, sides: int, corner: float, taps: int) -> Any:
    """Return s + 2 Σ_i w_i (½ M'_ii w_i + Σ_{j < i} M'_ij w_j - r'_i)."""
    error = of_targets
    entry = 0
    for i in range(taps + 1):
        own = load(line, solution + i * LANES)
        inner = scale(load(within, (sides + i) * LANES), -1.0)
        for j in range(min(i, taps)):
            inner = multiply_add(inner, load(within, (entry + j) * LANES), load(line, solution + j * LANES))
        if i < taps:
            inner = multiply_add(inner, load(within, (entry + i) * LANES), scale(own, 0.5))
            entry += i + 1
        else:
            inner = subtract(inner, scale(own, -0.5 * corner))
        error = multiply_add(error, scale(own, 2.0), inner)
    return error


@njit(nogil=True, inline="always")
def _predict_mean(
    line: Array, outside: Array, corner: float, order: int, taps: int, n_expressions: int, n_entries: int, lane: int
) -> None:
    for expression in range(n_expressions):
        solution = ((order + expression) * order + order - taps - 1) * LANES
        mean = n_entries - 1 - (n_expressions - 1 - expression) * (taps + 1)
        for tap in range(taps):
            line[solution + tap * LANES + lane] = 0.0
        line[solution + taps * LANES + lane] = outside[mean * LANES + lane] / corner
