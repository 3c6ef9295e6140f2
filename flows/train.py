"""Flow `train`: a model is trained tile by tile, published as the next version, and an alias moved to it."""

from __future__ import annotations

from prefect import flow, task
from prefect.events import emit_event

from fesdist.cli.console import duration
from fesdist.cli.train import carry_out
from fesdist.ground.counting import counted
from fesdist.requests.learning import Train
from fesdist.requests.signature import takes
from fesdist.training.run import TrainingResult
from flows.promote import promote_stage
from flows.stage import STAGE, stage

PUBLISHED = "fesdist.version.published"
"""Event of a new version; an automation can start whatever needs it. A thread of Prefect's own tells it."""


@task(name="train", **STAGE)
def train_stage(request: Train) -> TrainingResult:
    """Train as a stage, and emit an event for a new version."""
    with stage("train", "tasks") as running:
        result = carry_out(request, running.progress)
        version = f"{request.name} version {result.version}"
        running.notice(result.notices, version)
        if result.published:
            emit_event(
                PUBLISHED,
                resource={"prefect.resource.id": f"fesdist.weights.{request.name}"},
                payload={"store": request.store, "name": request.name, "version": result.version},
            )
            running.outcome = f"{version} published, {counted(result.n_tiles, 'tile')} in {duration(result.seconds)}"
        else:
            running.outcome = f"{version} has the same images and settings"
    return result


@flow(name="train")
@takes(Train)
def train(request: Train, alias: str | None = None) -> TrainingResult:
    """Train a model on `stack` and publish it in `store`, as `fesdist train` does, and move `alias` to the version."""
    result = train_stage(request)
    if alias is not None:
        promote_stage(request.store, request.name, result.version, alias, note="trained by the flow `train`")
    return result
