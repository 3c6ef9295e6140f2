"""Many l1-penalised regressions on all pixels of an image, a register of them at a time.

Minimised is ½ ‖t - X w‖² + λ ‖w‖₁. X has far more columns than a solution uses, so each regression has a working set.
In turn, all scores Xᵀ r are computed, for a register of regressions at once; of every stretch of pixels the one
with the largest score above λ becomes a candidate; and the regression is solved on its working set. A regression that
is done leaves its lane to the next. Lanes do not meet, so its bits do not depend on the others.

The certificate: with the residual r = t - X w, m = max |Xᵀ r| and c = min(1, λ / m), c r is feasible in the dual, and
the duality gap is ½ (1 - c)² ‖r‖² + Σ |w_j| (λ - c sign(w_j) x_j · r), a sum of terms that are not negative.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.families.sparse.kernels.active_set import INEXACT, SOLVED, TOLERANCE, TOO_MANY, improve
from fesdist.families.sparse.kernels.flat_vectors import copy, dot
from fesdist.families.sparse.kernels.working_set import CANDIDATES, WorkingSet, working_sets
from fesdist.ground.memory import Allocation
from fesdist.ground.share import tell
from fesdist.simd.kernel import kernel, subkernel
from fesdist.simd.lanes import LANES, load, multiply_add, store
from fesdist.simd.values import load_sample, spread, zeros_like

Array = NDArray[Any]

LARGEST_GAP = 1e-8
"""Duality gap of a regression that is solved, as a part of its objective."""

_ROUNDS = 200
"""Working sets of one regression; photographs need about ten."""

TOLD_AFTER = 1 << 28
"""Products of a lane after which it is told how far all are: some tenths of a second."""

_COLUMNS = 4
"""Pixels that meet a register of residuals together: eight sums hide the latency of products."""


class Solutions(NamedTuple):
    """What is written for each regression."""

    support: Array
    """(regression, active) int32: the pixels with a weight in the order in which they entered, then -1."""
    values: Array
    """(regression, active) float64: their weights, then 0."""
    gap: Array
    """(regression) float64: the duality gap as a part of the objective."""
    status: Array
    """(regression) uint8: `SOLVED`, `TOO_MANY` or `INEXACT`."""


class Room(NamedTuple):
    """What a register of regressions is solved in."""

    sets: WorkingSet
    residuals: Array
    """(LANES, sample) float64."""
    interleaved: Array
    """(sample, LANES) float64: the same, sample by sample."""
    converted: Array
    """(_COLUMNS, sample) float64: some columns as they meet the residuals."""
    scores: Array
    """(pixel, LANES) float64: columns times residuals; pixels are made up to whole `_COLUMNS`."""


class Lanes(NamedTuple):
    """What becomes of the regressions in the lanes of a register."""

    regression: Array
    """(LANES) int64: which one; -1 for none."""
    outcome: Array
    """(LANES) int64: the last one of `improve`."""
    rounds: Array
    """(LANES) int64: working sets so far."""
    counts: Array
    """(2) int64: regressions that were begun, and those that are solved."""


def empty_solutions(regressions: int, capacity: int) -> Solutions:
    """Return room for the solutions of some regressions, with up to `capacity` pixels each."""
    return Solutions(*(array.zeros() for array in solutions_of(regressions, capacity)))


def solutions_of(regressions: int, capacity: int) -> tuple[Allocation, ...]:
    """Return the arrays of `Solutions`."""
    return (
        Allocation("supports", (regressions, capacity), "int32"),
        Allocation("weights of supports", (regressions, capacity), "float64"),
        Allocation("gaps", (regressions,), "float64"),
        Allocation("statuses", (regressions,), "uint8"),
    )


def room_of(pixels: int, length: int) -> tuple[Allocation, ...]:
    """Return the arrays of `Room` beside the working sets."""
    return (
        Allocation("residuals", (LANES, length), "float64"),
        Allocation("residuals by sample", (length, LANES), "float64"),
        Allocation("some columns", (_COLUMNS, length), "float64"),
        Allocation("scores", (-(-pixels // _COLUMNS) * _COLUMNS, LANES), "float64"),
    )


def solve_lassos(columns: Array, targets: Array, penalty: float, solutions: Solutions) -> None:
    """Solve the regressions of all `targets` on all `columns` and fill `solutions`.

    `columns` is (pixel, sample) uint8 or float64, C-contiguous, with zeros that fill the samples up to whole
    registers. `targets` is (regression, sample) float64, filled up in the same way; `penalty` is λ > 0 in the units
    of the squares of both.
    """
    sets = working_sets(solutions.support.shape[1], columns.shape[1])
    room = Room(sets, *(array.zeros() for array in room_of(*columns.shape)))
    lanes = Lanes(np.full(LANES, -1), np.zeros(LANES, np.int64), np.zeros(LANES, np.int64), np.zeros(2, np.int64))
    screenings = max(1, TOLD_AFTER // columns.size)
    solved = 0
    while solved < len(targets):
        solved = _solve_some(columns, targets, penalty, room, lanes, screenings, solutions)
        tell(solved / len(targets))


@kernel
def _solve_some(
    columns: Array,
    targets: Array,
    penalty: float,
    room: Room,
    lanes: Lanes,
    screenings: int,
    solutions: Solutions,
) -> int:
    """Go on for some screenings and return how many regressions are solved by then."""
    sets, residuals = room.sets, room.residuals
    support, values, gap, status = solutions
    regression, outcome, rounds, counts = lanes
    length = columns.shape[1]
    for _ in range(screenings):
        if counts[1] == len(targets):
            break
        for lane in range(LANES):
            if regression[lane] < 0 and counts[0] < len(targets):
                regression[lane], outcome[lane], rounds[lane] = counts[0], SOLVED, 0
                sets.sizes[lane, 0] = 0
                copy(targets[counts[0]], 0, residuals[lane], 0, length)
                counts[0] += 1
        for n in range(length):
            for lane in range(LANES):
                room.interleaved[n, lane] = residuals[lane, n]
        _screen(columns, room)
        for lane in range(LANES):
            number = regression[lane]
            if number < 0:
                continue
            working = _of_lane(sets, lane)
            found, largest = _find_candidates(working, room.scores, lane, len(columns), penalty)
            if found and outcome[lane] == SOLVED and rounds[lane] < _ROUNDS:
                _gather(working, columns, targets[number])
                outcome[lane] = improve(working, targets[number], penalty, support.shape[1], residuals[lane])
                rounds[lane] += 1
                continue
            gap[number] = _relative_gap(working, residuals[lane], largest, penalty)
            status[number] = TOO_MANY if outcome[lane] == TOO_MANY else INEXACT
            if gap[number] <= LARGEST_GAP:
                status[number] = SOLVED
            for i in range(support.shape[1]):
                active = i < working.sizes[0]
                support[number, i] = working.columns[i] if active else -1
                values[number, i] = working.weights[i] if active else 0.0
            regression[lane] = -1
            counts[1] += 1
    return counts[1]  # type: ignore[no-any-return]


@subkernel
def _of_lane(sets: WorkingSet, lane: int) -> WorkingSet:
    return WorkingSet(
        sets.sizes[lane],
        sets.columns[lane],
        sets.samples[lane],
        sets.products[lane],
        sets.barred[lane],
        sets.weights[lane],
        sets.signs[lane],
        sets.factor[lane],
        sets.spare[lane],
    )


@subkernel
def _screen(columns: Array, room: Room) -> None:
    """Set scores[pixel, lane] to Σ_n columns[pixel, n] × interleaved[n, lane]; rows beyond repeat the last."""
    pixels, length = columns.shape
    line, right = columns.reshape(-1), room.interleaved.reshape(-1)
    out, samples = room.scores.reshape(-1), room.converted.reshape(-1)
    for pixel in range(0, pixels, _COLUMNS):
        for k in range(_COLUMNS):
            at = min(pixel + k, pixels - 1) * length
            for n in range(0, length, LANES):
                store(samples, k * length + n, load_sample(line, at + n))
        a = b = c = d = zeros_like(load(right, 0))
        for n in range(length):
            r = load(right, n * LANES)
            a = multiply_add(a, r, spread(samples, n))
            b = multiply_add(b, r, spread(samples, length + n))
            c = multiply_add(c, r, spread(samples, 2 * length + n))
            d = multiply_add(d, r, spread(samples, 3 * length + n))
        to = pixel * LANES
        store(out, to, a)
        store(out, to + LANES, b)
        store(out, to + 2 * LANES, c)
        store(out, to + 3 * LANES, d)


@subkernel
def _find_candidates(working: WorkingSet, scores: Array, lane: int, pixels: int, penalty: float) -> tuple[bool, float]:
    """List the candidates of a working set; return whether there are any, and the largest |score|.

    The image, row after row, is cut into as many stretches as there may be candidates, and each gives one: neighbours
    are nearly equal, so one of them will do.
    """
    active = working.sizes[0]
    total = active
    largest = 0.0
    stretch = -(-pixels // CANDIDATES)
    for start in range(0, pixels, stretch):
        best, chosen = penalty * (1.0 + TOLERANCE), -1
        for pixel in range(start, min(start + stretch, pixels)):
            score = abs(scores[pixel, lane])
            largest = max(largest, score)
            if score > best:
                best, chosen = score, pixel
        known = chosen < 0
        for i in range(active):
            known |= working.columns[i] == chosen
        if not known:
            working.columns[total] = chosen
            working.barred[total] = False
            total += 1
    working.sizes[1] = total
    return total > active, largest


@subkernel
def _gather(working: WorkingSet, columns: Array, target: Array) -> None:
    """Fill in the samples of the candidates and their products with the target."""
    length = len(target)
    line, samples = columns.reshape(-1), working.samples.reshape(-1)
    for i in range(working.sizes[0], working.sizes[1]):
        at = working.columns[i] * length
        for n in range(0, length, LANES):
            store(samples, i * length + n, load_sample(line, at + n))
        working.products[i] = dot(samples, i * length, target, 0, length)


@subkernel
def _relative_gap(working: WorkingSet, residual: Array, largest: float, penalty: float) -> float:
    """Return the duality gap divided by the objective, which `largest`, the maximum of |Xᵀ r|, certifies."""
    length = len(residual)
    samples = working.samples.reshape(-1)
    squares = 0.5 * dot(residual, 0, residual, 0, length)
    shrunk = penalty / largest if largest > penalty else 1.0
    gap, objective = (1.0 - shrunk) ** 2 * squares, squares
    for i in range(working.sizes[0]):
        weight = working.weights[i]
        score = np.sign(weight) * dot(samples, i * length, residual, 0, length)
        gap += abs(weight) * (penalty - shrunk * score)
        objective += abs(weight) * penalty
    return gap / objective if objective > 0.0 else 0.0
