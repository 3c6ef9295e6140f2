"""The report of a version, with its main picture on the page of the flow run."""

from __future__ import annotations

from prefect import task

from fesdist.cli.report import carry_out
from fesdist.report.build import Report as Written
from fesdist.report.contact_sheet import gallery_png
from fesdist.requests.measuring import Report
from flows.artifacts import show_file, show_picture
from flows.stage import STAGE, stage


@task(name="report", **STAGE)
def report_stage(request: Report) -> Written:
    """Write a report as a stage, and show where the file is and the faces in it."""
    with stage("report", "expressions") as running:
        written = carry_out(request, running.progress)
        if request.stack is not None and not written.missing:
            picture = gallery_png(request.stack, request.store, written.reference)
            if picture is not None:
                show_picture("faces", picture, f"What {written.reference} makes of faces")
        running.notice(written.notices, written.reference)
        show_file("report", written.path, f"Report of {written.reference}")
        running.outcome = str(written.path)
    return written
