"""Flow `ingest`: a folder of photographs becomes, or is added to, a training stack."""

from __future__ import annotations

from prefect import flow, task

from fesdist.cli.ingest import carry_out
from fesdist.ground.counting import counted
from fesdist.images.summary import IngestSummary
from fesdist.requests.signature import takes
from fesdist.requests.stacks import Ingest
from flows.artifacts import show_table
from flows.stage import STAGE, stage


@task(name="ingest", **STAGE)
def ingest_stage(request: Ingest) -> IngestSummary:
    """Ingest as a stage, and show what could not be used."""
    with stage("ingest", "photographs") as running:
        summary = carry_out(request, running.progress)
        if summary.skipped:
            rows = [{"file": str(file.path), "reason": file.reason} for file in summary.skipped]
            show_table("ingest-skipped", rows, f"Photographs of {request.photographs} that could not be used")
        running.notice(summary.notices, request.photographs)
        running.outcome = (
            f"{counted(summary.n_people, 'person')} in {request.stack}, {', '.join(summary.pairs)}; "
            f"{counted(summary.added, 'photograph')} added"
            + (f", {len(summary.skipped)} could not be used" if summary.skipped else "")
        )
    return summary


@flow(name="ingest")
@takes(Ingest)
def ingest(request: Ingest) -> IngestSummary:
    """Append the pairs in the folder `photographs` to `stack`, as `fesdist ingest` does; `size` is [rows, columns]."""
    return ingest_stage(request)
