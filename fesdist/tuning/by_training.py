"""Cross-validation by training: each candidate on the people outside each fold, measured on those within.

Every fit is an ordinary training run that is published to a scratch store, so what was done is not done again after an
interruption.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from fesdist.cluster.settings import Cluster
from fesdist.errors import FesdistError
from fesdist.measures import REGIONS
from fesdist.models.base import Model
from fesdist.training.job import TrainingRequest, define_job
from fesdist.training.run import train
from fesdist.tuning.errors import FoldTotals
from fesdist.tuning.folds import Fold
from storage.stack import TrainingStack

Report = Callable[[int, int, str], None]


def validate_by_training(
    candidates: Sequence[Model],
    request: TrainingRequest,
    stack: TrainingStack,
    folds: tuple[Fold, ...],
    cluster: Cluster,
    *,
    memory: int,
    on_progress: Report | None = None,
) -> tuple[Mapping[str, FoldTotals], dict[int, str]]:
    """Return the totals by expression, and why those candidates failed that could not be trained.

    `request` has the scratch store; its model and name are replaced. The errors are of clipped outputs.
    """
    expressions = define_job(request, stack).expressions
    totals = {name: FoldTotals.empty(len(folds), len(candidates)) for name in expressions}
    failed: dict[int, str] = {}
    for number, model in enumerate(candidates):
        for fold, people in enumerate(folds):
            of_fold = replace(request, name=f"candidate-{number}-fold-{fold}", model=model, held_out=people)
            try:
                metrics = train(of_fold, cluster, memory=memory, if_changed=True).metrics["expressions"]
            except FesdistError as error:
                failed[number] = str(error)
                break
            _add(totals, metrics, stack, request, people, (fold, number))
            if on_progress:
                on_progress(number * len(folds) + fold + 1, len(candidates) * len(folds), "")
    for number in failed:
        for of_expression in totals.values():
            of_expression.squared[:, number] = np.nan
    return totals, failed


def _add(
    totals: Mapping[str, FoldTotals],
    metrics: Mapping[str, Mapping[str, Mapping[str, float] | None]],
    stack: TrainingStack,
    request: TrainingRequest,
    people: Fold,
    place: tuple[int, int],
) -> None:
    fold, candidate = place
    for name, of_expression in totals.items():
        known = stack.samples(name, request.subjects, input_expression=request.input_expression)
        n_people = sum(stack.subjects[sample].id in people for sample in known)
        for region, part in enumerate(REGIONS):
            errors = metrics[name][part]
            of_expression.values[fold, region] = n_people
            # A mean over as many values for each person: people weigh alike, whatever the size of the region.
            of_expression.squared[fold, candidate, region] = n_people * errors["mse_x100"] / 100 if errors else 0.0
