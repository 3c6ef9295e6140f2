"""`fesdist evaluate`: how good a version is on people it was not trained on, beside two baselines."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

from fesdist.cli.console import progress, say, table
from fesdist.cli.notices import concluded
from fesdist.evaluation.confusion import classifier_line, confusion_table
from fesdist.evaluation.document import Evaluation, Outside
from fesdist.evaluation.evaluate import evaluate
from fesdist.evaluation.looks import MEANINGS, REAL, Looks, Seen, in_percent, with_drop
from fesdist.evaluation.rows import error_rows, outside_rows
from fesdist.evaluation.scores import ExpressionScores
from fesdist.ground.counting import counted
from fesdist.ground.share import Progress
from fesdist.inference.photographs import find_photographs
from fesdist.requests.exits import EXIT_ERROR
from fesdist.requests.measuring import Evaluate

_MEASURES = ("MSE x100", "change", "PSNR dB", "SSIM")


def run(request: Evaluate) -> int:
    """Evaluate, and tell the errors; return 0, or 1 if the store cannot keep them."""
    with progress("evaluating", "people") as report:
        evaluation = carry_out(request, report)
    if request.json:
        summary = {"summary": error_rows(evaluation), "outside_summary": outside_rows(evaluation)}
        say(json.dumps(evaluation.to_record() | summary, indent=2))
    else:
        _print(evaluation)
    return concluded(evaluation.notices, strict=request.strict, code=EXIT_ERROR if evaluation.not_kept else 0)


def carry_out(request: Evaluate, on_progress: Progress) -> Evaluation:
    """Evaluate what is asked for; raises as `fesdist.evaluation.evaluate.evaluate`."""
    exclusion = request.exclusion()
    found = None if request.photographs is None else find_photographs(Path(request.photographs), exclusion=exclusion)
    return evaluate(
        request.stack,
        request.store,
        request.reference,
        split=request.split,
        expressions=request.expressions,
        photographs=found,
        cluster=request.cluster(),
        on_progress=on_progress,
    )


def _print(evaluation: Evaluation) -> None:
    say(f"{evaluation.name}@{evaluation.version} on the {evaluation.split} people of {evaluation.stack}")
    if line := classifier_line(evaluation):
        say(line)
    for scores in evaluation.expressions:
        say()
        say(f"{scores.expression}: {counted(len(scores.people), 'person')}")
        _print_errors(scores)
        _print_looks(scores)
    _print_confusion(evaluation)
    if evaluation.outside is not None:
        _print_outside(evaluation, evaluation.outside)
    say()
    for measure, meaning in MEANINGS.items():
        say(f"{measure}: {meaning}")


def _print_errors(scores: ExpressionScores) -> None:
    headers = ("", f"face {_MEASURES[0]}", *_MEASURES[1:], f"mouth {_MEASURES[0]}", *_MEASURES[1:])
    table(
        headers,
        [[method, *_cells(scores, method, "face"), *_cells(scores, method, "mouth")] for method in scores.methods],
    )


def _cells(scores: ExpressionScores, method: str, region: str) -> list[str]:
    improvement = scores.improvement(method, region)
    return [
        f"{scores.mean(method, region, 'mse_x100'):.3f}",
        "–" if not improvement else f"{-improvement:+z.1f} %",
        f"{scores.mean(method, region, 'psnr'):.2f}",
        f"{scores.mean(method, region, 'ssim'):.4f}",
    ]


def _print_looks(scores: ExpressionScores) -> None:
    say()
    table(
        ("", *Seen.names()), [[each, *map(in_percent, scores.seen(each).shares())] for each in (REAL, *scores.methods)]
    )
    _say_not_measured(scores.looks)


def _say_not_measured(looks: Looks) -> None:
    for measure, reason in looks.not_measured.items():
        say(f"{measure} was not measured: {reason}")


def _print_confusion(evaluation: Evaluation) -> None:
    found = confusion_table(evaluation)
    if found is not None:
        say()
        table(("how many are taken for", *found.columns), [[name, *map(str, row)] for name, row in found.rows])


def _print_outside(evaluation: Evaluation, outside: Outside) -> None:
    say()
    n_photographs = counted(len(outside.photographs), "photograph")
    say(
        f"{n_photographs} of {outside.folder}, sharpness beside themselves; in brackets points against the people above"
    )
    names = [each.name for each in fields(Seen)]
    for expression, looks in outside.looks.items():
        say()
        found = [row for row in outside_rows(evaluation) if row["expression"] == expression]
        rows = [[row["method"], *(with_drop(row[name], row[f"{name}_drop"]) for name in names)] for row in found]
        table((expression, *Seen.names()), rows)
        _say_not_measured(looks)
