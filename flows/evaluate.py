"""Flow `evaluate`: a version is measured on people it has not seen, and a report is written."""

from __future__ import annotations

from prefect import flow, task

from fesdist.cli.evaluate import carry_out
from fesdist.evaluation.document import Evaluation
from fesdist.evaluation.rows import error_rows, outside_rows
from fesdist.evaluation.scores import MODEL
from fesdist.requests.measuring import Evaluate, Report
from fesdist.requests.signature import takes
from flows.artifacts import show_table
from flows.report import report_stage
from flows.stage import STAGE, stage


@task(name="evaluate", **STAGE)
def evaluate_stage(request: Evaluate) -> Evaluation:
    """Evaluate as a stage, and show the table of errors."""
    with stage("evaluate", "people") as running:
        evaluation = carry_out(request, running.progress)
        version = f"{evaluation.name} version {evaluation.version}"
        caption = f"Errors of {version} on {request.split} people of {request.stack}"
        running.notice(evaluation.notices, version)
        show_table("errors", error_rows(evaluation), caption)
        if evaluation.outside is not None:
            show_table("outside", outside_rows(evaluation), f"What {version} makes of {evaluation.outside.folder}")
        running.outcome = "error against output = input: " + ", ".join(
            f"{scores.expression} {-improvement:+.0f} %"
            for scores in evaluation.expressions
            if (improvement := scores.improvement(MODEL, "face")) is not None
        )
    return evaluation


@flow(name="evaluate")
@takes(Evaluate)
def evaluate(request: Evaluate, report: str | None = None) -> Evaluation:
    """Measure a version as `fesdist evaluate` does, and write its report to the file `report` if one is named."""
    evaluation = evaluate_stage(request)
    if report is not None:
        version = f"{evaluation.name}@{evaluation.version}"
        report_stage(
            Report(store=request.store, reference=version, out=report, stack=request.stack, memory=request.memory)
        )
    return evaluation
