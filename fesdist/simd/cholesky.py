"""Symmetric positive definite systems, one a lane: a register of pixels is factored and solved at once.

A = L D Lᵀ with unit lower triangular L, in tiles of four rows and columns. Matrices of sixteen pixels are
interleaved: entry (i, k) of all sixteen lies together. As many as one register of the CPU holds share every
instruction; then come the next, so that the sums of a tile stay in registers (two rows of it, or all four with
AVX-512) and what is made of them in the first cache, packed as it is read: four rows side by side, column after
column. These are rows of V = L D until their own diagonal is reached, from where on only L is needed of them.
Right-hand sides are further rows below the matrix: what turns a row of A into a row of V turns bᵀ into (D Lᵀ x)ᵀ.
"""

from __future__ import annotations

import math
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.simd import aligned
from fesdist.simd.kernel import inlined, kernel
from fesdist.simd.lanes import LANES, PART, load_part, multiply, multiply_subtract, positive_reciprocal, store

Array = NDArray[Any]

TALL = PART == 8
"""Whether registers are enough for the sums of four rows and columns, and what is multiplied."""

PANEL = 4
"""Rows and columns of a tile: sixteen sums, or two rows of them, hide the latency of products."""


class Workspace(NamedTuple):
    """A block's systems while they are solved, float64; to compiled code it is one argument."""

    matrix: Array
    """(order + right-hand sides, order, LANES), order made up to whole tiles. Unknowns are the *last* ones of the
    order, those before them have the identity's rows and cost next to nothing; right-hand side r is row `order + r`."""
    inverse: Array
    """1 / D, (order, LANES)."""
    factor: Array
    """V, then L, below the diagonal, and the right-hand sides of `PART` lanes, flat: entry (4 i + r, k) is register
    8 i (i + 1) + 4 k + r; right-hand sides follow, row after row."""


