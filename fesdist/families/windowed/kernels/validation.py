"""Windows fitted on some samples and judged by others, read from sums alone: no sample is seen again.

With z the taps of a pixel and its bias, e the unit vector of the pixel itself, y = wᵀz and v = w - e, the change that a
model makes is y - x = vᵀz. So over samples with sums M = Σ z zᵀ and r = Σ t z, what it agrees with the wanted change is
Σ (t - x)(y - x) = vᵀ(r - M e), and how large it is Σ (y - x)² = vᵀM v; the error Σ (t - y)² is Σ (t - x)² less twice
the first plus the second.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.families.windowed.kernels.systems import Equations, Pixels, assemble, smallest_pivots
from fesdist.simd.cholesky import Workspace, factor_and_solve, workspace
from fesdist.simd.kernel import inlined, kernel
from fesdist.simd.lanes import LANES, load, multiply, multiply_add, scale, store, subtract

Array = NDArray[Any]


class Gathered(NamedTuple):
    """Entries of the equations of a block's pixels over some samples, as `gathered` returns them."""

    line: Array
    """Flat float64; int64 where it is the sums themselves."""
    equations: Equations
    pixels: Pixels
    corner: float
    """The bias's own entry: the number of samples, in the units of the other entries."""

    def without(self, others: Gathered) -> Gathered:
        """Return the entries less those of some of the samples."""
        return self._replace(line=self.line - others.line, corner=self.corner - others.corner)


class Judged(NamedTuple):
    """What is found of each candidate, (candidate, expression, row, col) float64."""

    agreement: Array
    """Σ (t - x)(y - x)."""
    change: Array
    """Σ (y - x)²."""


def judge_windows(fitted: Gathered, judges: Gathered, places: Array, ridges: Array, judged: Judged) -> None:
    """Fill `judged` with what windows do to the samples of `judges` that were solved for those of `fitted`.

    w solves (M + ridge I) w = r of `fitted`. Its unknowns are those of `judges` at the places `places[:-1]`, (unknown,)
    int64 with the bias last; `places[-1]` is the place of e. `ridges` is (candidate, row, col) float64 with `LANES`
    columns to spare. A pixel with a pivot that is not positive is judged by the mean target of `fitted`.
    """
    equations = fitted.equations
    systems = workspace(equations.taps + 1, equations.expressions)
    _judge(fitted, judges, places, ridges, systems, judged)


@kernel
def _judge(
    fitted: Gathered, judges: Gathered, places: Array, ridges: Array, systems: Workspace, judged: Judged
) -> None:
    line, equations, pixels, corner = fitted
    n_candidates, n_expressions, rows, cols = judged.change.shape
    change_of, means = np.zeros((judges.equations.taps + 1) * LANES), np.empty(n_expressions * LANES)
    sums, smallest = np.empty(2 * LANES), np.empty(LANES)
    for row in range(rows):
        for col in range(0, cols, LANES):
            at = pixels.origin + row * pixels.stride + col
            at_judges = judges.pixels.origin + row * judges.pixels.stride + col
            for number in range(n_candidates):
                assemble(line, at, equations, ridges[number, row], col, corner, systems)
                solve_or_predict_mean(systems, equations.taps + 1, corner, means, smallest)
                for expression in range(n_expressions):
                    judge_pixels(judges, at_judges, systems, places, expression, change_of, sums)
                    for lane in range(min(LANES, cols - col)):
                        judged.agreement[number, expression, row, col + lane] = sums[lane]
                        judged.change[number, expression, row, col + lane] = sums[LANES + lane]


@inlined
def solve_or_predict_mean(systems: Workspace, unknowns: int, corner: float, means: Array, smallest: Array) -> None:
    """Solve the systems; where a pivot is not positive, weights are 0 and the bias is the mean target.

    `means` and `smallest` are room for a register of each expression, and for one. `corner` is the bias's own entry.
    """
    order, solved = systems.matrix.shape[1], systems.matrix.reshape(-1)
    n_expressions = len(means) // LANES
    for expression in range(n_expressions):
        # The last right-hand side is Σ t.
        store(means, expression * LANES, load(solved, ((order + expression) * order + order - 1) * LANES))
    factor_and_solve(systems, unknowns)
    smallest_pivots(systems.inverse, order - unknowns, smallest)
    for lane in range(LANES):
        if smallest[lane] <= 0.0:
            for expression in range(n_expressions):
                solution = ((order + expression) * order + order - unknowns) * LANES + lane
                for unknown in range(unknowns - 1):
                    solved[solution + unknown * LANES] = 0.0
                solved[solution + (unknowns - 1) * LANES] = means[expression * LANES + lane] / corner


@inlined
def judge_pixels(
    judges: Gathered, at: int, systems: Workspace, places: Array, expression: int, change_of: Array, sums: Array
) -> None:
    """Set `sums` to agreement and change, `LANES` each, of an expression's windows, which are solved.

    `change_of` is room for a register for each unknown of the judges, whose entries of these pixels begin at `at`;
    `places` are as in `judge_windows`.
    """
    order, unknowns = systems.matrix.shape[1], len(places) - 1
    solved = systems.matrix.reshape(-1)
    change_of[:] = 0.0
    solution = ((order + expression) * order + order - unknowns) * LANES
    for unknown in range(unknowns):
        store(change_of, places[unknown] * LANES, load(solved, solution + unknown * LANES))
    for lane in range(LANES):
        change_of[places[unknowns] * LANES + lane] -= 1.0
    _quadratic_forms(judges, at, expression, places[unknowns], change_of, sums)


@inlined
def _quadratic_forms(judges: Gathered, at: int, expression: int, centre: int, change_of: Array, sums: Array) -> None:
    """Set `sums` to vᵀ(r - M e) and vᵀM v = 2 Σ_i v_i (½ M_ii v_i + Σ_{j < i} M_ij v_j) of a register of pixels."""
    line, equations, _, corner = judges
    entries, _, taps, n_expressions = equations
    sides = len(entries) - (n_expressions - expression) * (taps + 1)
    agreement = scale(load(change_of, 0), 0.0)
    change = agreement
    entry = 0
    for i in range(taps + 1):
        own = load(change_of, i * LANES)
        # M_ie is in the row of whichever comes later; of the bias's row, the last, its own entry is the corner.
        later, earlier = max(i, centre), min(i, centre)
        of_centre = load(line, entries[later * (later + 1) // 2 + earlier] + at)
        agreement = multiply_add(agreement, own, subtract(load(line, entries[sides + i] + at), of_centre))
        inner = scale(own, 0.5 * corner)
        if i < taps:
            inner = multiply(load(line, entries[entry + i] + at), scale(own, 0.5))
        for j in range(i):
            inner = multiply_add(inner, load(line, entries[entry + j] + at), load(change_of, j * LANES))
        entry += i + 1
        change = multiply_add(change, scale(own, 2.0), inner)
    store(sums, 0, agreement)
    store(sums, LANES, change)
