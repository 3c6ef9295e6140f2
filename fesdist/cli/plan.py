"""`fesdist plan`: tiles, tasks, memory, time and disk of a training run, before anything runs."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from fesdist.cli.console import MOST_IN_A_CELL, duration, say, size, table, warn
from fesdist.cli.notices import tell_of_compiling
from fesdist.cluster.connect import size_of
from fesdist.ground.counting import counted
from fesdist.ground.notices import a_few
from fesdist.planning.ahead import rehearse_ahead
from fesdist.planning.estimate import CLUSTER_SECONDS, Estimate, estimate
from fesdist.requests.learning import Plan
from fesdist.training.choosing import planned, widest
from fesdist.training.job import TrainingJob, TrainingRequest, define_job, has_shape
from fesdist.training.plan import TrainingPlan, make_plan
from storage.stack.reading import TrainingStack

_COMPILED_SECONDS = 1.0
"""Less is loading what was compiled before."""


def run(request: Plan) -> int:
    """Tell what a run would be; nothing is trained but a few pixels, for their time."""
    stack = TrainingStack.open(request.stack)
    asked = request.training(store="", name="plan")
    # What the run will choose is not known yet: the plan is for what takes most.
    job = define_job(replace(asked, model=widest(asked.model, asked.chosen)), stack)
    cluster = request.cluster()
    n_workers, threads = size_of(cluster)
    whole = planned(job, asked, stack)
    plan = make_plan(whole, stack, request.memory, n_workers, threads)
    starts = cluster.scheduler is None and not cluster.in_process
    if rehearse_ahead(asked, request.memory, cluster):
        tell_of_compiling()
    warn("plan: rehearsing each step of the run, for its time")
    cost = estimate(asked, whole, stack, plan, n_workers, starting_seconds=CLUSTER_SECONDS if starts else 0.0)
    planned_run = _Planned(asked, job, stack, plan, cost, n_workers, not cluster.in_process)
    if request.json:
        say(json.dumps(planned_run.record(), indent=2))
    else:
        planned_run.print()
    return 0


@dataclass(frozen=True)
class _Planned:
    """A training run as it would be, for programs and for people."""

    asked: TrainingRequest
    job: TrainingJob
    stack: TrainingStack
    plan: TrainingPlan
    cost: Estimate
    n_workers: int
    on_workers: bool
    """Whether it would run in processes other than this one."""

    @property
    def samples(self) -> dict[str, int]:
        """Return the number of samples of each expression."""
        return {name: len(group.samples) for group in self.job.groups for name in group.expressions}

    @property
    def shaped(self) -> bool:
        """Return whether it would learn a shape."""
        return has_shape(self.asked.shape, self.stack.image_shape)

    def record(self) -> dict[str, Any]:
        """Return what is planned for JSON."""
        plan, cost = self.plan, self.cost
        return {
            "model": {"name": self.job.model, "parameters": self.job.parameters},
            "chosen_by_the_run": list(self.asked.chosen),
            "shape": self.shaped,
            "expressions": list(self.job.expressions),
            "samples": self.samples,
            "regressions": plan.n_pixels,
            "tiles": len(plan.grid),
            "tile_shape": list(plan.tile_shape),
            "samples_at_a_time": plan.n_block,
            "workers": self.n_workers,
            "tiles_at_once": self.n_workers * plan.at_once,
            "allowed_bytes": plan.allowed_bytes,
            "projected_bytes": plan.projected_bytes,
            "stored_bytes": plan.stored_bytes,
            "seconds": cost.seconds,
            "processor_seconds": cost.processor_seconds,
            "phases": cost.phases,
            "compile_seconds": cost.compile_seconds,
        }

    def print(self) -> None:
        """Print what is planned as a table."""
        stack, job, plan, cost = self.stack, self.job, self.plan, self.cost
        (rows, cols), (tile_rows, tile_cols) = plan.image_shape, plan.tile_shape
        chosen = self.asked.chosen
        described = f"{', '.join(chosen)} chosen by the run" if chosen else self.asked.model.describe()
        images = f"{rows} x {cols} pixels, {counted(stack.channels, 'channel')}, {stack.dtype}"
        say(f"{self.asked.stack}: {counted(len(stack.people), 'person')}, {images}")
        say()
        memory = f"{size(plan.projected_bytes)} projected of {size(plan.allowed_bytes)} allowed"
        time = f"about {duration(cost.seconds)}, {duration(cost.processor_seconds)} of processors{_compiling(cost)}"
        table(
            ("plan", ""),
            [
                ("model", f"{job.model}, {described}, colour {job.colour}"),
                (
                    "shape",
                    "the photograph's pixels are moved first" if self.shaped else "none: pixels stay where they are",
                ),
                (
                    "expressions",
                    a_few(
                        (f"{name} ({counted(n, 'pair')})" for name, n in sorted(self.samples.items())),
                        most=MOST_IN_A_CELL,
                    ),
                ),
                ("regressions", f"{plan.n_pixels:,} an expression"),
                ("tiles", f"{len(plan.grid)} of {tile_rows} x {tile_cols} pixels, one task each"),
                ("samples", _samples(plan, job.n_samples)),
                ("workers", f"{self.n_workers}" if self.on_workers else _in_process(plan)),
                ("memory", memory + (", each worker" if self.on_workers else "")),
                ("time", time),
                ("weights", f"{size(plan.stored_bytes)} on disk"),
            ],
        )


def _compiling(cost: Estimate) -> str:
    if cost.compile_seconds <= _COMPILED_SECONDS:
        return ""
    return f"; {duration(cost.compile_seconds)} of compiling were needed once, and are done"


def _in_process(plan: TrainingPlan) -> str:
    return "this process" + (f", {plan.at_once} tiles at once" if plan.at_once > 1 else "")


def _samples(plan: TrainingPlan, n_samples: int) -> str:
    if plan.holds:
        return f"{n_samples}, all in memory while a tile is solved"
    return f"{n_samples}, {min(plan.n_block, n_samples)} read at a time"
