"""Flow `synthesize`: expressions are put on a folder of photographs."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from prefect import flow, task

from fesdist.cluster.settings import ClusterSettings
from fesdist.images.decode import MEGAPIXEL, PIXEL_LIMIT
from fesdist.inference.folder import SynthesisSummary, synthesize_folder
from fesdist.inference.settings import OutputFormat, OutputSize, SynthesisSettings
from flows.artifacts import show_table
from flows.stage import STAGE, cluster_settings, stage


@task(name="synthesize", **STAGE)
def synthesize_stage(
    photographs: str,
    out: str,
    store: str,
    reference: str,
    settings: ClusterSettings,
    *,
    expressions: list[str] | None = None,
    synthesis: SynthesisSettings | None = None,
    force: bool = False,
) -> SynthesisSummary:
    """Run `fesdist.inference.folder.synthesize_folder` as a stage."""
    with stage("synthesize", "photographs") as running:
        summary = synthesize_folder(
            Path(photographs),
            Path(out),
            store,
            reference,
            expressions=expressions or (),
            settings=synthesis,
            cluster=settings,
            force=force,
            on_progress=running.progress,
        )
        if summary.failed:
            rows = [{"photograph": record.file.name, "reason": record.reason} for record in summary.failed]
            show_table("synthesis-failures", rows, f"Photographs of {photographs} that failed")
        running.outcome = (
            f"{summary.n_outputs} faces of {summary.done} photographs by {summary.reference} in {out}"
            + (f", {summary.unchanged} photographs were done before" if summary.unchanged else "")
            + (f", {len(summary.failed)} failed" if summary.failed else "")
        )
    return summary


@flow(name="synthesize")
def synthesize(
    photographs: str,
    out: str,
    store: str,
    reference: str,
    expressions: list[str] | None = None,
    refine: bool = False,
    intensity: float = 1.0,
    stretch: bool = False,
    size: Literal["model", "input"] = "model",
    format: Literal["png", "jpeg", "webp", "same"] = "png",
    force: bool = False,
    pixel_limit: float = PIXEL_LIMIT / MEGAPIXEL,
    scheduler: str | None = None,
    workers: int | None = None,
    memory_mib: int = 1024,
) -> SynthesisSummary:
    """Write `out/<expression>/<photograph>` for all `photographs`; the parameters are those of `fesdist synthesize`.

    `pixel_limit` is in megapixels.
    """
    return synthesize_stage(
        photographs,
        out,
        store,
        reference,
        cluster_settings(scheduler, workers, memory_mib),
        expressions=expressions,
        synthesis=SynthesisSettings(
            refine=refine,
            intensity=intensity,
            stretch=stretch,
            output_size=OutputSize(size),
            output_format=OutputFormat(format),
            pixel_limit=round(pixel_limit * MEGAPIXEL),
        ),
        force=force,
    )