def workspace_shapes(unknowns: int, right_hand_sides: int) -> tuple[tuple[int, ...], ...]:
    """Return the shapes of the arrays of `workspace`."""
    order = -(-unknowns // PANEL) * PANEL
    panels = order // PANEL
    registers = panels * (panels + 1) // 2 * PANEL * PANEL + right_hand_sides * order
    return (order + right_hand_sides, order, LANES), (order, LANES), (registers * PART,)


def workspace(unknowns: int, right_hand_sides: int) -> Workspace:
    """Return the arrays of `factor_and_solve`."""
    shapes = workspace_shapes(unknowns, right_hand_sides)
    *stops, n_values = accumulate(math.prod(shape) for shape in shapes)
    arrays = np.split(aligned.zeros((n_values,), np.float64), stops)
    made = Workspace(*(array.reshape(shape) for array, shape in zip(arrays, shapes, strict=True)))
    for spare in range(made.matrix.shape[1] - unknowns):
        made.matrix[spare, spare] = 1.0
    return made


class _Part(NamedTuple):
    """`PART` lanes of a workspace, its arrays flat."""

    given: Array
    """The matrix, from its first of these lanes on."""
    inverse: Array
    """As `given`."""
    factor: Array
    order: int
    spare: int
    """Rows and columns before the unknowns."""


@inlined
def _load_four(line: Array, at: int, step: int) -> Any:
    """Return four registers of a line, which lie `step` numbers apart."""
    return (
        load_part(line, at),
        load_part(line, at + step),
        load_part(line, at + 2 * step),
        load_part(line, at + 3 * step),
    )


@inlined
def _store_four(line: Array, at: int, step: int, values: Any) -> None:
    store(line, at, values[0])
    store(line, at + step, values[1])
    store(line, at + 2 * step, values[2])
    store(line, at + 3 * step, values[3])


@inlined
def _rows_from(row: int) -> int:
    """Return where the four rows from `row` on begin in the factor."""
    return row * (row + PANEL) // 2 * PART


@inlined
def _less_product(row: Any, left: Any, right: Any) -> Any:
    """Return row[c] - left × right[c] of four columns."""
    return (
        multiply_subtract(row[0], left, right[0]),
        multiply_subtract(row[1], left, right[1]),
        multiply_subtract(row[2], left, right[2]),
        multiply_subtract(row[3], left, right[3]),
    )


@inlined
def _eliminate(part: _Part, column: int, row: Any) -> Any:
    """Return four entries of V from what is left of a row of A at these columns."""
    line, at = part.factor, _rows_from(column) + column * PANEL * PART
    a0, a1, a2, a3 = row
    a1 = multiply_subtract(a1, a0, load_part(line, at + PART))
    a2 = multiply_subtract(a2, a0, load_part(line, at + 2 * PART))
    a2 = multiply_subtract(a2, a1, load_part(line, at + 6 * PART))
    a3 = multiply_subtract(a3, a0, load_part(line, at + 3 * PART))
    a3 = multiply_subtract(a3, a1, load_part(line, at + 7 * PART))
    return a0, a1, a2, multiply_subtract(a3, a2, load_part(line, at + 11 * PART))


@inlined
def _substitute(part: _Part, column: int, row: Any) -> Any:
    """Return four unknowns from what is left of Lᵀ x at these columns."""
    line, at = part.factor, _rows_from(column) + column * PANEL * PART
    a0, a1, a2, a3 = row
    a2 = multiply_subtract(a2, a3, load_part(line, at + 11 * PART))
    a1 = multiply_subtract(a1, a3, load_part(line, at + 7 * PART))
    a1 = multiply_subtract(a1, a2, load_part(line, at + 6 * PART))
    a0 = multiply_subtract(a0, a3, load_part(line, at + 3 * PART))
    a0 = multiply_subtract(a0, a2, load_part(line, at + 2 * PART))
    return multiply_subtract(a0, a1, load_part(line, at + PART)), a1, a2, a3


@inlined
def _factor_diagonal(part: _Part, column: int) -> None:
    """Make four rows of V those of L, and find L and 1 / D of their own tile, which is on the diagonal."""
    given, line, next_row = part.given, part.factor, part.order * LANES
    own = column * (next_row + LANES)
    a0, b0, c0, d0 = _load_four(given, own, next_row)
    _, b1, c1, d1 = _load_four(given, own + LANES, next_row)
    _, _, c2, d2 = _load_four(given, own + 2 * LANES, next_row)
    d3 = load_part(given, own + 3 * next_row + 3 * LANES)
    first = _rows_from(column)
    for k in range(part.spare, column):
        at, inverse = first + k * PANEL * PART, load_part(part.inverse, k * LANES)
        va, vb, vc, vd = _load_four(line, at, PART)
        la, lb, lc, ld = multiply(va, inverse), multiply(vb, inverse), multiply(vc, inverse), multiply(vd, inverse)
        _store_four(line, at, PART, (la, lb, lc, ld))
        a0 = multiply_subtract(a0, va, la)
        b0, b1 = multiply_subtract(b0, vb, la), multiply_subtract(b1, vb, lb)
        c0, c1, c2 = multiply_subtract(c0, vc, la), multiply_subtract(c1, vc, lb), multiply_subtract(c2, vc, lc)
        d0, d1 = multiply_subtract(d0, vd, la), multiply_subtract(d1, vd, lb)
        d2, d3 = multiply_subtract(d2, vd, lc), multiply_subtract(d3, vd, ld)
    inverse0 = positive_reciprocal(a0)
    l10, l20, l30 = multiply(b0, inverse0), multiply(c0, inverse0), multiply(d0, inverse0)
    b1, c1, d1 = multiply_subtract(b1, b0, l10), multiply_subtract(c1, c0, l10), multiply_subtract(d1, d0, l10)
    c2, d2, d3 = multiply_subtract(c2, c0, l20), multiply_subtract(d2, d0, l20), multiply_subtract(d3, d0, l30)
    inverse1 = positive_reciprocal(b1)
    l21, l31 = multiply(c1, inverse1), multiply(d1, inverse1)
    c2, d2, d3 = multiply_subtract(c2, c1, l21), multiply_subtract(d2, d1, l21), multiply_subtract(d3, d1, l31)
    inverse2 = positive_reciprocal(c2)
    l32 = multiply(d2, inverse2)
    inverse3 = positive_reciprocal(multiply_subtract(d3, d2, l32))
    _store_four(part.inverse, column * LANES, LANES, (inverse0, inverse1, inverse2, inverse3))
    to = first + column * PANEL * PART
    store(line, to + PART, l10)
    store(line, to + 2 * PART, l20)
    store(line, to + 3 * PART, l30)
    store(line, to + 6 * PART, l21)
    store(line, to + 7 * PART, l31)
    store(line, to + 11 * PART, l32)


@inlined
def _factor_two(part: _Part, row: int, column: int) -> None:
    """Find two rows of V at four columns."""
    line, next_row = part.given, part.order * LANES
    given, first, within = row * next_row + column * LANES, _rows_from(row - row % PANEL), row % PANEL * PART
    a, b = _load_four(line, given, LANES), _load_four(line, given + next_row, LANES)
    right = _rows_from(column)
    for k in range(part.spare * PANEL * PART, column * PANEL * PART, PANEL * PART):
        above, at = _load_four(part.factor, right + k, PART), first + within + k
        a = _less_product(a, load_part(part.factor, at), above)
        b = _less_product(b, load_part(part.factor, at + PART), above)
    to = first + within + column * PANEL * PART
    _store_four(part.factor, to, PANEL * PART, _eliminate(part, column, a))
    _store_four(part.factor, to + PART, PANEL * PART, _eliminate(part, column, b))


@inlined
def _factor_four(part: _Part, row: int, column: int) -> None:
    """Find four rows of V at four columns."""
    line, next_row = part.given, part.order * LANES
    given, first, right = row * next_row + column * LANES, _rows_from(row), _rows_from(column)
    a, b = _load_four(line, given, LANES), _load_four(line, given + next_row, LANES)
    c, d = _load_four(line, given + 2 * next_row, LANES), _load_four(line, given + 3 * next_row, LANES)
    for k in range(part.spare * PANEL * PART, column * PANEL * PART, PANEL * PART):
        above, (x, y, z, w) = _load_four(part.factor, right + k, PART), _load_four(part.factor, first + k, PART)
        a, b = _less_product(a, x, above), _less_product(b, y, above)
        c, d = _less_product(c, z, above), _less_product(d, w, above)
    a, b = _eliminate(part, column, a), _eliminate(part, column, b)
    c, d = _eliminate(part, column, c), _eliminate(part, column, d)
    to = first + column * PANEL * PART
    _store_four(part.factor, to, PANEL * PART, a)
    _store_four(part.factor, to + PART, PANEL * PART, b)
    _store_four(part.factor, to + 2 * PART, PANEL * PART, c)
    _store_four(part.factor, to + 3 * PART, PANEL * PART, d)


@inlined
def _forward(part: _Part, side: int, column: int) -> None:
    """Find four entries of D Lᵀ x."""
    row = _rows_from(part.order) + side * part.order * PART
    a = _load_four(part.given, ((part.order + side) * part.order + column) * LANES, LANES)
    right = _rows_from(column)
    for k in range(part.spare, column):
        above = _load_four(part.factor, right + k * PANEL * PART, PART)
        a = _less_product(a, load_part(part.factor, row + k * PART), above)
    _store_four(part.factor, row + column * PART, PART, _eliminate(part, column, a))


@inlined
def _backward(part: _Part, side: int, column: int) -> None:
    """Find four unknowns, those after them being found."""
    row = _rows_from(part.order) + side * part.order * PART
    a0, a1, a2, a3 = _load_four(part.factor, row + column * PART, PART)
    i0, i1, i2, i3 = _load_four(part.inverse, column * LANES, LANES)
    a = multiply(a0, i0), multiply(a1, i1), multiply(a2, i2), multiply(a3, i3)
    for later in range(column + PANEL, part.order, PANEL):
        at = _rows_from(later) + column * PANEL * PART
        for r in range(PANEL):
            below = _load_four(part.factor, at + r * PART, PANEL * PART)
            a = _less_product(a, load_part(part.factor, row + (later + r) * PART), below)
    a = _substitute(part, column, a)
    _store_four(part.factor, row + column * PART, PART, a)
    _store_four(part.given, ((part.order + side) * part.order + column) * LANES, LANES, a)


@kernel
def factor_and_solve(systems: Workspace, unknowns: int) -> None:
    """Solve the block's systems in place: the rows of right-hand sides become the solutions.

    Arrays as `workspace` makes them, with the lower triangle of the last `unknowns` rows and columns filled in.
    `inverse` becomes 1 / D, and 0 where a pivot was not positive; the solutions of such a lane are finite, and
    meaningless.
    """
    rows, order = systems.matrix.shape[:2]
    line, scales = systems.matrix.reshape(-1), systems.inverse.reshape(-1)
    # What the unknowns before them became in lanes that are no numbers would spoil these lanes for ever.
    for side in range(order, rows):
        for place in range(side * order * LANES, (side * order + order - unknowns) * LANES):
            line[place] = 0.0
    for first in range(0, LANES, PART):
        part = _Part(line[first:], scales[first:], systems.factor, order, order - unknowns)
        for column in range(0, order, PANEL):
            _factor_diagonal(part, column)
            for row in range(column + PANEL, order, PANEL):
                if TALL:
                    _factor_four(part, row, column)
                else:
                    _factor_two(part, row, column)
                    _factor_two(part, row + 2, column)
            for side in range(rows - order):
                _forward(part, side, column)
        for side in range(rows - order):
            for column in range(order - PANEL, -1, -PANEL):
                _backward(part, side, column)
