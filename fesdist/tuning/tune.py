"""Tunes the options of a model by cross-validation on the people it may learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fesdist.cluster.settings import Cluster
from fesdist.families.common.cells import CellErrors
from fesdist.families.windowed.ridge_map import RidgeMap
from fesdist.ground.colour import Colour
from fesdist.ground.counting import counted
from fesdist.ground.errors import BadParameterError
from fesdist.ground.folds import Fold, split_people
from fesdist.ground.measures import REGIONS
from fesdist.ground.share import Progress
from fesdist.training.choice import Result, Score
from fesdist.training.folds import Folds
from fesdist.training.job import TrainingJob, TrainingRequest, define_job
from fesdist.training.opened import only_current_images
from fesdist.tuning.errors import Validation
from fesdist.tuning.grid import candidates_of
from fesdist.tuning.resources import Resources
from fesdist.tuning.tuning import Tuning
from fesdist.tuning.validation import validate
from storage.stack.reading import TrainingStack


@dataclass(frozen=True)
class TuningRequest:
    """What a user asks for."""

    stack: str
    model: str
    values: Mapping[str, Sequence[Any]]
    """For each option the values to try; options that are left out have their defaults."""
    colour: Colour = Colour.SHARED
    expressions: tuple[str, ...] | None = None
    input_expression: str | None = None
    n_folds: int | None = 5
    """None leaves out one person at a time."""
    region: str = "face"
    """`face` or `mouth`: where the error decides."""
    row_step: int | None = None
    """Measure every so many rows; None chooses by the size of the image. Only for models that are judged from sums."""
    ridge_in_cells: bool = False
    """Whether the ridge may differ from place to place."""


def tune(
    request: TuningRequest, cluster: Cluster, *, memory: int, scratch: Path, on_progress: Progress | None = None
) -> Tuning:
    """Measure every combination on people left out, and return all errors and the best combination.

    Models that can be judged from sums need one pass over the images; others are trained for each fold. What is found
    meanwhile is kept in the folder `scratch`, from which an equal tuning goes on; whoever has kept the result removes
    it. Held-out people of the stack take no part.

    Raises BadParameterError, PlanError, TileError, ClusterError, and the errors of the storage rooms.
    """
    if request.region not in REGIONS:
        raise BadParameterError(f"region {request.region!r}; expected one of {', '.join(REGIONS)}")
    if request.row_step is not None and request.row_step < 1:
        raise BadParameterError(f"row_step is {request.row_step}; expected 1 row or more")
    stack = TrainingStack.open(request.stack)
    candidates = candidates_of(request.model, request.values)
    training = TrainingRequest(
        request.stack,
        str(scratch),
        "tuning",
        candidates[0].model,
        request.colour,
        request.expressions,
        input_expression=request.input_expression,
    )
    job = define_job(training, stack)
    folds = split_people(_people(job, stack), request.n_folds)
    _check_taught(job, stack, folds)
    resources = Resources(cluster, memory, scratch, on_progress)
    models = [candidate.model for candidate in candidates]
    with only_current_images(job, stack):
        found = validate(models, training, job, stack, folds, resources, request.row_step, request.ridge_in_cells)
    if len(found.failed) == len(models):
        raise BadParameterError(f"none of {len(models)} combinations could be trained; the first: {found.failed[0]}")
    rows, cols = stack.image_shape
    if not all(of.values[:, REGIONS.index(request.region)].any() for of in found.totals.values()):
        raise BadParameterError(
            f"no pixel of the {request.region} was measured in images of {rows} x {cols}; "
            "give a smaller --row-step or another region"
        )
    results = tuple(_result(candidate.options, found, number) for number, candidate in enumerate(candidates))
    chosen = _chosen(results, request.region)
    return Tuning(
        model=request.model,
        colour=str(request.colour),
        input_expression=job.input_expression,
        stack=job.stack,
        fingerprint=job.fingerprint,
        n_people=sum(map(len, folds)),
        n_folds=len(folds),
        row_step=found.row_step,
        clipped=found.clipped,
        region=request.region,
        results=results,
        chosen=chosen,
        unchanged=_result({}, found, len(candidates)),
        ridge_map=_ridge_map(results, chosen, found.cells) if found.cells is not None else None,
    )


def _people(job: TrainingJob, stack: TrainingStack) -> set[str]:
    return {stack.subjects[sample].id for group in job.groups for sample in group.samples}


def _check_taught(job: TrainingJob, stack: TrainingStack, folds: tuple[Fold, ...]) -> None:
    """Raise BadParameterError for an expression whose people are all left out together, so that nobody teaches it."""
    for group in job.groups:
        own = Folds.of(folds, stack, group.samples)
        if len(set(own.of_sample.values())) < 2:
            name, n_people = group.expressions[0], counted(len(group.samples), "person")
            raise BadParameterError(
                f"{n_people} with {name!r}, all in one of {len(folds)} folds, so that nobody else could teach it; "
                "expected people in two folds or more: leave it out with --expressions, give other --folds, or ingest "
                "more pairs"
            )


def _result(options: Mapping[str, Any], found: Validation, number: int) -> Result:
    """Return what was found of a candidate, by its number."""
    if number in found.failed:
        return Result(options, {}, found.failed[number])
    scores = {}
    for name, totals in found.totals.items():
        errors, deviations = totals.mse_x100()[number], totals.standard_error()[number]
        both = zip(REGIONS, errors.tolist(), deviations.tolist(), strict=True)
        scores[name] = {region: Score(error, deviation) for region, error, deviation in both}
    return Result(options, scores)


def _chosen(results: Sequence[Result], region: str) -> int:
    errors = [np.inf if result.failed else result.mean(region).mse_x100 for result in results]
    return int(np.argmin(errors))


def _ridge_map(results: Sequence[Result], chosen: int, cells: CellErrors) -> RidgeMap:
    """Return the best ridge around each cell, among the results that differ from the chosen one in nothing else."""
    others = {option: value for option, value in results[chosen].options.items() if option != "ridge"}
    alike = [number for number, result in enumerate(results) if others.items() <= result.options.items()]
    return tuple(tuple(float(results[number].options["ridge"]) for number in row) for row in cells.best(alike).tolist())
