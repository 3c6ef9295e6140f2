"""How long a plan will take: every step of the run is rehearsed on a little of the stack, and counted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from numba.core.event import install_timer

from fesdist.cluster.settings import array_bytes
from fesdist.planning.around import count_choice, count_refinement, count_shape, count_survey
from fesdist.planning.rehearsal import Costs, Now, Rehearsal, rehearsals, with_samples
from fesdist.planning.scattered import count_scattered
from fesdist.planning.tiles import count_image_pass, count_tiles
from fesdist.shape.many import FEWEST
from fesdist.shape.warping import Displacement
from fesdist.training.job import TrainingJob, TrainingRequest, has_shape
from fesdist.training.plan import TrainingPlan
from storage.stack.reading import TrainingStack

CLUSTER_SECONDS = 3.0
"""Starting and stopping local workers, which no amount of work changes."""

FEW = FEWEST
"""Samples with which everything is rehearsed first, so that kernels are compiled and libraries loaded: fewer would be
moved one by one."""

ALONE = ("likeness", "refinement", "store")
"""Steps that the client takes, while workers wait."""


@dataclass(frozen=True)
class Estimate:
    """Projected seconds of a run, as receipts and versions tell the measured ones."""

    seconds: float
    """From start to end, without compiling, which happens once, and has happened by now."""
    processor_seconds: float
    """Of all workers together."""
    phases: Mapping[str, float]
    """Of the processor: the steps of a run, and for its tiles their phases."""
    compile_seconds: float = 0.0
    """What it took here; next to nothing where an earlier run has kept the kernels."""


def estimate(
    request: TrainingRequest,
    job: TrainingJob,
    stack: TrainingStack,
    plan: TrainingPlan,
    n_workers: int,
    *,
    starting_seconds: float = CLUSTER_SECONDS,
    now: Now = time.process_time,
) -> Estimate:
    """Rehearse a run that `request` asks for and `plan` cuts into tiles, and count how often it does each step.

    `job` is that of `choosing.planned`, with what may take the most. `starting_seconds` are those of a cluster that is
    started for the run, `now` is the clock. Raises as reading the stack does.
    """
    job = replace(job, displacements={})
    compiled: list[float] = []
    with install_timer("numba:compile", compiled.append):
        rehearse_choice(request, with_samples(job, stack, FEW), stack, 0, Costs(now, 0.0))
        rehearse_others(request, with_samples(job, stack, FEW), stack, plan, Costs(now, 0.0))
    costs = Costs(now)
    rehearse_choice(request, job, stack, array_bytes(plan.allowed_bytes) // plan.at_once, costs)
    rehearse_others(request, job, stack, plan, costs)
    total = sum(costs.seconds.values())
    alone = sum(costs.seconds.get(step, 0.0) for step in ALONE)
    parallel = min(n_workers * plan.at_once, len(plan.grid))
    seconds = starting_seconds + alone + (total - alone) / parallel
    return Estimate(seconds, total, dict(costs.seconds), sum(compiled))


def rehearse_choice(
    request: TrainingRequest, job: TrainingJob, stack: TrainingStack, for_arrays: int, costs: Costs
) -> None:
    """Count what a run takes to choose what is left to it, in tasks that have `for_arrays` bytes.

    Raises as reading the stack does.
    """
    if request.chosen:
        count_choice(request.model, request.chosen, job, stack, for_arrays, costs)


def rehearse_others(
    request: TrainingRequest, job: TrainingJob, stack: TrainingStack, plan: TrainingPlan, costs: Costs
) -> None:
    """Count what all other steps of a run take; raises as reading the stack does."""
    displacements: dict[str, Displacement] = {}
    if has_shape(request.shape, stack.image_shape):
        displacements = count_shape(job, stack, costs)
    count_survey(job, stack, array_bytes(plan.allowed_bytes), costs)
    with rehearsals(job, stack, plan, displacements, costs) as of_groups:
        for alike in _of_a_kind(of_groups):
            own = costs.empty()
            _count(alike[0], own)
            costs.add_all(own.seconds, len(alike))
    count_refinement(job, stack, plan.chunk, costs)


def _of_a_kind(of_groups: list[Rehearsal]) -> list[list[Rehearsal]]:
    """Return together what takes the same: as many expressions with as many samples."""
    kinds: dict[tuple[int, int], list[Rehearsal]] = {}
    for each in of_groups:
        kinds.setdefault((each.n_samples, len(each.group.expressions)), []).append(each)
    return list(kinds.values())


def _count(rehearsal: Rehearsal, costs: Costs) -> None:
    model = rehearsal.context.model
    if model.whole_inputs:
        count_scattered(rehearsal, costs)
    elif (image_pass := model.image_pass()) is not None:
        count_image_pass(rehearsal, image_pass, costs)
    else:
        count_tiles(rehearsal, costs)
