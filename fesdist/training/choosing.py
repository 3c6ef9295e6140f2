"""What a run chooses by itself: hyper-parameters that nobody said, by the errors on people who are left out.

A few pixels all over the image are judged from sums of folds of people, refined as outputs will be, for every
combination; that costs little beside the fit itself. The ridge may be another one in the mouth than around it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.cluster.settings import Cluster
from fesdist.families.common.cells import CELLS
from fesdist.families.common.contract import AnyModel
from fesdist.families.common.validation import FoldErrors
from fesdist.ground.measures import REGIONS, mouth_region
from fesdist.ground.share import Progress
from fesdist.passes.stage import results
from fesdist.registry import model_from_parameters
from fesdist.training.band_stage import KEPT_BYTES, PIECE_BYTES, BandStage, side_of_pieces
from fesdist.training.choice import Choice, Result, Score
from fesdist.training.folds import n_folds
from fesdist.training.job import TrainingJob, TrainingRequest, has_shape
from storage.stack.reading import TrainingStack

TRIED: Mapping[str, tuple[Any, ...]] = {
    "ridge": (0.01, 0.04, 0.15, 0.5, 1.5, 4.0, 8.0, 16.0, 32.0),
    "pool": (0, 2),
    "mirror": (False, True),
}
"""Values among which a run chooses, by hyper-parameter."""

BEYOND_CHANCE = 2.0
"""Standard errors above 0 of a difference that is no chance."""
MOUTH_TOLERANCE = 0.01
"""Errors in the mouth that differ by less are alike."""


@dataclass(frozen=True)
class Mouth:
    """Where the mouth is, and how much of the image it takes."""

    fractions: tuple[float, float, float, float]
    """(row0, row1, col0, col1) of the sides, as in `StackSpec.mouth`."""
    share: float
    """Of the image's pixels."""

    @classmethod
    def of(cls, stack: TrainingStack) -> Mouth:
        """Return the mouth of a stack, `NO_MOUTH` for one so small that no cell's centre is in it."""
        if not _cells_in(stack.spec.mouth).any():
            return NO_MOUTH
        region = mouth_region(stack.spec.mouth, stack.image_shape)
        return cls(stack.spec.mouth, math.prod(region.shape) / math.prod(stack.image_shape))


NO_MOUTH = Mouth((0.0, 0.0, 0.0, 0.0), 0.0)
"""Where one ridge is for the whole image, which the whole face decides."""


