"""From planes to weights: reads each pixel's normal equations out of the sums, solves them, and files the solutions."""

from __future__ import annotations

from typing import Any

from numba import njit
from numpy.typing import NDArray

from fesdist.simd.cholesky import factor_and_solve, workspace
from fesdist.simd.lanes import LANES, load_as_float64, scale, store

Array = NDArray[Any]


def solve_windows(
    sums: Array,
    entries: Array,
    factors: Array,
    ridges: Array,
    corner: float,
    origin: int,
    stride: int,
    weights: Array,
    bias: Array,
    status: Array,
) -> None:
    """Solve the ridge systems of a tile's pixels, `LANES` at a time, and fill `weights`, `bias` and `status`.

    With m taps, entry e of the system of pixel (row, col) is `factors[e] * sums.ravel()[entries[e] + p]`, where
    p = origin + row * stride + col. `entries` and `factors` list the lower triangle of the m + 1 unknowns row
    after row, the bias last, but without the bias's own entry, which is `corner`; then for each expression its
    m + 1 right-hand sides. `ridges[row, col]` is added along the diagonal.

    `sums` is (plane, length) int64 or float64, C-contiguous, with `LANES` elements to spare at the end;
    `entries` int64, `factors` float64, `ridges` (row, col) float64 with `LANES` columns to spare; `weights`
    (expression, tap, row, col) and `bias` (expression, row, col) float64 and `status` (row, col) uint8 are
    written. A pixel with a pivot that is not positive gets status 1,
    weights 0, and as bias its mean target: its last right-hand side / `corner`.
    """
    n_expressions, taps = weights.shape[:2]
    matrix, inverse, panel = workspace(taps + 1, n_expressions)
    _solve_blocks(
        sums.reshape(-1),
        entries,
        factors,
        ridges,
        corner,
        origin,
        stride,
        matrix,
        inverse,
        panel,
        weights,
        bias,
        status,
    )


@njit(nogil=True, cache=True)
def _solve_blocks(
    sums: Array,
    entries: Array,
    factors: Array,
    ridges: Array,
    corner: float,
    origin: int,
    stride: int,
    matrix: Array,
    inverse: Array,
    panel: Array,
    weights: Array,
    bias: Array,
    status: Array,
) -> None:
    n_expressions, taps, rows, cols = weights.shape
    order = matrix.shape[1]
    first = order - taps - 1
    line = matrix.reshape(-1)
    for row in range(rows):
        for col in range(0, cols, LANES):
            # The last block of a row reaches beyond the tile; its further pixels are solved too, and dropped.
            at = origin + row * stride + col
            assemble(sums, at, entries, factors, ridges[row], col, corner, line, order, taps, n_expressions)
            factor_and_solve(matrix, inverse, panel, taps + 1)
            for lane in range(min(LANES, cols - col)):
                status[row, col + lane] = has_bad_pivot(inverse, first, lane)
            for expression in range(n_expressions):
                solution = ((order + expression) * order + first) * LANES
                mean = len(entries) - 1 - (n_expressions - 1 - expression) * (taps + 1)
                for tap in range(taps):
                    for lane in range(min(LANES, cols - col)):
                        weights[expression, tap, row, col + lane] = line[solution + tap * LANES + lane]
                for lane in range(min(LANES, cols - col)):
                    bias[expression, row, col + lane] = line[solution + taps * LANES + lane]
                    if status[row, col + lane] != 0:
                        weights[expression, :, row, col + lane] = 0.0
                        bias[expression, row, col + lane] = sums[entries[mean] + at + lane] * factors[mean] / corner


@njit(nogil=True, inline="always")
def assemble(
    sums: Array,
    at: int,
    entries: Array,
    factors: Array,
    ridges: Array,
    col: int,
    corner: float,
    line: Array,
    order: int,
    taps: int,
    n_expressions: int,
) -> None:
    """Fill the workspace of `factor_and_solve`, flat, with the systems of the pixels from `at` on.

    Their ridges are `ridges[col:]`; see `solve_windows`.
    """
    first = order - taps - 1
    entry = 0
    for i in range(taps + 1):
        n = min(i + 1, taps)
        _read_row(sums, at, entries, factors, entry, n, line, ((first + i) * order + first) * LANES)
        entry += n
    for i in range(first, order):
        diagonal = (i * order + i) * LANES
        for lane in range(LANES):
            line[diagonal + lane] = ridges[col + lane] + (line[diagonal + lane] if i < order - 1 else corner)
    for expression in range(n_expressions):
        to = ((order + expression) * order + first) * LANES
        _read_row(sums, at, entries, factors, entry, taps + 1, line, to)
        entry += taps + 1


@njit(nogil=True, inline="always")
def has_bad_pivot(inverse: Array, first: int, lane: int) -> bool:
    """Return whether a lane of the system, whose unknowns begin at `first`, had a pivot that was not positive."""
    smallest = inverse[first, lane]
    for i in range(first + 1, len(inverse)):
        smallest = min(smallest, inverse[i, lane])
    return bool(smallest <= 0.0)


@njit(nogil=True, inline="always")
def _read_row(sums: Array, at: int, entries: Array, factors: Array, entry: int, n: int, line: Array, to: int) -> None:
    """Read `n` entries of a block's systems from `entry` on into registers side by side."""
    for k in range(n):
        store(line, to + k * LANES, scale(load_as_float64(sums, entries[entry + k] + at), factors[entry + k]))
