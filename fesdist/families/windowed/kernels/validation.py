"""Errors on a fold's samples of the windows fitted on all others, read from sums alone: no sample is seen again."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fesdist.families.windowed.kernels.systems import Equations, Pixels, assemble, has_bad_pivot, mean_entry
from fesdist.simd.cholesky import Workspace, factor_and_solve, workspace
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


class Known(NamedTuple):
    """Sums of a block over some people, and how many of them there are."""

    line: Array
    """The sums as `Equations` point into them, flat, int64 or float64."""
    corner: float
    """The bias's own entry: the number of samples, in the units of the other entries."""


def validate_windows(
    outside: Known, within: Known, equations: Equations, squares: Array, ridges: Array, pixels: Pixels, errors: Array
) -> None:
    """Fill `errors` with Σ_n (t_n - wᵀx_n)² over the samples `within` a fold, w being fitted on those `outside` it.

    w solves (M + ridge I) w = r with M and r of `outside`; the error is s - 2 wᵀr' + wᵀM'w with M', r' and the sum s of
    squared targets of `within`, at the positions `squares` (expression,) int64. `ridges` is (ridge,) float64, `errors`
    (ridge, expression, row, col) float64. A pixel with a pivot that is not positive is judged by the mean target
    outside the fold.
    """
    systems = workspace(equations.taps + 1, equations.expressions)
    _validate(outside, within, equations, squares, ridges, pixels, systems, errors)


@njit(nogil=True, cache=True)
def _validate(
    outside: Known,
    within: Known,
    equations: Equations,
    squares: Array,
    ridges: Array,
    pixels: Pixels,
    systems: Workspace,
    errors: Array,
) -> None:
    entries, factors, taps, n_expressions = equations
    n_ridges, _, rows, cols = errors.shape
    order = systems.matrix.shape[1]
    first = order - taps - 1
    line = systems.matrix.reshape(-1)
    # A block's entries are read once for all ridges: then they lie side by side, in the units of the equations.
    gathered = Equations(np.arange(len(entries)) * LANES, np.ones(len(entries)), taps, n_expressions)
    fitted, judged = np.empty(len(entries) * LANES), np.empty(len(entries) * LANES)
    same, error = np.empty(LANES), np.empty(LANES)
    for row in range(rows):
        for col in range(0, cols, LANES):
            at = pixels.origin + row * pixels.stride + col
            for entry in range(len(entries)):
                of_others = load_as_float64(outside.line, entries[entry] + at)
                store(fitted, entry * LANES, scale(of_others, factors[entry]))
                of_fold = load_as_float64(within.line, entries[entry] + at)
                store(judged, entry * LANES, scale(of_fold, factors[entry]))
            for number in range(n_ridges):
                same[:] = ridges[number]
                assemble(fitted, 0, gathered, same, 0, outside.corner, systems)
                factor_and_solve(systems, taps + 1)
                for lane in range(LANES):
                    if has_bad_pivot(systems.inverse, first, lane):
                        _predict_mean(line, order, fitted, outside.corner, equations, lane)
                for expression in range(n_expressions):
                    solution = ((order + expression) * order + first) * LANES
                    sides = len(entries) - (n_expressions - expression) * (taps + 1)
                    of_targets = load_as_float64(within.line, squares[expression] + at)
                    store(error, 0, _error(of_targets, line, solution, judged, sides, within.corner, taps))
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
def _predict_mean(line: Array, order: int, fitted: Array, corner: float, equations: Equations, lane: int) -> None:
    taps = equations.taps
    for expression in range(equations.expressions):
        solution = ((order + expression) * order + order - taps - 1) * LANES
        for tap in range(taps):
            line[solution + tap * LANES + lane] = 0.0
        line[solution + taps * LANES + lane] = fitted[mean_entry(equations, expression) * LANES + lane] / corner
