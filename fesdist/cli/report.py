"""`fesdist report`: one HTML file that shows what a version does to faces, how good it is and what it has learned."""

from __future__ import annotations

from pathlib import Path

from fesdist.cli.console import progress, say, size
from fesdist.cli.notices import concluded
from fesdist.ground.share import Progress
from fesdist.report.build import Report as Written
from fesdist.report.build import write_report
from fesdist.requests.measuring import Report
from storage.datasets.store import WeightStore


def run(request: Report) -> int:
    """Write the report and tell what it lacks."""
    with progress("report", "expressions") as report:
        written = carry_out(request, report)
    say(f"{written.path}: {size(written.n_bytes)}")
    return concluded(written.notices, strict=request.strict)


def carry_out(request: Report, on_progress: Progress) -> Written:
    """Write the report that is asked for; raises as `fesdist.report.build.write_report`."""
    name, number = WeightStore(request.store).resolve(request.reference)
    out = Path(request.out or ".")
    if out.is_dir():
        out /= f"{name}-{number}.html"
    return write_report(
        request.store,
        f"{name}@{number}",
        out,
        stack_path=request.stack,
        people=request.people,
        memory=request.memory,
        on_progress=on_progress,
    )
