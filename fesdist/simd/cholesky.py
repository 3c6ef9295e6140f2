"""Symmetric positive definite systems, one a lane: a register of pixels is factored and solved at once.

A = L D Lᵀ with unit lower triangular L, in blocks of four columns. The matrices of sixteen pixels are interleaved:
entry (i, k) of all sixteen lies together. As many as one register of the CPU holds share every instruction; then come
the next, so that the sums of a tile stay in registers (two rows of a block, or all four with AVX-512) and V in the
first cache. Only V = L D is kept, in the lower triangle; the four rows of L that a panel needs are scaled from it.
Right-hand sides are further rows below the matrix: what turns a row of A into a row of V turns bᵀ into
(D Lᵀ x)ᵀ = (L⁻¹ b)ᵀ, so forward substitution costs no code.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fesdist.simd.lanes import LANES, PART, load_part, multiply, multiply_subtract, positive_reciprocal, store

Array = NDArray[Any]

TALL = PART == 8
"""Whether registers are enough for two tiles, one below the other: their sixteen sums, and what is multiplied."""

PANEL = 4
"""Columns eliminated together; two rows of them make a tile of eight sums, which hide the latency of products."""


class Workspace(NamedTuple):
    """A block's systems while they are solved, float64; to compiled code it is one argument."""

    matrix: Array
    """(order + right-hand sides, order, LANES), both made up to whole tiles. Unknowns are the *last* ones of the order,
    those before them have the identity's rows and cost next to nothing; right-hand side r is row `order + r`."""
    inverse: Array
    """Inverse pivots (order, LANES)."""
    factor: Array
    """V and the right-hand sides of `PART` lanes, as `matrix`: near each other, they stay in the first cache."""
    panel: Array
    """Scaled rows of four columns (order, PANEL, PART)."""


