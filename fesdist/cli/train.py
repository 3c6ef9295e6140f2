"""`fesdist train`: train a model on a stack and publish it as the next version."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

from fesdist.cli.console import duration, progress, say, size, table, warn
from fesdist.cli.notices import concluded, tell_of_compiling
from fesdist.cluster.connect import open_cluster
from fesdist.ground.counting import counted
from fesdist.ground.metrics import RegionErrors, RunMetrics
from fesdist.ground.share import Progress
from fesdist.planning.ahead import rehearse_ahead
from fesdist.requests.learning import Train
from fesdist.training.plan import TrainingPlan
from fesdist.training.run import TrainingResult, train
from fesdist.training.shaping import LearnedShape


def run(request: Train) -> int:
    """Train, and tell what was published and how good it is."""
    with progress("training", "tasks") as report:
        result = carry_out(request, report, partial(_tell_plan, request.cluster().a_worker))
    if request.json:
        say(json.dumps(asdict(result), indent=2))
    else:
        _print(result, request.store, request.cluster().a_worker)
    return concluded(result.notices, strict=request.strict)


def carry_out(
    request: Train, on_progress: Progress, on_plan: Callable[[TrainingPlan, int], None] | None = None
) -> TrainingResult:
    """Train what is asked for where it is asked for; raises as `fesdist.training.run.train`."""
    asked = request.training(request.store, request.name)
    if rehearse_ahead(asked, request.memory, request.cluster()):
        tell_of_compiling()
    with open_cluster(request.cluster(), on_progress) as cluster:
        return train(
            asked,
            cluster,
            memory=request.memory,
            if_changed=request.if_changed,
            on_plan=on_plan,
            on_progress=on_progress,
        )


def _tell_plan(a_worker: str, plan: TrainingPlan, n_stored: int) -> None:
    rows, cols = plan.tile_shape
    tiles = counted(len(plan.grid), "tile")
    warn(
        f"{plan.n_pixels:,} regressions an expression in {tiles} of {rows} x {cols} pixels, "
        f"{size(plan.projected_bytes)} projected for {a_worker}, {size(plan.stored_bytes)} of weights"
    )
    if n_stored:
        warn(f"continuing an interrupted run: {n_stored} of {len(plan.grid)} tiles are stored")


def _print(result: TrainingResult, weights: str, a_worker: str) -> None:
    if not result.published:
        say(f"{result.name} version {result.version} was trained from the same images and settings; nothing to do")
        return
    say(f"published {result.name} version {result.version} in {duration(result.seconds)}")
    if result.choice:
        left_out = counted(result.choice.n_people, "person")
        say(f"chosen by the errors on {left_out} left out in turn: {result.choice.in_words()}")
    for name, shape in result.shapes.items():
        learned = f"shape of {name}, from {counted(shape.people, 'person')}"
        say(f"{learned}: moves by up to {shape.largest:.1f} pixels{_worth(shape)}")
    projected = size(result.metrics.projected_bytes)
    say(f"largest memory of {a_worker}: {size(result.peak_bytes)}, {projected} projected")
    say()
    print_errors(result.metrics)
    say(f"next: fesdist report {shlex.quote(weights)} {result.name}")


def _worth(shape: LearnedShape) -> str:
    """Return what the shape alone does for the mouth of people left out."""
    if not shape.mouth.unchanged_mse_x100:
        return ""
    gain = 100 * (shape.mouth.moved_mse_x100 / shape.mouth.unchanged_mse_x100 - 1)
    return f", which alone changes the error of mouths left out in turn by {gain:+z.1f} %"


def print_errors(metrics: RunMetrics) -> None:
    """Print the errors on held-out people that the tiles measured while they trained."""
    rows = []
    for name, facts in metrics.expressions.items():
        if facts.face is not None:
            rows.append((name, *_cells(facts.face), *_cells(facts.mouth)))
    if not rows:
        say("nobody was held out, so no errors were measured")
        return
    say("error on held-out people, MSE x 100 (and how it differs from that of output = input)")
    table(("expression", "face", "", "mouth", ""), rows)
    say()


def _cells(errors: RegionErrors | None) -> tuple[str, str]:
    if errors is None:  # of a mouth in an image of a few pixels
        return "–", ""
    unchanged = errors.unchanged_mse_x100
    gain = f"{100 * (errors.mse_x100 / unchanged - 1):+z.1f} %" if unchanged else ""
    return f"{errors.mse_x100:.4f}", gain
