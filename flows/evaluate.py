"""Flow `evaluate`: a version is measured on people it has not seen, and a report is written."""

from __future__ import annotations

from typing import Literal

from prefect import flow, task

from fesdist.cluster.settings import ClusterSettings
from fesdist.evaluation.evaluate import evaluate as evaluate_version
from fesdist.evaluation.scores import MODEL, Evaluation, error_rows
from flows.artifacts import show_table
from flows.report import report_stage
from flows.stage import STAGE, cluster_settings, stage


@task(name="evaluate", **STAGE)
def evaluate_stage(
    stack: str,
    store: str,
    reference: str,
    settings: ClusterSettings,
    *,
    split: Literal["holdout", "train"] = "holdout",
    expressions: list[str] | None = None,
) -> Evaluation:
    """Run `fesdist.evaluation.evaluate.evaluate` as a stage, and show its table."""
    with stage("evaluate", "people") as running:
        evaluation = evaluate_version(
            stack,
            store,
            reference,
            split=split,
            expressions=expressions,
            cluster=settings,
            on_progress=running.progress,
        )
        version = f"{evaluation.name} version {evaluation.version}"
        show_table("errors", error_rows(evaluation), f"Errors of {version} on {split} people of {stack}")
        running.outcome = "error against output = input: " + ", ".join(
            f"{scores.expression} {-improvement:+.0f} %"
            for scores in evaluation.expressions
            if (improvement := scores.improvement(MODEL, "face")) is not None
        )
        if evaluation.left_out:
            running.outcome += f"; left out, as nobody in the split has them: {', '.join(evaluation.left_out)}"
        if evaluation.not_kept:
            running.outcome += f"; not kept in the store: {evaluation.not_kept}"
    return evaluation


@flow(name="evaluate")
def evaluate(
    stack: str,
    store: str,
    reference: str,
    split: Literal["holdout", "train"] = "holdout",
    expressions: list[str] | None = None,
    report: str | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    memory_mib: int = 1024,
) -> Evaluation:
    """Measure a version as `fesdist evaluate` does, and write its report to the file `report` if one is named."""
    settings = cluster_settings(scheduler, workers, memory_mib)
    evaluation = evaluate_stage(stack, store, reference, settings, split=split, expressions=expressions)
    if report is not None:
        report_stage(stack, store, f"{evaluation.name}@{evaluation.version}", report, settings.memory)
    return evaluation
