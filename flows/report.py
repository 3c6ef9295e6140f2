"""The report of a version, with its main picture on the page of the flow run."""

from __future__ import annotations

from prefect import task

from fesdist.cluster.settings import DEFAULT_MEMORY
from fesdist.report.build import Report, write_report
from fesdist.report.contact_sheet import gallery_png
from flows.artifacts import show_file, show_picture
from flows.stage import STAGE, stage


@task(name="report", **STAGE)
def report_stage(stack: str, store: str, reference: str, path: str, memory: int = DEFAULT_MEMORY) -> Report:
    """Run `fesdist.report.build.write_report` as a stage, and show where the file is and the faces in it."""
    with stage("report", "expressions") as running:
        report = write_report(store, reference, path, stack_path=stack, memory=memory, on_progress=running.progress)
        if not report.missing:
            show_picture("faces", gallery_png(stack, store, reference), f"What {reference} makes of faces")
        show_file("report", report.path, f"Report of {reference}")
        running.outcome = str(report.path)
    return report
