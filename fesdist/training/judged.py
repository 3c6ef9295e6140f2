"""Candidates of a model judged in one tile, on folds of people, from one reading of their samples."""

from __future__ import annotations

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
    validation: CrossValidation[Any],
    job: TrainingJob,
    stack: TrainingStack,
    group: SampleGroup,
    folds: Folds,
    judgement: Judgement,
    n_block: int,
) -> Any:
    """Return what a tile tells of all candidates; samples of `group` are read `n_block` at a time from the job's stack.

    Raises as reading the stack does.
    """
    images = JobImages.of(job, stack)
    inputs, padding = validation.inputs_of(tile.region, stack.image_shape)
    targets = validation.targets_of(tile.region, stack.image_shape)
    problem = TileProblem(tile, padding, stack.channels, job.colour, group.expressions, image_shape=stack.image_shape)
    gathered = validation.gather(problem, np.dtype(stack.dtype), folds.count)
    for places, samples in images.blocks(group, inputs, targets, n_block, mirror=validation.mirror):
        gathered.add(folds.numbers(places), samples)
    return gathered.found(judgement)
