"""Candidates of a model judged in one tile, on folds of people, from one reading of their samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fesdist.families.common.problem import TileProblem
from fesdist.families.common.validation import CrossValidation, Judgement
from fesdist.ground.measures import mouth_region
from fesdist.ground.tiles import Region, Tile
from fesdist.training.folds import Folds
from fesdist.training.images import JobImages
from fesdist.training.job import SampleGroup, TrainingJob
from storage.stack.reading import TrainingStack


def judgement_of(stack: TrainingStack, row_step: int, in_cells: bool = False) -> Judgement:
    """Return which pixels of a stack's images are judged: the face is all of the image."""
    rows, cols = stack.image_shape
    regions = Region(0, rows, 0, cols), mouth_region(stack.spec.mouth, stack.image_shape)
    return Judgement(stack.image_shape, regions, row_step, in_cells)


def judged_in(
    tile: Tile,
    validations: Sequence[CrossValidation[Any]],
    job: TrainingJob,
    stack: TrainingStack,
    group: SampleGroup,
    folds: Folds,
    judgement: Judgement,
    n_block: int,
) -> list[Any]:
    """Return what a tile tells of all candidates of each of `validations`.

    These differ in mirror images only: one whose candidates learn from them comes after the one that goes without, and
    goes on from its sums. Samples of `group` are read `n_block` at a time from the job's stack; raises as that does.
    """
    images, first = JobImages.of(job, stack), validations[0]
    inputs, padding = first.inputs_of(tile.region, stack.image_shape)
    targets = first.targets_of(tile.region, stack.image_shape)
    problem = TileProblem(tile, padding, stack.channels, job.colour, group.expressions, image_shape=stack.image_shape)
    gathered, found = first.gather(problem, np.dtype(stack.dtype), folds.count), list[Any]()
    for validation in validations:
        of_mirror, plain = validation.mirror, not found
        for places, samples in images.blocks(group, inputs, targets, n_block, mirror=of_mirror, plain=plain):
            gathered.add(folds.numbers(places), samples)
        found.append(gathered.found(judgement))
    return found
