"""Folds of a run's own people: what is learned without each of them tells how far its outputs can be trusted."""

from __future__ import annotations

from collections.abc import Mapping

from fesdist.ground.folds import split_people
from fesdist.training.job import SampleGroup
from storage.stack.reading import TrainingStack

FOLDS = 5
"""Each fold is judged by what four fifths of the people teach; more would cost more and say little else."""


def n_folds(n_people: int) -> int:
    """Return the number of folds of so many people; 1 for a single one, whom nobody can judge."""
    return min(FOLDS, max(n_people, 1))


def fold_numbers(stack: TrainingStack, group: SampleGroup) -> Mapping[int, int]:
    """Return the fold of each sample of a group, by its place in the stack."""
    ids = {stack.subjects[sample].id: sample for sample in group.samples}
    if len(ids) < 2:
        return dict.fromkeys(group.samples, 0)
    folds = split_people(ids, n_folds(len(ids)))
    return {ids[person]: number for number, fold in enumerate(folds) for person in fold}


def row_step(image_shape: tuple[int, int]) -> int:
    """Return the distance between rows on which outputs are judged: a fraction of the map that is made of them.

    >>> row_step((40, 40)), row_step((128, 128)), row_step((1024, 2048))
    (1, 2, 16)
    """
    return max(1, min(image_shape) // 64)
