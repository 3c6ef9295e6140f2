"""`fesdist plan`: tiles, tasks, memory, time and disk of a training run, before anything runs."""

from __future__ import annotations

import json
from dataclasses import replace

from fesdist.cli.console import counted, duration, people, say, size, table, warn
from fesdist.cli.notices import tell_of_compiling
from fesdist.cluster.connect import size_of
from fesdist.planning.estimate import CLUSTER_SECONDS, estimate
from fesdist.requests.learning import Plan
from fesdist.training.choosing import planned, widest
from fesdist.training.job import define_job, has_shape
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
    shaped = has_shape(asked.shape, stack.image_shape)
    described = f"{', '.join(asked.chosen)} chosen by the run" if asked.chosen else asked.model.describe()
    cluster = request.cluster()
    n_workers, threads = size_of(cluster)
    whole = planned(job, asked, stack)
    plan = make_plan(whole, stack, request.memory, n_workers, threads)
    starts = cluster.scheduler is None and cluster.local_workers > 0
    tell_of_compiling(cluster)
    warn("plan: rehearsing each step of the run, for its time")
    cost = estimate(asked, whole, stack, plan, n_workers, starting_seconds=CLUSTER_SECONDS if starts else 0.0)
    on_workers = starts or cluster.scheduler is not None
    rows, cols = plan.image_shape
    tile_rows, tile_cols = plan.tile_shape
    if request.json:
        say(
            json.dumps(
                {
                    "model": {"name": job.model, "parameters": job.parameters},
                    "chosen_by_the_run": list(asked.chosen),
                    "shape": shaped,
                    "expressions": list(job.expressions),
                    "samples": {name: len(group.samples) for group in job.groups for name in group.expressions},
                    "regressions": plan.n_pixels,
                    "tiles": len(plan.grid),
                    "tile_shape": [tile_rows, tile_cols],
                    "samples_at_a_time": plan.n_block,
                    "workers": n_workers,
                    "tiles_at_once": n_workers * plan.at_once,
                    "allowed_bytes": plan.allowed_bytes,
                    "projected_bytes": plan.projected_bytes,
                    "stored_bytes": plan.stored_bytes,
                    "seconds": cost.seconds,
                    "processor_seconds": cost.processor_seconds,
                    "phases": cost.phases,
                    "compile_seconds": cost.compile_seconds,
                },
                indent=2,
            )
        )
        return 0
    compiled = (
        f"; {duration(cost.compile_seconds)} of compiling were needed once, and are done"
        if cost.compile_seconds > _COMPILED_SECONDS
        else ""
    )
    expressions = [(name, len(group.samples)) for group in job.groups for name in group.expressions]
    say(
        f"{request.stack}: {people(len(stack.people))}, {rows} x {cols} pixels, "
        f"{counted(stack.channels, 'channel')}, {stack.dtype}"
    )
    say()
    table(
        ("plan", ""),
        [
            (
                "model",
                f"{job.model}, {described}, colour {job.colour}",
            ),
            ("shape", "the photograph's pixels are moved first" if shaped else "none: pixels stay where they are"),
            ("expressions", ", ".join(f"{name} ({counted(n, 'pair')})" for name, n in sorted(expressions))),
            ("regressions", f"{plan.n_pixels:,} an expression"),
            ("tiles", f"{len(plan.grid)} of {tile_rows} x {tile_cols} pixels, one task each"),
            ("samples", _samples(plan, job.n_samples)),
            ("workers", f"{n_workers}" if on_workers else _in_process(plan)),
            (
                "memory",
                f"{size(plan.projected_bytes)} projected of {size(plan.allowed_bytes)} allowed"
                + (", each worker" if on_workers else ""),
            ),
            (
                "time",
                f"about {duration(cost.seconds)}, {duration(cost.processor_seconds)} of processors{compiled}",
            ),
            ("weights", f"{size(plan.stored_bytes)} on disk"),
        ],
    )
    return 0


def _in_process(plan: TrainingPlan) -> str:
    return "this process" + (f", {plan.at_once} tiles at once" if plan.at_once > 1 else "")


def _samples(plan: TrainingPlan, n_samples: int) -> str:
    if plan.holds:
        return f"{n_samples}, all in memory while a tile is solved"
    return f"{n_samples}, {min(plan.n_block, n_samples)} read at a time"
