"""From planes to weights: reads each pixel's normal equations out of the sums, solves them, and files the solutions."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.simd.cholesky import Workspace, factor_and_solve, workspace
from fesdist.simd.kernel import inlined, kernel
from fesdist.simd.lanes import LANES, load, load_as_float64, scale, store

Array = NDArray[Any]


class Equations(NamedTuple):
    """Where the normal equations of a pixel are in a line of sums: entry e is factors[e] × line[entries[e] + pixel].

    With m taps there are m + 1 unknowns, the bias last. Entries list the lower triangle of the matrix row after row,
    but without the bias's own entry, which is no sum; then for each expression its m + 1 right-hand sides.
    """

    entries: Array
    """(entry,) int64."""
    factors: Array
    """(entry,) float64."""
    taps: int
    expressions: int


class Pixels(NamedTuple):
    """Positions of a block's pixels in a line of sums: pixel (row, col) is at origin + row × stride + col."""

    origin: int
    stride: int


class Solution(NamedTuple):
    """What is found for each pixel and written."""

    weights: Array
    """(expression, tap, row, col) float64."""
    bias: Array
    """(expression, row, col) float64."""
    norm: Array
    """(expression, row, col) float64: |bias| + Σ |weight|."""
    status: Array
    """(row, col) uint8: 1 where a pivot was not positive; weights are then 0, and the bias is the mean target."""


def solve_windows(
    sums: Array, equations: Equations, ridges: Array, corner: float, pixels: Pixels, solution: Solution
) -> None:
    """Solve the ridge systems of a block's pixels, `LANES` at a time, and fill `solution`.

    `sums` is (plane, length) int64 or float64, C-contiguous, with `LANES` elements to spare at the end. `ridges`, (row,
    col) float64 with `LANES` columns to spare, is added along the diagonal; `corner` is the bias's own entry, by which
    the last right-hand side, Σ t, is divided for the mean target.
    """
    systems = workspace(equations.taps + 1, equations.expressions)
    _solve_blocks(sums.reshape(-1), equations, ridges, corner, pixels, systems, solution)


@kernel
def _solve_blocks(
    sums: Array,
    equations: Equations,
    ridges: Array,
    corner: float,
    pixels: Pixels,
    systems: Workspace,
    solution: Solution,
) -> None:
    entries, factors, taps, n_expressions = equations
    weights, bias, norm, status = solution
    rows, cols = status.shape
    order = systems.matrix.shape[1]
    first = order - taps - 1
    line = systems.matrix.reshape(-1)
    width, smallest = -(-cols // LANES) * LANES, np.empty(LANES)
    # A row is filed when it is whole: planes of weights lie so far apart that parts of it would drive out each other.
    found_row = np.empty((n_expressions, taps + 1, width))
    found_line = found_row.reshape(-1)
    for row in range(rows):
        for col in range(0, cols, LANES):
            # The last block of a row reaches beyond the tile; its further pixels are solved too, and dropped.
            at = pixels.origin + row * pixels.stride + col
            assemble(sums, at, equations, ridges[row], col, corner, systems)
            factor_and_solve(systems, taps + 1)
            smallest_pivots(systems.inverse, first, smallest)
            for lane in range(min(LANES, cols - col)):
                status[row, col + lane] = smallest[lane] <= 0.0
            for expression in range(n_expressions):
                found = ((order + expression) * order + first) * LANES
                to = expression * (taps + 1) * width + col
                for unknown in range(taps + 1):
                    store(found_line, to + unknown * width, load(line, found + unknown * LANES))
                mean = mean_entry(equations, expression)
                for lane in range(min(LANES, cols - col)):
                    if status[row, col + lane] != 0:
                        found_row[expression, :taps, col + lane] = 0.0
                        found_row[expression, taps, col + lane] = (
                            sums[entries[mean] + at + lane] * factors[mean] / corner
                        )
        for expression in range(n_expressions):
            of_row, norm_row = found_row[expression], norm[expression, row]
            norm_row[:] = 0.0
            _file(of_row[taps], bias[expression, row], norm_row)
            for tap in range(taps):
                _file(of_row[tap], weights[expression, tap, row], norm_row)


@inlined
def _file(found: Array, filed: Array, norm: Array) -> None:
    """Copy what is found of a row, and add its magnitude to the norm."""
    # One by one: numba's own assignment brings a second of compiling, for the text of its error.
    for col in range(len(filed)):
        filed[col] = found[col]
        norm[col] += abs(found[col])


@inlined
def assemble(
    sums: Array, at: int, equations: Equations, ridges: Array, col: int, corner: float, systems: Workspace
) -> None:
    """Fill the workspace with the systems of the pixels from `at` on, with the ridges `ridges[col:]`."""
    entries, factors, taps, n_expressions = equations
    order = systems.matrix.shape[1]
    line = systems.matrix.reshape(-1)
    first = order - taps - 1
    entry = 0
    for i in range(taps + 1):
        n = min(i + 1, taps)
        _read_row(sums, at, entries, factors, entry, n, line, ((first + i) * order + first) * LANES)
        entry += n
    for expression in range(n_expressions):
        to = ((order + expression) * order + first) * LANES
        _read_row(sums, at, entries, factors, entry, taps + 1, line, to)
        entry += taps + 1
    add_ridges(systems, taps + 1, ridges, col, corner)


@inlined
def add_ridges(systems: Workspace, unknowns: int, ridges: Array, col: int, corner: float) -> None:
    """Add the ridges `ridges[col:]` along the diagonal of a register of systems, and set the bias's own entry."""
    order, line = systems.matrix.shape[1], systems.matrix.reshape(-1)
    for i in range(order - unknowns, order):
        diagonal = (i * order + i) * LANES
        for lane in range(LANES):
            line[diagonal + lane] = ridges[col + lane] + (line[diagonal + lane] if i < order - 1 else corner)


@inlined
def mean_entry(equations: Equations, expression: int) -> int:
    """Return the number of the entry that holds Σ t of an expression: its last right-hand side."""
    following = equations.expressions - 1 - expression
    return len(equations.entries) - 1 - following * (equations.taps + 1)


@inlined
def smallest_pivots(inverse: Array, first: int, smallest: Array) -> None:
    """Set `smallest` to the smallest of the inverse pivots of each lane: 0 where a pivot was not positive.

    `first` is where the unknowns begin.
    """
    for lane in range(LANES):
        smallest[lane] = inverse[first, lane]
    for i in range(first + 1, len(inverse)):
        for lane in range(LANES):
            smallest[lane] = min(smallest[lane], inverse[i, lane])


@inlined
def _read_row(sums: Array, at: int, entries: Array, factors: Array, entry: int, n: int, line: Array, to: int) -> None:
    """Read `n` entries of a block's systems from `entry` on into registers side by side."""
    for k in range(n):
        store(line, to + k * LANES, scale(load_as_float64(sums, entries[entry + k] + at), factors[entry + k]))
