"""Candidates of a model judged in one tile, on folds of people, from one reading of their samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fesdist.families.common.problem import TileProblem
from fesdist.families.common.validation import CrossValidation, Judgement
from fesdist.ground.tiles import Tile
from fesdist.training.images import JobImages, stack_of
from fesdist.training.job import SampleGroup, TrainingJob


def judged_in(
    tile: Tile,
    validation: CrossValidation[Any],
    job: TrainingJob,
    group: SampleGroup,
    folds: Mapping[int, int],
    n_folds: int,
    judgement: Judgement,
    n_block: int,
) -> Any:
    """Return what a tile tells of all candidates; samples, whose `folds` are by their places, come `n_block` at a time.

    Some of the `n_folds` folds may have nobody in this group. Raises as reading the stack does.
    """
    stack = stack_of(job)
    images = JobImages.of(job, stack)
    inputs, padding = validation.inputs_of(tile.region, stack.image_shape)
    targets = validation.targets_of(tile.region, stack.image_shape)
    problem = TileProblem(tile, padding, stack.channels, job.colour, group.expressions, image_shape=stack.image_shape)
    gathered = validation.gather(problem, np.dtype(stack.dtype), n_folds)
    for places, samples in images.blocks(group, inputs, targets, n_block, mirror=validation.mirror):
        gathered.add(np.array([folds[place] for place in places], np.int64), samples)
    return gathered.found(judgement)
