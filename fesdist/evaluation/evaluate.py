"""Evaluates a version on people of a stack, a batch a task, and keeps the result beside the version."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from fesdist.cluster.connect import open_cluster
from fesdist.cluster.settings import ClusterSettings
from fesdist.evaluation.comparison import Batch, ScoreStage, batch_size
from fesdist.evaluation.people import check_fit, learned_from, people_by_expression
from fesdist.evaluation.scores import Evaluation, ExpressionScores
from fesdist.passes.stage import Progress, results
from storage.datasets.store import WeightStore
from storage.errors import StorageError
from storage.stack.format import Split
from storage.stack.reading import TrainingStack


def evaluate(
    stack_path: str,
    store_uri: str,
    reference: str,
    *,
    split: Split = "holdout",
    expressions: Sequence[str] | None = None,
    cluster: ClusterSettings | None = None,
    on_progress: Progress | None = None,
) -> Evaluation:
    """Compare a version with its targets and with the baselines, and keep the result beside the version.

    `reference` is "name", "name@3" or "name@alias"; `expressions` are all those of the version when None;
    the people are those of the `split` ("holdout" or "train") that have the input and the expression. An expression
    that nobody there has is left out, and a store that cannot be written to keeps nothing; the evaluation says both.
    Raises BadParameterError for a stack that does not fit the version or has nobody to evaluate for any expression,
    and for unknown names.
    """
    settings = cluster or ClusterSettings()
    stack, store = TrainingStack.open(stack_path), WeightStore(store_uri)
    name, number = store.resolve(reference)
    version = store.open(f"{name}@{number}")
    check_fit(stack, version)
    samples, left_out = people_by_expression(stack, version, expressions or version.expressions, split)
    values = _scores(stack, store.uri, f"{name}@{number}", samples, settings, on_progress)
    evaluation = Evaluation(
        name=name,
        version=number,
        split=split,
        stack=stack.path,
        fingerprint=_fingerprint(stack, version.input_expression, samples),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        expressions=tuple(
            ExpressionScores(
                expression,
                tuple(stack.subjects[sample].id for sample in chosen),
                tuple(learned_from(stack, version, expression, chosen)),
                values[expression],
            )
            for expression, chosen in samples.items()
        ),
        left_out=left_out,
    )
    try:
        store.evaluations(name, number).put(evaluation.key, evaluation.to_record())
    except StorageError as error:
        # What took so long to compute is not lost for want of a place to keep it.
        return replace(evaluation, not_kept=str(error))
    return evaluation


def _scores(
    stack: TrainingStack,
    store_uri: str,
    reference: str,
    samples: Mapping[str, NDArray[np.int64]],
    settings: ClusterSettings,
    on_progress: Progress | None,
) -> dict[str, NDArray[np.float64]]:
    """Return the scores of each expression, (method, region, measure, person), from tasks that end in any order."""
    size = batch_size(stack, settings.array_bytes)
    batches = [
        Batch(expression, tuple(chosen[start : start + size].tolist()))
        for expression, chosen in samples.items()
        for start in range(0, len(chosen), size)
    ]
    # A local cluster takes longer to start than one batch to compute.
    if len(batches) == 1 and settings.scheduler is None:
        settings = ClusterSettings(workers=0, memory=settings.memory)
    stage = ScoreStage(stack.path, store_uri, reference, settings.array_bytes)
    with open_cluster(settings) as opened:
        found = dict(zip(batches, results(stage, batches, opened, on_progress), strict=True))
    return {
        expression: np.concatenate([found[batch] for batch in batches if batch.expression == expression], axis=-1)
        for expression in samples
    }


def _fingerprint(stack: TrainingStack, before: str, samples: Mapping[str, NDArray[np.int64]]) -> str:
    """Return one digest of the images of all expressions, each of which has its own samples."""
    digest = hashlib.sha256()
    for expression, chosen in sorted(samples.items()):
        digest.update(stack.fingerprint((before, expression), chosen).encode())
    return digest.hexdigest()
