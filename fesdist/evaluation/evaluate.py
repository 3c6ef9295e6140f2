"""Evaluates a version on people of a stack, and on photographs outside it, and keeps the result beside the version."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fesdist.cluster.connect import open_cluster
from fesdist.cluster.settings import ClusterSettings
from fesdist.evaluation.comparison import Batch, BatchScores, ScoreStage, batch_size
from fesdist.evaluation.document import Evaluation
from fesdist.evaluation.judging import Teachers, joined_looks, judges_of, teachers_of
from fesdist.evaluation.notices import notices_of
from fesdist.evaluation.outside import Wanted, look_outside
from fesdist.evaluation.people import check_fit, learned_from, people_by_expression
from fesdist.evaluation.scores import ExpressionScores
from fesdist.ground.notices import Notice
from fesdist.ground.share import Progress
from fesdist.inference.photographs import Photographs, find_photographs
from fesdist.passes.stage import results
from storage.datasets.store import WeightStore
from storage.datasets.version import WeightVersion
from storage.errors import StorageError
from storage.stack.current import only_current
from storage.stack.format import Split
from storage.stack.reading import TrainingStack


def evaluate(
    stack_path: str,
    store_uri: str,
    reference: str,
    *,
    split: Split = "holdout",
    expressions: Sequence[str] | None = None,
    photographs: str | Photographs | None = None,
    cluster: ClusterSettings | None = None,
    on_progress: Progress | None = None,
) -> Evaluation:
    """Compare a version with its targets and with the baselines, and keep the result beside the version.

    `reference` is "name", "name@3" or "name@alias"; `expressions` are all those of the version when None;
    the people are those of the `split` ("holdout" or "train") that have the input and the expression. An expression
    that nobody there has is left out, and a store that cannot be written to keeps nothing; the evaluation says both.
    `photographs` are faces without targets, to be looked at as well: a folder, or what was found in one.
    Raises BadParameterError for a stack that does not fit the version or has nobody to evaluate for any expression,
    for unknown names, and for a folder without photographs; ChangedError where people were deleted meanwhile.
    """
    settings = cluster or ClusterSettings()
    found = find_photographs(Path(photographs)) if isinstance(photographs, str) else photographs
    stack, store = TrainingStack.open(stack_path), WeightStore(store_uri)
    name, number = store.resolve(reference)
    version = store.open(f"{name}@{number}")
    check_fit(stack, version)
    samples, left_out = people_by_expression(stack, version, expressions or version.expressions, split)
    teachers = teachers_of(stack, split)
    batches = _batches(samples, batch_size(stack, settings.array_bytes))
    # A local cluster takes longer to start than one batch to compute.
    if len(batches) == 1 and found is None and settings.scheduler is None:
        settings = ClusterSettings(workers=0, memory=settings.memory)
    judges = {expression: judges_of(stack, teachers, expression, len(chosen)) for expression, chosen in samples.items()}
    stage = ScoreStage(stack.path, store.uri, version.manifest.reference, settings.array_bytes, judges)
    with open_cluster(settings, on_progress) as opened, only_current(stack, _read(version, samples, teachers)):
        scored = dict(zip(batches, results(stage, batches, opened, on_progress), strict=True))
        wanted = Wanted(stack, store.uri, version.manifest.reference, tuple(samples), teachers)
        outside = None if found is None else look_outside(found, wanted, opened, settings.array_bytes, on_progress)
    evaluation = Evaluation(
        name=name,
        version=number,
        split=split,
        stack=stack.path,
        fingerprint=_fingerprint(stack, version.input_expression, samples),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        expressions=tuple(
            _expression_scores(stack, version, expression, chosen, scored) for expression, chosen in samples.items()
        ),
        left_out=left_out,
        input=version.input_expression,
        learned_from=teachers.counts,
        outside=outside,
    )
    evaluation = replace(evaluation, notices=notices_of(evaluation, stack, found))
    try:
        store.evaluations(name, number).put(evaluation.key, evaluation.to_record())
    except StorageError as error:
        # What took so long to compute is not lost for want of a place to keep it.
        untold = Notice("failed", 1, f"this evaluation could not be kept, so no report will show it: {error}")
        return replace(evaluation, not_kept=str(error), notices=(*evaluation.notices, untold))
    return evaluation


def _read(
    version: WeightVersion, samples: Mapping[str, NDArray[np.int64]], teachers: Teachers
) -> Iterator[tuple[str, Iterable[int]]]:
    """Yield all images that are read: expressions and samples."""
    for expression, chosen in samples.items():
        yield expression, chosen.tolist()
        yield version.input_expression, chosen.tolist()
    yield from teachers.samples


def _batches(samples: Mapping[str, NDArray[np.int64]], size: int) -> list[Batch]:
    return [
        Batch(expression, tuple(chosen[start : start + size].tolist()))
        for expression, chosen in samples.items()
        for start in range(0, len(chosen), size)
    ]


def _expression_scores(
    stack: TrainingStack,
    version: WeightVersion,
    expression: str,
    samples: NDArray[np.int64],
    scored: Mapping[Batch, BatchScores],
) -> ExpressionScores:
    """Return the scores of one expression from its batches, whose tasks have ended in any order."""
    people = [stack.subjects[sample].id for sample in samples]
    parts = [found for batch, found in scored.items() if batch.expression == expression]
    return ExpressionScores.of(
        expression,
        people,
        learned_from(stack, version, expression, samples),
        {name: np.concatenate([part.values[name] for part in parts], axis=-1) for name in parts[0].values},
        joined_looks([(part.looks, part.identities) for part in parts], people),
    )


def _fingerprint(stack: TrainingStack, before: str, samples: Mapping[str, NDArray[np.int64]]) -> str:
    """Return one digest of the images of all expressions, each of which has its own samples."""
    digest = hashlib.sha256()
    for expression, chosen in sorted(samples.items()):
        digest.update(stack.fingerprint((before, expression), chosen).encode())
    return digest.hexdigest()
