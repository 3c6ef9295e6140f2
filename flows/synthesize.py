"""Flow `synthesize`: expressions are put on a folder of photographs."""

from __future__ import annotations

from prefect import flow, task

from fesdist.cli.synthesize import carry_out
from fesdist.ground.counting import counted
from fesdist.inference.summary import SynthesisSummary
from fesdist.requests.signature import takes
from fesdist.requests.using import Synthesize
from flows.artifacts import show_table
from flows.stage import STAGE, stage


@task(name="synthesize", **STAGE)
def synthesize_stage(request: Synthesize) -> SynthesisSummary:
    """Synthesize as a stage, and show what failed."""
    with stage("synthesize", "photographs") as running:
        summary = carry_out(request, running.progress)
        if summary.failed:
            rows = [{"photograph": record.file.name, "reason": record.reason} for record in summary.failed]
            first = f", the first {len(rows):,} of {summary.failed.n:,}" if summary.failed.n > len(rows) else ""
            show_table("synthesis-failures", rows, f"Photographs of {request.photographs} that failed{first}")
        running.notice(summary.notices, request.photographs)
        running.outcome = (
            f"{counted(summary.n_outputs, 'face')} of {counted(summary.done, 'photograph')} by {summary.reference} "
            f"in {request.out}"
            + (f", done before: {counted(summary.unchanged, 'photograph')}" if summary.unchanged else "")
            + (f", {summary.failed.n} failed" if summary.failed else "")
        )
    return summary


@flow(name="synthesize")
@takes(Synthesize)
def synthesize(request: Synthesize) -> SynthesisSummary:
    """Write `out/<expression>/<photograph>` for all `photographs`, as `fesdist synthesize` does."""
    return synthesize_stage(request)
