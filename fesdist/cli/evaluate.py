"""`fesdist evaluate`: how good a version is on people it was not trained on, beside two baselines."""

from __future__ import annotations

import json

from fesdist.cli.console import Progress, people, progress, say, table, warn
from fesdist.evaluation.evaluate import evaluate
from fesdist.evaluation.scores import METHODS, Evaluation, ExpressionScores
from fesdist.requests.using import Evaluate
from storage.errors import StorageError

_MEASURES = ("MSE x100", "change", "PSNR dB", "SSIM")


def run(request: Evaluate) -> int:
    """Evaluate, and tell the errors; raises StorageError at the end if the store cannot keep them."""
    with progress("evaluating", "people") as report:
        evaluation = carry_out(request, report)
    for expression, reason in evaluation.left_out.items():
        warn(f"warning: {expression} was left out: {reason}")
    if evaluation.split == "holdout" and (known := evaluation.trained_on):
        named = ", ".join(known[:5]) + (", …" if len(known) > 5 else "")
        warn(
            f"warning: {evaluation.name}@{evaluation.version} was trained on {len(known)} of these held-out people "
            f"({named}); the scores flatter it"
        )
    if request.json:
        say(json.dumps(evaluation.to_record(), indent=2))
    else:
        _print(evaluation)
    if evaluation.not_kept:
        raise StorageError(f"this evaluation could not be kept, so no report will show it: {evaluation.not_kept}")
    return 0


def carry_out(request: Evaluate, on_progress: Progress) -> Evaluation:
    """Evaluate what is asked for; raises as `fesdist.evaluation.evaluate.evaluate`."""
    return evaluate(
        request.stack,
        request.store,
        request.reference,
        split=request.split,
        expressions=request.expressions,
        cluster=request.cluster(),
        on_progress=on_progress,
    )


def _print(evaluation: Evaluation) -> None:
    say(f"{evaluation.name}@{evaluation.version} on the {evaluation.split} people of {evaluation.stack}")
    for scores in evaluation.expressions:
        say()
        say(f"{scores.expression}: {people(len(scores.people))}")
        _print_expression(scores)


def _print_expression(scores: ExpressionScores) -> None:
    headers = ("", f"face {_MEASURES[0]}", *_MEASURES[1:], f"mouth {_MEASURES[0]}", *_MEASURES[1:])
    table(headers, [[method, *_cells(scores, method, "face"), *_cells(scores, method, "mouth")] for method in METHODS])


def _cells(scores: ExpressionScores, method: str, region: str) -> list[str]:
    improvement = scores.improvement(method, region)
    return [
        f"{scores.mean(method, region, 'mse_x100'):.3f}",
        "–" if not improvement else f"{-improvement:+.1f} %",
        f"{scores.mean(method, region, 'psnr'):.2f}",
        f"{scores.mean(method, region, 'ssim'):.4f}",
    ]
