"""`fesdist evaluate`: how good a version is on people it was not trained on, beside two baselines."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fesdist.cli.console import people, progress, say, table, warn
from fesdist.cli.options import add_cluster_options, add_expressions_option, add_json_option, cluster_settings

if TYPE_CHECKING:
    from fesdist.evaluation.scores import Evaluation, ExpressionScores

NAME = "evaluate"
SUMMARY = "Measure a version on held-out people, beside two baselines that need no model."
EXAMPLE = """fesdist evaluate stack.zarr weights london@3
fesdist evaluate stack.zarr weights london --split train --json"""

HEADERS = (
    "",
    "face MSE x100",
    "change",
    "PSNR dB",
    "SSIM",
    "mouth MSE x100",
    "change",
    "PSNR dB",
    "SSIM",
)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack", help="training stack, whose held-out people are evaluated")
    parser.add_argument("weights", help="weight store: a folder or s3://bucket/prefix")
    parser.add_argument("reference", help="name, name@3 or name@alias")
    parser.add_argument("--split", choices=("holdout", "train"), default="holdout", help="whom (default: holdout)")
    add_expressions_option(parser, "evaluate")
    add_cluster_options(parser)
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    import json

    from fesdist.evaluation.evaluate import evaluate
    from storage.errors import StorageError

    with progress("evaluating", "people") as report:
        evaluation = evaluate(
            arguments.stack,
            arguments.weights,
            arguments.reference,
            split=arguments.split,
            expressions=arguments.expressions,
            cluster=cluster_settings(arguments),
            on_progress=report,
        )
    for expression, reason in evaluation.left_out.items():
        warn(f"warning: {expression} was left out: {reason}")
    if evaluation.split == "holdout" and (known := evaluation.trained_on):
        named = ", ".join(known[:5]) + (", …" if len(known) > 5 else "")
        warn(
            f"warning: {evaluation.name}@{evaluation.version} was trained on {len(known)} of these held-out people "
            f"({named}); the scores flatter it"
        )
    if arguments.json:
        say(json.dumps(evaluation.to_record(), indent=2))
    else:
        _print(evaluation)
    if evaluation.not_kept:
        raise StorageError(f"this evaluation could not be kept, so no report will show it: {evaluation.not_kept}")
    return 0


def _print(evaluation: Evaluation) -> None:
    say(f"{evaluation.name}@{evaluation.version} on the {evaluation.split} people of {evaluation.stack}")
    for scores in evaluation.expressions:
        say()
        say(f"{scores.expression}: {people(len(scores.people))}")
        _print_expression(scores)


def _print_expression(scores: ExpressionScores) -> None:
    from fesdist.evaluation.scores import METHODS

    table(
        HEADERS,
        [[method, *_cells(scores, method, "face"), *_cells(scores, method, "mouth")] for method in METHODS],
    )


def _cells(scores: ExpressionScores, method: str, region: str) -> list[str]:
    improvement = scores.improvement(method, region)
    return [
        f"{scores.mean(method, region, 'mse_x100'):.3f}",
        "–" if not improvement else f"{-improvement:+.1f} %",
        f"{scores.mean(method, region, 'psnr'):.2f}",
        f"{scores.mean(method, region, 'ssim'):.4f}",
    ]
