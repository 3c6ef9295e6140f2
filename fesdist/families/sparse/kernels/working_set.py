"""The columns of one regression and a Cholesky factor of those that are active: they join, leave and change places."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.families.sparse.kernels.flat_vectors import copy, dot, subtract_multiple
from fesdist.ground.memory import Allocation
from fesdist.simd.kernel import kernel, subkernel
from fesdist.simd.lanes import LANES

Array = NDArray[Any]

CANDIDATES = 64
"""Columns that may join a working set at a time."""

_DEPENDENT = 1e-11
"""A column whose squared distance from the span of the active ones is this part of its squared norm depends on them."""


class WorkingSet(NamedTuple):
    """Columns of one regression: the first `sizes[0]` are active, those up to `sizes[1]` are candidates."""

    sizes: Array
    """(2) int64: active columns, and all columns."""
    columns: Array
    """(column) int64: input pixels."""
    samples: Array
    """(column, sample) float64; zeros fill the samples up to whole registers."""
    products: Array
    """(column) float64: samples times target."""
    barred: Array
    """(column) bool: candidates that cannot improve the solution as it is now."""
    weights: Array
    """(active) float64."""
    signs: Array
    """(active) float64: -1 or 1."""
    factor: Array
    """(active, active) float64: the lower triangle of L Lᵀ = Zᵀ Z, zeros above it; rows are whole registers."""
    spare: Array
    """(2, active) float64: right-hand sides and solutions of triangular systems."""


def working_sets(capacity: int, length: int) -> WorkingSet:
    """Return the empty working sets of a register of regressions: each array has a dimension in front, of `LANES`.

    Each has room for `capacity` active columns, one too many, and `CANDIDATES`.
    """
    return WorkingSet(*(array.zeros() for array in working_sets_of(capacity, length)))


def working_sets_of(capacity: int, length: int) -> tuple[Allocation, ...]:
    """Return the arrays of `WorkingSet`, those of a register of regressions."""
    order = -(-(capacity + 1) // LANES) * LANES
    total = capacity + 1 + CANDIDATES
    return (
        Allocation("numbers of columns", (LANES, 2), "int64"),
        Allocation("columns", (LANES, total), "int64"),
        Allocation("samples of columns", (LANES, total, length), "float64"),
        Allocation("products of columns", (LANES, total), "float64"),
        Allocation("barred columns", (LANES, total), "bool"),
        Allocation("weights", (LANES, order), "float64"),
        Allocation("signs", (LANES, order), "float64"),
        Allocation("Cholesky factors", (LANES, order, order), "float64"),
        Allocation("triangular systems", (LANES, 2, order), "float64"),
    )


@kernel
def find_residual(working: WorkingSet, target: Array, residual: Array) -> None:
    """Set `residual` to t - Z w; both (sample) float64."""
    length = len(target)
    samples = working.samples.reshape(-1)
    copy(target, 0, residual, 0, length)
    for i in range(working.sizes[0]):
        subtract_multiple(working.weights, i, samples, i * length, residual, length)


@kernel
def swap(working: WorkingSet, one: int, other: int) -> None:
    """Exchange two columns, but for the parts that only active ones have."""
    columns, samples, products, barred = working.columns, working.samples, working.products, working.barred
    columns[one], columns[other] = columns[other], columns[one]
    products[one], products[other] = products[other], products[one]
    barred[one], barred[other] = barred[other], barred[one]
    if one != other:
        for n in range(samples.shape[1]):
            samples[one, n], samples[other, n] = samples[other, n], samples[one, n]


@kernel
def leave(working: WorkingSet, leaving: int) -> None:
    """Make an active column the first candidate."""
    last = working.sizes[0] - 1
    factor, cosines, sines = working.factor, working.spare[0], working.spare[1]
    for i in range(leaving, last):
        swap(working, i, i + 1)
        working.weights[i], working.signs[i] = working.weights[i + 1], working.signs[i + 1]
        # Without the row that leaves, L has one entry right of the diagonal in each row below; rotations of
        # neighbouring columns bring it to zero.
        row = factor[i]
        copy(factor[i + 1], 0, row, 0, i + 2)
        for k in range(leaving, i):
            left, right = row[k], row[k + 1]
            row[k] = cosines[k] * left + sines[k] * right
            row[k + 1] = cosines[k] * right - sines[k] * left
        length = np.sqrt(row[i] * row[i] + row[i + 1] * row[i + 1])
        cosines[i], sines[i] = row[i] / length, row[i + 1] / length
        row[i], row[i + 1] = length, 0.0
    working.sizes[0] = last


@kernel
def extend_factor(working: WorkingSet) -> bool:
    """Write the factor's row of the first candidate; False if its column depends on the active ones.

    `spare[0]` becomes L⁻¹ Zᵀ z in any case.
    """
    active, length = working.sizes[0], working.samples.shape[1]
    samples = working.samples.reshape(-1)
    row = working.spare[0]
    row[:] = 0.0
    at = active * length
    for i in range(active):
        row[i] = _forward(working, i, dot(samples, i * length, samples, at, length))
    norm = dot(samples, at, samples, at, length)
    distance = norm - dot(row, 0, row, 0, len(row))
    if distance <= _DEPENDENT * norm:
        return False
    copy(row, 0, working.factor[active], 0, active)
    working.factor[active, active] = np.sqrt(distance)
    return True


@kernel
def solve_signs(working: WorkingSet, penalty: float) -> None:
    """Set `spare[1]` to the solution w of L Lᵀ w = Zᵀ t - λ s."""
    active = working.sizes[0]
    row = working.spare[0]
    row[:] = 0.0
    for i in range(active):
        row[i] = _forward(working, i, working.products[i] - penalty * working.signs[i])
    solve_transposed(working, active)


@subkernel
def _forward(working: WorkingSet, i: int, value: float) -> float:
    """Return unknown i of L y = b: (b_i - Σ_k L_ik y_k) / L_ii; `spare[0]` holds y_k for k < i, and zeros."""
    order = len(working.factor)
    rest: float = value - dot(working.factor.reshape(-1), i * order, working.spare[0], 0, i)
    return rest / working.factor[i, i]  # type: ignore[no-any-return]


@subkernel
def solve_transposed(working: WorkingSet, active: int) -> None:
    """Set `spare[1]` to the solution x of Lᵀ x = y, y in `spare[0]`."""
    solution, factor = working.spare[1], working.factor.reshape(-1)
    order = len(working.factor)
    copy(working.spare[0], 0, solution, 0, order)
    for i in range(active - 1, -1, -1):
        value = solution[i] / working.factor[i, i]
        solution[i] = value
        subtract_multiple(solution, i, factor, i * order, solution, i)
        # The last register of row i reached its diagonal.
        solution[i] = value
