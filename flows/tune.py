"""Flow `tune`: options are chosen by cross-validation, and written as a configuration for the flow `train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from prefect import flow, task

from fesdist.cli.config_file import write_config
from fesdist.cli.model_options import DEFAULT_MODEL, HYPERPARAMETERS
from fesdist.cli.tune import MOST_ROWS
from fesdist.cluster.connect import open_cluster
from fesdist.cluster.settings import ClusterSettings
from fesdist.ground.colour import Colour
from fesdist.ground.measures import REGIONS
from fesdist.tuning.tune import TuningRequest
from fesdist.tuning.tune import tune as tune_options
from fesdist.tuning.tuning import Result, Tuning
from flows.artifacts import show_file, show_table
from flows.stage import STAGE, cluster_settings, stage


@task(name="tune", **STAGE)
def tune_stage(request: TuningRequest, settings: ClusterSettings, out: Path) -> Tuning:
    """Run `fesdist.tuning.tune.tune` as a stage, write the configuration, and show the errors of all combinations."""
    with stage("tune", "steps") as running:
        scratch = out.with_name(f".{out.name}.folds")
        with open_cluster(settings) as cluster:
            tuning = tune_options(
                request, cluster, memory=settings.memory, scratch=scratch, on_progress=running.progress
            )
        write_config(out, tuning)
        people = f"{tuning.n_people} people of {tuning.stack}, left out in {tuning.n_folds} folds"
        show_table("tuning", tuning_rows(tuning), f"MSE x 100 of {tuning.model} on {people}")
        show_file("configuration", out, f"What was chosen for {tuning.model}")
        best = ", ".join(f"{option} {value}" for option, value in tuning.best.options.items())
        running.outcome = f"{best} in {out}, the best of {len(tuning.results)} combinations in the {tuning.region}"
        if edges := tuning.at_the_edge():
            running.outcome += f"; at the edge of what was tried: {', '.join(edges)}"
    return tuning


def tuning_rows(tuning: Tuning) -> list[dict[str, Any]]:
    """Return a row for each of the best combinations, the best first, and for those that could not be trained.

    Errors are averaged over the expressions.
    """
    measured = sorted(
        (result for result in tuning.results if not result.failed),
        key=lambda result: result.mean(tuning.region).mse_x100,
    )
    failed = [result for result in tuning.results if result.failed]
    return [{**result.options, **_errors(result)} for result in measured[:MOST_ROWS] + failed]


def _errors(result: Result) -> dict[str, str]:
    if result.failed:
        return dict.fromkeys(REGIONS, "–") | {"failed": result.failed}
    scores = {region: result.mean(region) for region in REGIONS}
    errors = {region: f"{score.mse_x100:.4f} ± {score.standard_error:.4f}" for region, score in scores.items()}
    return errors | {"failed": ""}


@flow(name="tune")
def tune(
    stack: str,
    out: str = "tuned.toml",
    model: str = DEFAULT_MODEL,
    window: list[int] | None = None,
    dilation: list[int] | None = None,
    mask: list[str] | None = None,
    ridge: list[float] | None = None,
    n_nonzero: list[int] | None = None,
    locality: list[float] | None = None,
    rank: list[int] | None = None,
    l1: list[float] | None = None,
    max_nonzero: list[int] | None = None,
    kernel: list[str] | None = None,
    sigma: list[float] | None = None,
    degree: list[int] | None = None,
    offset: list[float] | None = None,
    colour: Literal["per-channel", "shared", "gray"] = "shared",
    expressions: list[str] | None = None,
    input_expression: str | None = None,
    folds: int = 5,
    leave_one_out: bool = False,
    region: Literal["face", "mouth"] = "face",
    row_step: int | None = None,
    per_pixel: bool = False,
    scheduler: str | None = None,
    workers: int | None = None,
    memory_mib: int = 1024,
) -> str:
    """Choose options on `stack` and return the path of the configuration; the parameters are those of `fesdist tune`.

    `window` to `offset` are the values to try, `out` is the configuration to write.
    """
    given = locals()
    request = TuningRequest(
        stack=stack,
        model=model,
        values={option.name: values for option in HYPERPARAMETERS if (values := given[option.name])},
        colour=Colour(colour),
        expressions=tuple(expressions) if expressions else None,
        input_expression=input_expression,
        n_folds=None if leave_one_out else folds,
        region=region,
        row_step=row_step,
        ridge_in_cells=per_pixel,
    )
    tune_stage(request, cluster_settings(scheduler, workers, memory_mib), Path(out))
    return out
