"""One l1-penalised regression on a few columns, solved to the last bits: a primal active-set method.

Minimised is ½ ‖t - Z w‖² + λ ‖w‖₁, column c of Z being the samples of one input pixel. Where the signs s of the
active weights are known, the solution is that of the linear system Zᵀ Z w = Zᵀ t - λ s. So a column enters with the
sign of its score z_c · r, r = t - Z w, while |z_c · r| > λ; the weights move towards the solution of the new system
until one of them vanishes, which leaves. Every step lowers the objective, so no active set comes twice. Lee, Battle,
Raina, Ng: Efficient sparse coding algorithms, NIPS 2006.

Neighbouring pixels are nearly equal, so a column may depend on the active ones: z_c = Z v. It then enters in exchange:
along w_c = s τ, w = w₀ - s τ v the residual stays as it is and ‖w‖₁ falls, until one of the weights vanishes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.families.sparse.kernels.flat_vectors import copy, dot
from fesdist.families.sparse.kernels.working_set import (
    WorkingSet,
    extend_factor,
    find_residual,
    leave,
    solve_signs,
    solve_transposed,
    swap,
)
from fesdist.ground.status import Status
from fesdist.simd.kernel import kernel, subkernel

Array = NDArray[Any]

TOLERANCE = 1e-9
"""A score within λ (1 + TOLERANCE) is no reason to enter; the duality gap is then below this part of the objective."""

SOLVED, TOO_MANY, INEXACT = int(Status.SOLVED), int(Status.NO_ROOM), int(Status.LARGE_GAP)
"""Solved; more active columns than allowed; no further step, by rounding errors."""

_STEPS_PER_COLUMN = 10
"""A working set may take this many steps for each of its columns; photographs need about one."""


@kernel
def improve(working: WorkingSet, target: Array, penalty: float, capacity: int, residual: Array) -> int:
    """Solve the regression on the columns of a working set and return its status.

    `target` and `residual` are (sample) float64; `residual` becomes that of the weights. A solution with more than
    `capacity` active columns is not looked for: the weights are then the best for as many that were found first.
    """
    total, length = working.sizes[1], len(target)
    samples = working.samples.reshape(-1)
    moved = False
    find_residual(working, target, residual)
    for _ in range(_STEPS_PER_COLUMN * total):
        largest, chosen, sign = penalty * (1.0 + TOLERANCE), -1, 0.0
        for candidate in range(working.sizes[0], total):
            if not working.barred[candidate]:
                score = dot(samples, candidate * length, residual, 0, length)
                if abs(score) > largest:
                    largest, chosen, sign = abs(score), candidate, np.sign(score)
        if chosen < 0:
            return SOLVED if moved else INEXACT
        moved |= _enter(working, chosen, sign)
        enough = working.sizes[0] <= capacity
        if not enough:
            leave(working, working.sizes[0] - 1)
        _move(working, penalty)
        find_residual(working, target, residual)
        if not enough:
            return TOO_MANY
    return INEXACT


@subkernel
def _enter(working: WorkingSet, candidate: int, sign: float) -> bool:
    """Make a candidate the last active column, in exchange for another if it depends on them; else bar it.

    Returns whether it entered.
    """
    active = working.sizes[0]
    swap(working, candidate, active)
    weight = 0.0
    independent = extend_factor(working)
    if not independent:
        solve_transposed(working, active)
        direction, weights = working.spare[1], working.weights
        leaving, step = -1, np.inf
        for i in range(active):
            if sign * direction[i] * working.signs[i] > 0.0 and abs(weights[i]) < step * abs(direction[i]):
                leaving, step = i, abs(weights[i]) / abs(direction[i])
        if leaving >= 0:
            weight = sign * step
            for i in range(active):
                weights[i] -= weight * direction[i]
            leave(working, leaving)
            active -= 1
            swap(working, active, active + 1)
            independent = extend_factor(working)
    if independent:
        working.weights[active], working.signs[active] = weight, sign
        working.sizes[0] = active + 1
    else:
        working.barred[active] = True
    return independent


@subkernel
def _move(working: WorkingSet, penalty: float) -> None:
    """Move the weights to the solution for the active columns; those that vanish on the way leave."""
    weights, signs = working.weights, working.signs
    while working.sizes[0] > 0:
        active = working.sizes[0]
        solve_signs(working, penalty)
        goal = working.spare[1]
        leaving, step = -1, 1.0
        for i in range(active):
            if goal[i] * signs[i] <= 0.0:
                way = abs(weights[i]) + abs(goal[i])
                part = abs(weights[i]) / way if way > 0.0 else 0.0
                if part <= step:
                    leaving, step = i, part
        if leaving < 0:
            copy(goal, 0, weights, 0, active)
            return
        for i in range(active):
            weights[i] += step * (goal[i] - weights[i])
        leave(working, leaving)
        # What leaves without a step has just entered, by a rounding error, and would enter again at once.
        working.barred[active - 1] = step == 0.0
