"""Flow `train`: a model is trained tile by tile, published as the next version, and an alias moved to it."""

from __future__ import annotations

from typing import Literal

from prefect import flow, task
from prefect.events import emit_event

from fesdist.cli.console import duration
from fesdist.cli.model_options import HYPERPARAMETERS
from fesdist.cli.request import training_request
from fesdist.cluster.connect import open_cluster
from fesdist.cluster.settings import ClusterSettings
from fesdist.training.job import TrainingRequest
from fesdist.training.run import TrainingResult
from fesdist.training.run import train as train_model
from flows.promote import promote_stage
from flows.stage import STAGE, cluster_settings, stage

PUBLISHED = "fesdist.version.published"
"""Event of a new version; an automation can start whatever needs it."""


@task(name="train", **STAGE)
def train_stage(request: TrainingRequest, settings: ClusterSettings, *, if_changed: bool) -> TrainingResult:
    """Run `fesdist.training.run.train` as a stage, and emit an event for a new version."""
    with stage("train", "tiles") as running:
        with open_cluster(settings) as cluster:
            result = train_model(
                request,
                cluster,
                memory=settings.memory,
                if_changed=if_changed,
                on_progress=running.progress,
            )
        version = f"{request.name} version {result.version}"
        if result.published:
            emit_event(
                PUBLISHED,
                resource={"prefect.resource.id": f"fesdist.weights.{request.name}"},
                payload={"store": request.store, "name": request.name, "version": result.version},
            )
            running.outcome = f"{version} published, {result.n_tiles} tiles in {duration(result.seconds)}"
        else:
            running.outcome = f"{version} has the same images and settings"
    return result


@flow(name="train")
def train(
    stack: str,
    store: str,
    name: str,
    model: str | None = None,
    window: int | None = None,
    dilation: int | None = None,
    mask: str | None = None,
    ridge: float | None = None,
    n_nonzero: int | None = None,
    locality: float | None = None,
    rank: int | None = None,
    l1: float | None = None,
    max_nonzero: int | None = None,
    kernel: str | None = None,
    sigma: float | None = None,
    degree: int | None = None,
    offset: float | None = None,
    colour: Literal["per-channel", "shared", "gray"] | None = None,
    expressions: list[str] | None = None,
    input_expression: str | None = None,
    subjects: Literal["train", "all"] = "train",
    config: str | None = None,
    if_changed: bool = False,
    alias: str | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    memory_mib: int = 1024,
) -> TrainingResult:
    """Train a model on `stack` and publish it in `store`; the parameters are those of `fesdist train`.

    `config` is a file as `fesdist tune` writes it; `model` to `input_expression` are what it says where they are None,
    and have their defaults where it says nothing. `mask` is a file too. `alias` is moved to the version that results.
    """
    given = locals()
    request = training_request(
        stack,
        store,
        name,
        model=model,
        options={option.name: given[option.name] for option in HYPERPARAMETERS},
        colour=colour,
        expressions=expressions,
        input_expression=input_expression,
        all_subjects=subjects == "all",
        config=config,
    )
    result = train_stage(request, cluster_settings(scheduler, workers, memory_mib), if_changed=if_changed)
    if alias is not None:
        promote_stage(store, name, result.version, alias, note="trained by the flow `train`")
    return result
