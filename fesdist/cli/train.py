"""`fesdist train`: train a model on a stack and publish it as the next version."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fesdist.cli.console import duration, progress, say, size, table, warn
from fesdist.cli.model_options import add_model_options
from fesdist.cli.options import add_cluster_options, add_json_option, cluster_settings
from fesdist.cli.request import request_from
from fesdist.ground.status import troubles

if TYPE_CHECKING:
    from fesdist.ground.metrics import RegionErrors, RunMetrics
    from fesdist.training.run import TrainingResult

NAME = "train"
SUMMARY = "Train a model tile by tile and publish it as the next version; continues an interrupted run."
EXAMPLE = "fesdist train stack.zarr weights --name london --model mr --window 5 --ridge 0.4 --colour shared"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack", help="training stack, as written by `fesdist ingest`")
    parser.add_argument("weights", help="weight store: a folder, or s3://bucket/prefix")
    parser.add_argument("--name", required=True, help="name of the model; its versions are numbered 1, 2, 3, ...")
    parser.add_argument(
        "--if-changed",
        action="store_true",
        help="do nothing when the newest version has equal images and settings",
    )
    add_model_options(parser)
    add_cluster_options(parser)
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    import json
    from dataclasses import asdict

    from fesdist.cluster.connect import open_cluster
    from fesdist.training.plan import TrainingPlan
    from fesdist.training.run import train

    request = request_from(arguments, store=arguments.weights, name=arguments.name)
    settings = cluster_settings(arguments)

    def on_plan(plan: TrainingPlan, n_stored: int) -> None:
        rows, cols = plan.tile_shape
        tiles = "1 tile" if len(plan.grid) == 1 else f"{len(plan.grid)} tiles"
        warn(
            f"{plan.n_pixels:,} regressions an expression in {tiles} of {rows} x {cols} pixels, "
            f"{size(plan.projected_bytes)} a worker projected, {size(plan.stored_bytes)} of weights"
        )
        if n_stored:
            warn(f"continuing an interrupted run: {n_stored} of {len(plan.grid)} tiles are stored")

    with open_cluster(settings) as cluster, progress("training", "tiles") as report:
        result = train(
            request,
            cluster,
            memory=settings.memory,
            if_changed=arguments.if_changed,
            on_plan=on_plan,
            on_progress=report,
        )
    if arguments.json:
        say(json.dumps(asdict(result), indent=2))
    else:
        _print(result, arguments.weights)
    return 0


def _print(result: TrainingResult, weights: str) -> None:
    if not result.published:
        say(f"{result.name} version {result.version} was trained from the same images and settings; nothing to do")
        return
    say(f"published {result.name} version {result.version} in {duration(result.seconds)}")
    say(f"largest memory of a worker: {size(result.peak_bytes)}, {size(result.metrics.projected_bytes)} projected")
    say()
    print_errors(result.metrics)
    for name, facts in result.metrics.expressions.items():
        for trouble in troubles(facts.statuses):
            warn(f"{name}: {trouble}")
    say(f"next: fesdist report {weights} {result.name}")


def print_errors(metrics: RunMetrics) -> None:
    """Print the errors on held-out people that the tiles measured while they trained."""
    rows = []
    for name, facts in metrics.expressions.items():
        if facts.face is not None:
            rows.append((name, *_cells(facts.face), *_cells(facts.mouth)))
    if not rows:
        say("nobody was held out, so no errors were measured")
        return
    say("error on held-out people, MSE x 100 (and how much smaller than with output = input)")
    table(("expression", "face", "", "mouth", ""), rows)
    say()


def _cells(errors: RegionErrors | None) -> tuple[str, str]:
    if errors is None:  # of a mouth in an image of a few pixels
        return "–", ""
    unchanged = errors.unchanged_mse_x100
    gain = f"{100 * (errors.mse_x100 / unchanged - 1):+.1f} %" if unchanged else ""
    return f"{errors.mse_x100:.4f}", gain
