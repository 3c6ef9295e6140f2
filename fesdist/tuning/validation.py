"""The ways to judge candidates on people left out: in one pass over the images where a model can, else by training."""

from __future__ import annotations

from collections.abc import Sequence

from fesdist.families.common.contract import AnyModel
from fesdist.ground.errors import BadParameterError
from fesdist.ground.folds import Fold
from fesdist.training.job import TrainingJob, TrainingRequest
from fesdist.tuning.by_training import validate_by_training
from fesdist.tuning.errors import Validation
from fesdist.tuning.fold_stage import validate_in_one_pass
from fesdist.tuning.resources import Resources
from storage.stack.reading import TrainingStack


def validate(
    models: Sequence[AnyModel],
    training: TrainingRequest,
    job: TrainingJob,
    stack: TrainingStack,
    folds: tuple[Fold, ...],
    resources: Resources,
    row_step: int | None,
    in_cells: bool,
) -> Validation:
    """Return the errors of all models, which are of one class, in the cheapest way there is for it.

    Raises BadParameterError for `in_cells` with a model that has one penalty for all pixels; else as the way it takes.
    """
    validation = type(models[0]).cross_validation(models)
    if in_cells and not (validation and validation.by_place):
        raise BadParameterError(
            f"model {job.model!r} has one value for all pixels; a ridge that varies is for mr and pixel-rr"
        )
    if validation is None:
        return validate_by_training(models, training, stack, folds, resources)
    return validate_in_one_pass(models, validation, job, stack, folds, resources, row_step, in_cells)
