"""The ways to judge candidates on people left out: from sums, from inner products of images, or by training."""

from __future__ import annotations

from collections.abc import Sequence

from fesdist.families.coded.model import LowRankModel
from fesdist.families.common.contract import Model
from fesdist.families.common.foldwise import FoldwiseModel
from fesdist.ground.errors import BadParameterError
from fesdist.training.job import TrainingJob, TrainingRequest
from fesdist.tuning.by_training import validate_by_training
from fesdist.tuning.errors import Validation
from fesdist.tuning.folds import Fold
from fesdist.tuning.foldwise import validate_foldwise
from fesdist.tuning.resources import Resources
from fesdist.tuning.whole_image import validate_whole_image
from storage.stack.reading import TrainingStack


def validate(
    models: Sequence[Model],
    training: TrainingRequest,
    job: TrainingJob,
    stack: TrainingStack,
    folds: tuple[Fold, ...],
    resources: Resources,
    row_step: int | None,
    in_cells: bool,
) -> Validation:
    """Return the errors of all models, which are of one kind, in the cheapest way there is for it.

    Raises BadParameterError for `in_cells` with a model that has one penalty for all pixels.
    """
    foldwise = [model for model in models if isinstance(model, FoldwiseModel)]
    low_rank = [model for model in models if isinstance(model, LowRankModel)]
    if in_cells and not foldwise:
        raise BadParameterError(
            f"model {job.model!r} has one value for all pixels; a ridge that varies is for mr and pixel-rr"
        )
    if foldwise:
        return validate_foldwise(foldwise, job, stack, folds, resources, row_step, in_cells)
    if low_rank:
        return validate_whole_image(low_rank, job, stack, folds, resources)
    return validate_by_training(models, training, stack, folds, resources)
