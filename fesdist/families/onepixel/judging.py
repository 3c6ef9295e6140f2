"""What tables that some people were left out of do to these people: how much they change, and how rightly.

With m and s the counts and the sums of targets of those left out, by intensity v, and y = f(v), Σ (t - x)(y - x) is
Σ_v (s[v] - m[v] v)(f(v) - v) and Σ (y - x)² is Σ_v m[v] (f(v) - v)².
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.layout import Array
from fesdist.families.onepixel.kernels.intensities import INTENSITIES
from fesdist.families.onepixel.sums import IntensitySums
from fesdist.families.onepixel.tables import Solver, own_row, solve_row

_UNIT = float(INTENSITIES - 1)
_VALUES = np.arange(INTENSITIES) / _UNIT


def judged_rows(
    outside: IntensitySums, within: IntensitySums, candidate: tuple[Solver, int], rows: Sequence[int]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Yield agreement and change (expression, row, col) of each set of weights in rows of the image, in [0, 1] units.

    `candidate` fills tables from the sums `outside`, pooled as far as it says; they are judged by the sums `within`.
    """
    solver, pool = candidate
    n_expressions, cols = len(outside.problem.expressions), outside.problem.tile.region.shape[1]
    for channel in range(len(outside.sums)):
        agreement, change = (np.zeros((n_expressions, len(rows), cols)) for _ in range(2))
        for to, row in enumerate(rows):
            tables = solve_row(solver, own_row(outside, channel, row, pool), n_expressions)
            judges = own_row(within, channel, row, 0)[0]
            for expression, table in enumerate(tables.outputs[:, :, 0]):
                of_row = _agreement_and_change(table, judges, expression)
                agreement[expression, to], change[expression, to] = of_row
        yield agreement, change


def wanted_change(within: IntensitySums, rows: Sequence[int]) -> NDArray[np.float64]:
    """Return Σ (t - x)² of rows of the image, (expression, row, col) in [0, 1] units, summed over sets of weights."""
    tile = within.problem.tile.region
    wanted = np.zeros((len(within.problem.expressions), len(rows), tile.shape[1]))
    place = tile.within(within.region)
    for channel, squares in enumerate(within.squares):
        for to, row in enumerate(rows):
            judges = own_row(within, channel, row, 0)[0].astype(np.float64)
            counts, sums = judges[..., 0], judges[..., 1:] / _UNIT
            wanted[:, to] += squares[:, *place][:, row - tile.row0] / _UNIT**2 + counts @ _VALUES**2
            wanted[:, to] -= 2 * np.einsum("cve,v->ec", sums, _VALUES)
    return wanted


def _agreement_and_change(table: Array, judges: Array, expression: int) -> tuple[Array, Array]:
    """Return both, (col,), of outputs (intensity, col) judged by sums (col, intensity, 1 + expression)."""
    change = np.ascontiguousarray(table.T) - _VALUES
    counts = judges[..., 0].astype(np.float64)
    wanted = judges[..., 1 + expression] / _UNIT - counts * _VALUES
    return np.einsum("cv,cv->c", wanted, change), np.einsum("cv,cv,cv->c", counts, change, change)