def choose(
    request: TrainingRequest,
    job: TrainingJob,
    stack: TrainingStack,
    cluster: Cluster,
    array_bytes: int = PIECE_BYTES,
    on_progress: Progress | None = None,
) -> tuple[AnyModel, Choice | None]:
    """Return the requested model with what the run itself chooses, and why; as it is where nobody can be left out.

    An expression that one person has is made by what is best for the others.

    `job` is that of the model as it is, `array_bytes` what a worker has for arrays. Raises as `results` does.
    """
    model, chosen = request.model, request.chosen
    job = judgeable(job)
    if not job.groups:
        return model, None
    ordered = [each for alike in _by_sums(model, chosen) for each in alike]
    at_once = max(1, min(cluster.threads, array_bytes // PIECE_BYTES))
    stage = replace(band_stage(model, chosen, job, stack), at_once=at_once, kept_bytes=kept_bytes(array_bytes, at_once))
    bands = stage.bands
    found = results(stage, range(len(bands)), cluster, on_progress)
    totals = [reduce(add, of_group) for of_group in zip(*found, strict=True)]
    options = tuple({name: getattr(each, name) for name in chosen} for each in ordered)
    refined = np.concatenate([_refined(total) for total in totals], axis=1)
    mouth = Mouth.of(stack) if model.ridge_may_vary else NO_MOUTH
    best, values = _best(options, refined.mean(axis=1), _of_folds(totals), mouth)
    tried = tuple(Result(each, _scores(number, job, totals)) for number, each in enumerate(options))
    pixels = sum(piece.n_pixels for band in bands for piece in band)
    parameters_of_all: dict[str, Any] = {**model.parameters(), **values}
    n_people = len({sample for group in job.groups for sample in group.samples})
    choice = Choice(values, n_people, n_folds(job.n_samples), pixels, tried, best)
    return model_from_parameters(model.name, parameters_of_all), choice


def judgeable(job: TrainingJob) -> TrainingJob:
    """Return the job with those of its groups that have several people, so that some can be left out."""
    return replace(job, groups=tuple(group for group in job.groups if n_folds(len(group.samples)) >= 2))


def band_stage(model: AnyModel, chosen: Sequence[str], job: TrainingJob, stack: TrainingStack) -> BandStage:
    """Return the stage that judges all combinations of the hyper-parameters `chosen`, for a job that is `judgeable`."""
    by_sums = _by_sums(model, chosen)
    parameters = tuple(tuple(each.parameters() for each in alike) for alike in by_sums)
    return BandStage(job, parameters, side_of_pieces(by_sums, job, stack))


def kept_bytes(array_bytes: int, at_once: int) -> int:
    """Return what each of `at_once` bands has room for beside the sums of a piece, of the `array_bytes` of a worker."""
    return max(0, min(KEPT_BYTES, array_bytes // at_once - PIECE_BYTES))


def widest(model: AnyModel, chosen: Sequence[str]) -> AnyModel:
    """Return the model that takes the most memory and time among all that may be chosen."""
    any_model: Any = model
    most: AnyModel = replace(any_model, **{name: max(TRIED[name]) for name in chosen})
    return most


def planned(job: TrainingJob, request: TrainingRequest, stack: TrainingStack) -> TrainingJob:
    """Return the job by which a run is planned before it has learned a shape and chosen: what may take the most."""
    most = replace(job, parameters=widest(request.model, request.chosen).parameters())
    return most.planned_shape() if has_shape(request.shape, stack.image_shape) else most


def _by_sums(model: AnyModel, chosen: Sequence[str]) -> list[list[AnyModel]]:
    """Return all combinations, those together that are judged from the same sums."""
    return [alike for mirror in (False, True) if (alike := _candidates(model, chosen, mirror))]


def _candidates(model: AnyModel, chosen: Sequence[str], mirror: bool) -> list[AnyModel]:
    """Return all combinations that learn from mirrored images, or that do not."""
    grids = [[mirror] if name == "mirror" else TRIED[name] for name in chosen]
    if "mirror" not in chosen and model.mirror is not mirror:
        return []
    any_model: Any = model
    return [replace(any_model, **dict(zip(chosen, values, strict=True))) for values in itertools.product(*grids)]


def _best(
    options: Sequence[Mapping[str, Any]],
    errors: NDArray[np.float64],
    of_folds: Sequence[NDArray[np.float64]],
    mouth: Mouth,
) -> tuple[int, dict[str, Any]]:
    """Return the best combination and its options: a ridge for the mouth and one around it, all else for the face.

    `errors` is (combination, region), `of_folds` those over the face as `_of_folds` returns them. What learns from
    more, neighbours and mirror images, is taken unless it is worse beyond chance, as few people may mislead: by
    `BEYOND_CHANCE` standard errors of its differences over the folds.
    """
    inside = mouth.share * np.nan_to_num(errors[:, REGIONS.index("mouth")])
    around = errors[:, REGIONS.index("face")] - inside
    alike: dict[tuple[Any, ...], list[int]] = {}
    for number, option in enumerate(options):
        alike.setdefault(tuple(value for name, value in option.items() if name != "ridge"), []).append(number)
    # From what learns from least to what learns from most: pools and mirrors are numbers.
    best_of = [min(alike[key], key=lambda number: around[number] + inside[number]) for key in sorted(alike)]
    winner = min(best_of, key=lambda number: around[number] + inside[number])
    beside_winner = {number: [each[:, number] - each[:, winner] for each in of_folds] for number in best_of}
    preferred = [number for number, differences in beside_winner.items() if not _worse(differences)][-1]
    best = next(numbers for numbers in alike.values() if preferred in numbers)
    outer = min(best, key=lambda number: around[number])
    found = dict(options[outer])
    if "ridge" in found and inside.any():
        # Few pixels tell the ridges of the mouth apart, and a small one is the riskier mistake.
        smallest = inside[best].min()
        close = [number for number in best if inside[number] <= (1 + MOUTH_TOLERANCE) * smallest]
        inner = max(close, key=lambda number: options[number]["ridge"])
        if options[inner]["ridge"] != found["ridge"]:
            found["ridge"] = _two_ridges(found["ridge"], options[inner]["ridge"], mouth.fractions)
    return outer, found


def _worse(differences: Sequence[NDArray[np.float64]]) -> bool:
    """Return whether the sum of the means of some differences, each (fold,), is above 0 beyond chance."""
    error = math.hypot(*(each.std(ddof=1) / math.sqrt(len(each)) for each in differences))
    mean = sum(each.mean() for each in differences)
    return bool(mean > BEYOND_CHANCE * error and any(each.any() for each in differences))


def _scores(number: int, job: TrainingJob, totals: Sequence[FoldErrors]) -> dict[str, dict[str, Score]]:
    """Return the scores of a combination by expression and region; regions without pixels are left out."""
    found = {}
    for group, total in zip(job.groups, totals, strict=True):
        refined = 100 * _refined(total)[number]
        with np.errstate(invalid="ignore", divide="ignore"):
            of_folds = 100 * total.squared[:, number] / total.values[:, None]
        deviation = of_folds.std(axis=0, ddof=1) / math.sqrt(len(of_folds))
        for place, expression in enumerate(group.expressions):
            found[expression] = {
                region: Score(float(refined[place, column]), float(deviation[place, column]))
                for column, region in enumerate(REGIONS)
                if np.isfinite(refined[place, column])
            }
    return found


def _of_folds(totals: Sequence[FoldErrors]) -> list[NDArray[np.float64]]:
    """Return the errors of each fold over the face, not refined, (fold, combination), for each number of folds.

    An expression that few people have is split into fewer folds than the others. The means over the folds add up to the
    average over all expressions.
    """
    face = REGIONS.index("face")
    alike: dict[int, list[NDArray[np.float64]]] = {}
    for total in totals:
        errors = total.squared[..., face] / total.values[:, None, None, face]
        alike.setdefault(len(errors), []).append(errors)
    n_expressions = sum(total.squared.shape[2] for total in totals)
    return [np.concatenate(of_groups, axis=2).sum(axis=2) / n_expressions for of_groups in alike.values()]


def _two_ridges(around: float, inside: float, mouth: tuple[float, float, float, float]) -> list[list[float]]:
    """Return a ridge for each cell: `inside` for those in the mouth."""
    return [[inside if cell else around for cell in row] for row in _cells_in(mouth)]


def _cells_in(mouth: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    """Return whether the centre of each cell is in the mouth, by fractions of the sides, (row, col)."""
    row0, row1, col0, col1 = mouth
    down, across = ((np.arange(n) + 0.5) / n for n in CELLS)
    return ((down >= row0) & (down < row1))[:, None] & ((across >= col0) & (across < col1))


def _refined(total: FoldErrors) -> NDArray[np.float64]:
    """Return the refined errors as means, (candidate, expression, region), NaN where a region has no pixels."""
    if total.refined is None:
        raise TypeError("a validation by sums tells refined errors")
    values = total.values.sum(axis=0)
    return np.asarray(total.refined / np.where(values > 0, values, np.nan))
