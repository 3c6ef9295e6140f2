"""The shape of a job: one displacement for each expression, learned from flows and judged on people left out."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import ClassVar

import numpy as np

from fesdist.cluster.settings import Cluster
from fesdist.ground.evenly import evenly
from fesdist.ground.measures import mouth_region
from fesdist.ground.share import Progress
from fesdist.ground.tiles import TileGrid
from fesdist.passes.stage import Stage, results
from fesdist.shape.field import FlowSums
from fesdist.shape.flow import compared_shape
from fesdist.shape.judging import ComparedPair, ShapeErrors, judged
from fesdist.shape.warping import DISPLACEMENT, Displacement
from fesdist.training.flows import (
    FlowStage,
    Pair,
    batch_bytes,
    batches_of,
    displacement_of,
    flow_of,
    keep_displacement,
    pairs_of,
)
from fesdist.training.folds import folds_of
from fesdist.training.job import SampleGroup, TrainingJob
from fesdist.training.opened import stack_of
from storage.datasets.draft import WeightDraft
from storage.stack.reading import TrainingStack

JUDGES = 128
"""People, at most, on whom a displacement is judged."""
_BYTES_OF_SUMS = 256
"""A pixel: three integers for each of at most five folds, for some of their sums, and what smoothing them takes."""


@dataclass(frozen=True)
class LearnedShape:
    """What a run learned of the shape of an expression; manifests keep it."""

    people: int
    """Whose flows it is made from."""
    unusable: tuple[str, ...]
    """Ids of those whose two photographs do not overlap: they teach colours, but no shape."""
    largest: float
    """Length of the longest displacement, in pixels of the image."""
    judges: int
    """People left out in turn on whom it was judged."""
    face: ShapeErrors
    mouth: ShapeErrors


@dataclass(frozen=True)
class ShapeStage(Stage[str, tuple[LearnedShape, str]]):
    """The shape of each expression, from flows that the stack keeps; the displacement of this digest stays there."""

    job: TrainingJob
    at_once: int = 1
    """Expressions for which the memory of a worker has room."""

    stops_at_failure: ClassVar[bool] = True

    def work(self, key: str) -> tuple[LearnedShape, str]:
        stack = stack_of(self.job)
        group = next(group for group in self.job.groups if key in group.expressions)
        learned, displacement = _learned(stack, self.job.input_expression, key, group)
        return learned, keep_displacement(stack.path, displacement)

    def note(self, key: str) -> str:
        return "learning the shape"

    def called(self, key: str) -> str:
        return f"the shape of {key}"


def learn_shapes(
    job: TrainingJob,
    stack: TrainingStack,
    cluster: Cluster,
    array_bytes: int = 0,
    on_progress: Progress | None = None,
) -> tuple[TrainingJob, dict[str, LearnedShape]]:
    """Return the job with a displacement for each expression, and what was learned of it.

    Flows that the stack has already are not estimated again. A worker has `array_bytes` for arrays. Raises as `results`
    does.
    """
    flows = FlowStage(stack.path, job.fingerprint, max(1, array_bytes // batch_bytes(stack)))
    results(flows, batches_of(pairs_of(job), stack), cluster, on_progress)
    shapes = ShapeStage(job, max(1, array_bytes // _bytes_of_one(stack)))
    found = dict(zip(job.expressions, results(shapes, job.expressions, cluster, on_progress), strict=True))
    digests = {expression: digest for expression, (_, digest) in found.items()}
    return job.shaped(digests), {expression: learned for expression, (learned, _) in found.items()}


def _bytes_of_one(stack: TrainingStack) -> int:
    """Return the bytes that one expression takes at most: images of its judges, and the sums of all folds."""
    return (2 * JUDGES + _BYTES_OF_SUMS) * math.prod(compared_shape(stack.image_shape))


def write_shapes(draft: WeightDraft, job: TrainingJob, stack: TrainingStack, chunk: int) -> dict[str, str]:
    """Write the displacements of a job, and return the checksums of their chunks, of `chunk` rows and columns, by key.

    Raises TileError where one of them is lost, and as `WeightDraft.write`.
    """
    checksums: dict[str, str] = {}
    for expression, name in job.displacements.items():
        displacement = displacement_of(stack.path, name).at(stack.image_shape)
        for band in TileGrid(stack.image_shape, (chunk, stack.image_shape[1])):
            values = displacement.over(band.region)
            checksums |= draft.write(expression, DISPLACEMENT, (slice(None), *band.region.slices), values)
    return checksums


def _learned(
    stack: TrainingStack, before: str, expression: str, group: SampleGroup
) -> tuple[LearnedShape, Displacement]:
    folds = folds_of(stack, group.samples)
    asked = set(evenly(len(group.samples), JUDGES).tolist())
    sums: list[FlowSums | None] = [None] * folds.count
    pairs: dict[int, list[ComparedPair]] = defaultdict(list)
    unusable = []
    for place, sample in enumerate(group.samples):
        flow, images = flow_of(stack, Pair(before, expression, sample))
        if not flow.usable:
            unusable.append(stack.subjects[sample].id)
            continue
        fold, own = folds.of_sample[sample], FlowSums.of(flow)
        sums[fold] = own if (known := sums[fold]) is None else known + own
        if place in asked:
            pairs[fold].append(images)
    shape = images.inputs.shape
    of_folds = [FlowSums.nobody(shape) if each is None else each for each in sums]
    face, mouth = judged(of_folds, pairs, mouth_region(stack.spec.mouth, shape))
    found = reduce(add, of_folds).displacement()
    scale = np.divide(stack.image_shape, shape)[:, None, None]
    largest = round(float(np.sqrt(np.square(found.values * scale).sum(axis=0)).max()), 3)
    people, judges = len(group.samples) - len(unusable), sum(map(len, pairs.values()))
    return LearnedShape(people, tuple(unusable), largest, judges, face, mouth), found
