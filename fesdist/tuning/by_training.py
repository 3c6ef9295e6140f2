"""Cross-validation by training: each candidate on the people outside each fold, measured on those within.

Every fit is an ordinary training run that is published to a scratch store, so what was done is not done again after an
interruption.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from fesdist.families.common.contract import AnyModel
from fesdist.ground.errors import BadParameterError, PlanError, TileError
from fesdist.ground.folds import Fold
from fesdist.ground.measures import REGIONS
from fesdist.ground.metrics import ExpressionMetrics
from fesdist.training.job import TrainingRequest, define_job
from fesdist.training.run import train
from fesdist.tuning.errors import FoldTotals, Validation
from fesdist.tuning.resources import Resources
from storage.stack.reading import TrainingStack


def validate_by_training(
    candidates: Sequence[AnyModel],
    request: TrainingRequest,
    stack: TrainingStack,
    folds: tuple[Fold, ...],
    resources: Resources,
) -> Validation:
    """Return the errors of clipped outputs, and why those candidates failed that could not be trained.

    `request` has the scratch store; its model and name are replaced. Raises ClusterError, and the errors of storage.
    """
    expressions = define_job(request, stack).expressions
    totals = {name: FoldTotals.empty(len(folds), len(candidates) + 1) for name in expressions}
    failed: dict[int, str] = {}
    for number, model in enumerate(candidates):
        for fold, people in enumerate(folds):
            of_fold = replace(request, name=f"candidate-{number}-fold-{fold}", model=model, held_out=people)
            try:
                result = train(of_fold, resources.cluster, memory=resources.memory, if_changed=True)
            except (BadParameterError, PlanError, TileError) as error:
                failed[number] = str(error)
                break
            _add(totals, result.metrics.expressions, stack, request, people, fold, number)
            resources.report(number * len(folds) + fold + 1, len(candidates) * len(folds))
    for number in failed:
        for of_expression in totals.values():
            of_expression.squared[:, number] = np.nan
    return Validation(totals, failed, clipped=True)


def _add(
    totals: Mapping[str, FoldTotals],
    metrics: Mapping[str, ExpressionMetrics],
    stack: TrainingStack,
    request: TrainingRequest,
    people: Fold,
    fold: int,
    candidate: int,
) -> None:
    """Add to `totals` what a run of a candidate measured on the people of a fold."""
    for name, of_expression in totals.items():
        known = stack.samples(name, request.subjects, input_expression=request.input_expression)
        n_people = sum(stack.subjects[sample].id in people for sample in known)
        for region, part in enumerate(REGIONS):
            errors = metrics[name].errors(part)
            # A mean over as many values for each person: people weigh alike, whatever the size of the region.
            if errors:  # of a mouth in images of a few pixels there are none
                of_expression.values[fold, region] = n_people
                of_expression.squared[fold, candidate, region] = n_people * errors.mse_x100 / 100
                of_expression.squared[fold, -1, region] = n_people * errors.unchanged_mse_x100 / 100