def workspace_shapes(unknowns: int, right_hand_sides: int) -> tuple[tuple[int, ...], ...]:
    """Return the shapes of the arrays of `workspace`."""
    order = -(-unknowns // PANEL) * PANEL
    rows = order + -(-right_hand_sides // 2) * 2
    return (rows, order, LANES), (order, LANES), (rows, order, PART), (order, PANEL, PART)


def workspace(unknowns: int, right_hand_sides: int) -> Workspace:
    """Return the arrays of `factor_and_solve`."""
    made = Workspace(*(np.zeros(shape) for shape in workspace_shapes(unknowns, right_hand_sides)))
    spare = np.arange(made.matrix.shape[1] - unknowns)
    made.matrix[spare, spare] = 1.0
    return made


@njit(nogil=True, inline="always")
def _load_tile(line: Array, at: int, next_row: int, step: int) -> Any:
    """Return two rows of four columns, which lie `step` numbers apart."""
    below = at + next_row
    return (
        load_part(line, at),
        load_part(line, at + step),
        load_part(line, at + 2 * step),
        load_part(line, at + 3 * step),
        load_part(line, below),
        load_part(line, below + step),
        load_part(line, below + 2 * step),
        load_part(line, below + 3 * step),
    )


@njit(nogil=True, inline="always")
def _store_tile(line: Array, at: int, next_row: int, step: int, tile: Any) -> None:
    a0, a1, a2, a3, b0, b1, b2, b3 = tile
    below = at + next_row
    store(line, at, a0)
    store(line, at + step, a1)
    store(line, at + 2 * step, a2)
    store(line, at + 3 * step, a3)
    store(line, below, b0)
    store(line, below + step, b1)
    store(line, below + 2 * step, b2)
    store(line, below + 3 * step, b3)


@njit(nogil=True, inline="always")
def _subtract_products(
    tile: Any, left: Array, at: int, next_row: int, right: Array, k_at: int, next_k: int, n: int
) -> Any:
    """Return tile[r, c] - Σ_k left[r, k] × right[k, c] for n values of k."""
    a0, a1, a2, a3, b0, b1, b2, b3 = tile
    for _ in range(n):
        x, y = load_part(left, at), load_part(left, at + next_row)
        u = load_part(right, k_at)
        a0, b0 = multiply_subtract(a0, x, u), multiply_subtract(b0, y, u)
        u = load_part(right, k_at + PART)
        a1, b1 = multiply_subtract(a1, x, u), multiply_subtract(b1, y, u)
        u = load_part(right, k_at + 2 * PART)
        a2, b2 = multiply_subtract(a2, x, u), multiply_subtract(b2, y, u)
        u = load_part(right, k_at + 3 * PART)
        a3, b3 = multiply_subtract(a3, x, u), multiply_subtract(b3, y, u)
        at += PART
        k_at += next_k
    return a0, a1, a2, a3, b0, b1, b2, b3


@njit(nogil=True, inline="always")
def _subtract_products_twice(
    upper: Any, lower: Any, left: Array, at: int, next_row: int, right: Array, k_at: int, next_k: int, n: int
) -> Any:
    """Return what `_subtract_products` returns of two tiles, one below the other, each number of `right` read once."""
    a0, a1, a2, a3, b0, b1, b2, b3 = upper
    c0, c1, c2, c3, d0, d1, d2, d3 = lower
    row2, row3 = 2 * next_row, 3 * next_row
    for _ in range(n):
        x, y = load_part(left, at), load_part(left, at + next_row)
        z, w = load_part(left, at + row2), load_part(left, at + row3)
        u = load_part(right, k_at)
        a0, b0 = multiply_subtract(a0, x, u), multiply_subtract(b0, y, u)
        c0, d0 = multiply_subtract(c0, z, u), multiply_subtract(d0, w, u)
        u = load_part(right, k_at + PART)
        a1, b1 = multiply_subtract(a1, x, u), multiply_subtract(b1, y, u)
        c1, d1 = multiply_subtract(c1, z, u), multiply_subtract(d1, w, u)
        u = load_part(right, k_at + 2 * PART)
        a2, b2 = multiply_subtract(a2, x, u), multiply_subtract(b2, y, u)
        c2, d2 = multiply_subtract(c2, z, u), multiply_subtract(d2, w, u)
        u = load_part(right, k_at + 3 * PART)
        a3, b3 = multiply_subtract(a3, x, u), multiply_subtract(b3, y, u)
        c3, d3 = multiply_subtract(c3, z, u), multiply_subtract(d3, w, u)
        at += PART
        k_at += next_k
    return (a0, a1, a2, a3, b0, b1, b2, b3), (c0, c1, c2, c3, d0, d1, d2, d3)


@njit(nogil=True, inline="always")
def _factor_diagonal(line: Array, at: int, next_row: int, inverse: Array, panel: Array, column: int) -> None:
    """Factor the 4 x 4 block at `at`: V in place, 1 / D into `inverse`, L into the panel's rows from `column` on."""
    for k in range(PANEL):
        reciprocal = positive_reciprocal(load_part(line, at + k * next_row + k * PART))
        store(inverse, (column + k) * LANES, reciprocal)
        for i in range(k + 1, PANEL):
            v = load_part(line, at + i * next_row + k * PART)
            store(panel, ((column + k) * PANEL + i) * PART, multiply(v, reciprocal))
            for c in range(k + 1, i + 1):
                entry = at + i * next_row + c * PART
                scaled = load_part(panel, ((column + k) * PANEL + c) * PART)
                store(line, entry, multiply_subtract(load_part(line, entry), v, scaled))


@njit(nogil=True, inline="always")
def _factor_tiles(upper: Any, lower: Any, inverse: Array, panel: Array, column: int) -> Any:
    """Return the two tiles of a diagonal block as `_factor_diagonal` leaves it, which never leaves the registers."""
    a0, a1, a2, a3, b0, b1, b2, b3 = upper
    c0, c1, c2, c3, d0, d1, d2, d3 = lower
    row0, row1 = column * PANEL * PART, (column + 1) * PANEL * PART
    row2 = (column + 2) * PANEL * PART
    reciprocal = positive_reciprocal(a0)
    store(inverse, column * LANES, reciprocal)
    x, y, z = multiply(b0, reciprocal), multiply(c0, reciprocal), multiply(d0, reciprocal)
    b1, c1, d1 = multiply_subtract(b1, b0, x), multiply_subtract(c1, c0, x), multiply_subtract(d1, d0, x)
    c2, d2, d3 = multiply_subtract(c2, c0, y), multiply_subtract(d2, d0, y), multiply_subtract(d3, d0, z)
    store(panel, row0 + PART, x)
    store(panel, row0 + 2 * PART, y)
    store(panel, row0 + 3 * PART, z)
    reciprocal = positive_reciprocal(b1)
    store(inverse, (column + 1) * LANES, reciprocal)
    y, z = multiply(c1, reciprocal), multiply(d1, reciprocal)
    c2, d2, d3 = multiply_subtract(c2, c1, y), multiply_subtract(d2, d1, y), multiply_subtract(d3, d1, z)
    store(panel, row1 + 2 * PART, y)
    store(panel, row1 + 3 * PART, z)
    reciprocal = positive_reciprocal(c2)
    store(inverse, (column + 2) * LANES, reciprocal)
    z = multiply(d2, reciprocal)
    d3 = multiply_subtract(d3, d2, z)
    store(panel, row2 + 3 * PART, z)
    store(inverse, (column + 3) * LANES, positive_reciprocal(d3))
    return (a0, a1, a2, a3, b0, b1, b2, b3), (c0, c1, c2, c3, d0, d1, d2, d3)


@njit(nogil=True, inline="always")
def _eliminate_within(tile: Any, panel: Array, at: int) -> Any:
    """Return the tile with its columns eliminated from each other, by the 4 x 4 triangle of L at `at`."""
    a0, a1, a2, a3, b0, b1, b2, b3 = tile
    row1, row2 = at + PANEL * PART, at + 2 * PANEL * PART
    factor = load_part(panel, at + PART)
    a1, b1 = multiply_subtract(a1, a0, factor), multiply_subtract(b1, b0, factor)
    factor = load_part(panel, at + 2 * PART)
    a2, b2 = multiply_subtract(a2, a0, factor), multiply_subtract(b2, b0, factor)
    factor = load_part(panel, at + 3 * PART)
    a3, b3 = multiply_subtract(a3, a0, factor), multiply_subtract(b3, b0, factor)
    factor = load_part(panel, row1 + 2 * PART)
    a2, b2 = multiply_subtract(a2, a1, factor), multiply_subtract(b2, b1, factor)
    factor = load_part(panel, row1 + 3 * PART)
    a3, b3 = multiply_subtract(a3, a1, factor), multiply_subtract(b3, b1, factor)
    factor = load_part(panel, row2 + 3 * PART)
    a3, b3 = multiply_subtract(a3, a2, factor), multiply_subtract(b3, b2, factor)
    return a0, a1, a2, a3, b0, b1, b2, b3


@njit(nogil=True, inline="always")
def _substitute_within(tile: Any, line: Array, at: int, next_row: int, inverse: Array, column: int) -> Any:
    """Return the four unknowns of the tile's two right-hand sides; the triangle of V is at `at`."""
    a0, a1, a2, a3, b0, b1, b2, b3 = tile
    row1, row2, row3 = at + next_row, at + 2 * next_row, at + 3 * next_row
    d = load_part(inverse, (column + 3) * LANES)
    a3, b3 = multiply(a3, d), multiply(b3, d)
    v = load_part(line, row3 + 2 * PART)
    a2, b2 = multiply_subtract(a2, a3, v), multiply_subtract(b2, b3, v)
    v = load_part(line, row3 + PART)
    a1, b1 = multiply_subtract(a1, a3, v), multiply_subtract(b1, b3, v)
    v = load_part(line, row3)
    a0, b0 = multiply_subtract(a0, a3, v), multiply_subtract(b0, b3, v)
    d = load_part(inverse, (column + 2) * LANES)
    a2, b2 = multiply(a2, d), multiply(b2, d)
    v = load_part(line, row2 + PART)
    a1, b1 = multiply_subtract(a1, a2, v), multiply_subtract(b1, b2, v)
    v = load_part(line, row2)
    a0, b0 = multiply_subtract(a0, a2, v), multiply_subtract(b0, b2, v)
    d = load_part(inverse, (column + 1) * LANES)
    a1, b1 = multiply(a1, d), multiply(b1, d)
    v = load_part(line, row1)
    a0, b0 = multiply_subtract(a0, a1, v), multiply_subtract(b0, b1, v)
    d = load_part(inverse, column * LANES)
    return multiply(a0, d), a1, a2, a3, multiply(b0, d), b1, b2, b3


@njit(nogil=True, cache=True)
def factor_and_solve(systems: Workspace, unknowns: int) -> None:
    """Solve the block's systems in place: the rows of right-hand sides become the solutions.

    Arrays as `workspace` makes them, with the lower triangle of the last `unknowns` rows and columns filled in.
    `inverse` becomes 1 / D, and 0 where a pivot was not positive; the solutions of such a lane are finite, and
    meaningless.
    """
    line, scales = systems.matrix.reshape(-1), systems.inverse.reshape(-1)
    rows = len(systems.matrix)
    for part in range(0, LANES, PART):
        _solve_part(line[part:], scales[part:], systems.factor.reshape(-1), systems.panel.reshape(-1), rows, unknowns)


@njit(nogil=True)
def _solve_part(line: Array, scales: Array, own: Array, scaled: Array, rows: int, unknowns: int) -> None:
    """Solve `PART` of the lanes: those with which the flat arrays of matrices and inverse pivots begin."""
    order = len(own) // (rows * PART)
    next_given, next_row = order * LANES, order * PART
    spare = order - unknowns
    first = spare * PART
    for column in range(0, order, PANEL):
        done = max(column - spare, 0)
        for k in range(spare, column):
            reciprocal = load_part(scales, k * LANES)
            for c in range(PANEL):
                v = load_part(own, (column + c) * next_row + k * PART)
                store(scaled, (k * PANEL + c) * PART, multiply(v, reciprocal))
        for row in range(column, order if TALL else column, PANEL):
            given, at, below = row * next_given + column * LANES, row * next_row + column * PART, 2 * next_row
            upper = _load_tile(line, given, next_given, LANES)
            lower = _load_tile(line, given + 2 * next_given, next_given, LANES)
            left = row * next_row + first
            upper, lower = _subtract_products_twice(
                upper, lower, own, left, next_row, scaled, first * PANEL, PANEL * PART, done
            )
            if row == column:
                upper, lower = _factor_tiles(upper, lower, scales, scaled, column)
            else:
                upper = _eliminate_within(upper, scaled, column * PANEL * PART)
                lower = _eliminate_within(lower, scaled, column * PANEL * PART)
            _store_tile(own, at, next_row, PART, upper)
            _store_tile(own, at + below, next_row, PART, lower)
        for row in range(order if TALL else column, rows, 2):
            tile = _load_tile(line, row * next_given + column * LANES, next_given, LANES)
            tile = _subtract_products(
                tile, own, row * next_row + first, next_row, scaled, first * PANEL, PANEL * PART, done
            )
            if row >= column + PANEL:
                tile = _eliminate_within(tile, scaled, column * PANEL * PART)
            _store_tile(own, row * next_row + column * PART, next_row, PART, tile)
            if row == column + 2:
                _factor_diagonal(own, column * next_row + column * PART, next_row, scales, scaled, column)
    for row in range(order, rows, 2):
        for column in range(order - PANEL, -1, -PANEL):
            at = row * next_row + column * PART
            below = column + PANEL
            tile = _load_tile(own, at, next_row, PART)
            tile = _subtract_products(
                tile,
                own,
                at + PANEL * PART,
                next_row,
                own,
                below * next_row + column * PART,
                next_row,
                order - below,
            )
            tile = _substitute_within(tile, own, column * next_row + column * PART, next_row, scales, column)
            _store_tile(own, at, next_row, PART, tile)
            _store_tile(line, row * next_given + column * LANES, next_given, LANES, tile)
