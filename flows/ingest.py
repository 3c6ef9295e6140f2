"""Flow `ingest`: a folder of photographs becomes, or is added to, a training stack."""

from __future__ import annotations

from typing import Literal

from prefect import flow, task

from fesdist.images.decode import MEGAPIXEL, PIXEL_LIMIT
from fesdist.images.ingest import ingest as ingest_folder
from fesdist.images.summary import IngestSummary
from flows.artifacts import show_table
from flows.stage import STAGE, stage


@task(name="ingest", **STAGE)
def ingest_stage(
    photographs: str,
    stack: str,
    *,
    size: tuple[int, int] | None = None,
    colour: Literal["auto", "rgb", "gray"] = "auto",
    normalisation: Literal["none", "min-max"] | None = None,
    holdout: float | list[str] | None = None,
    input_expression: str | None = None,
    target_name: str = "target",
    subject_pattern: str | None = None,
    pixel_limit: int = PIXEL_LIMIT,
) -> IngestSummary:
    """Run `fesdist.images.ingest.ingest` as a stage."""
    with stage("ingest", "photographs") as running:
        summary = ingest_folder(
            photographs,
            stack,
            size=size,
            colour=colour,
            normalisation=normalisation,
            holdout=holdout,
            input_expression=input_expression,
            target_name=target_name,
            subject_pattern=subject_pattern,
            pixel_limit=pixel_limit,
            on_progress=running.progress,
        )
        if summary.skipped:
            rows = [{"file": str(file.path), "reason": file.reason} for file in summary.skipped]
            show_table("ingest-skipped", rows, f"Photographs of {photographs} that could not be used")
        running.outcome = (
            f"{summary.n_people} people in {stack}, {', '.join(summary.pairs)}; {summary.added} photographs added"
            + (f", {len(summary.skipped)} could not be used" if summary.skipped else "")
        )
    return summary


@flow(name="ingest")
def ingest(
    photographs: str,
    stack: str,
    size: tuple[int, int] | None = None,
    colour: Literal["auto", "rgb", "gray"] = "auto",
    normalisation: Literal["none", "min-max"] | None = None,
    holdout: float | list[str] | None = None,
    input_expression: str | None = None,
    target_name: str = "target",
    subject_pattern: str | None = None,
    pixel_limit: float = PIXEL_LIMIT / MEGAPIXEL,
) -> IngestSummary:
    """Append the pairs in the folder `photographs` to `stack`; the parameters are those of `fesdist ingest`.

    `size` is [rows, columns]; `holdout` is a fraction of the people or a list of their ids; `pixel_limit` is in
    megapixels.
    """
    return ingest_stage(
        photographs,
        stack,
        size=size,
        colour=colour,
        normalisation=normalisation,
        holdout=holdout,
        input_expression=input_expression,
        target_name=target_name,
        subject_pattern=subject_pattern,
        pixel_limit=round(pixel_limit * MEGAPIXEL),
    )
