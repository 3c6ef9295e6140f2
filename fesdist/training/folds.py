"""Folds of a run's own people: what is learned without each of them tells how far its outputs can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.folds import Fold, split_people
from storage.stack.reading import TrainingStack

MOST_FOLDS = 5
"""Each fold is judged by what four fifths of the people teach; more would cost more and say little else."""


@dataclass(frozen=True)
class Folds:
    """Which of some samples are left out together."""

    of_sample: Mapping[int, int]
    """The fold of each sample, by its place in the stack."""
    count: int
    """Some of these folds may have none of the samples."""

    @classmethod
    def of(cls, people: Sequence[Fold], stack: TrainingStack, samples: Sequence[int]) -> Self:
        """Return the folds of samples whose `people` are split already."""
        fold_of = {person: number for number, fold in enumerate(people) for person in fold}
        return cls({sample: fold_of[stack.subjects[sample].id] for sample in samples}, len(people))

    @classmethod
    def one(cls, samples: Sequence[int]) -> Self:
        """Return a single fold with all samples, for models that leave out nobody."""
        return cls(dict.fromkeys(samples, 0), 1)

    def numbers(self, samples: Sequence[int]) -> NDArray[np.int64]:
        """Return the fold of each of these samples, (sample,)."""
        return np.array([self.of_sample[sample] for sample in samples], np.int64)

    def parted(self, samples: Sequence[int]) -> list[list[int]]:
        """Return these samples fold by fold."""
        return [[sample for sample in samples if self.of_sample[sample] == fold] for fold in range(self.count)]


def folds_of(stack: TrainingStack, samples: Sequence[int]) -> Folds:
    """Return the folds in which a run leaves out the people of some samples; a single person is a fold alone."""
    if len(samples) < 2:
        return Folds.one(samples)
    people = split_people((stack.subjects[sample].id for sample in samples), n_folds(len(samples)))
    return Folds.of(people, stack, samples)


def n_folds(n_people: int) -> int:
    """Return the number of folds of so many people; 1 for a single one, whom nobody can judge."""
    return min(MOST_FOLDS, max(n_people, 1))


def row_step(image_shape: tuple[int, int]) -> int:
    """Return the distance between rows on which outputs are judged: a fraction of the map that is made of them.

    >>> row_step((40, 40)), row_step((128, 128)), row_step((1024, 2048))
    (1, 2, 16)
    """
    return max(1, min(image_shape) // 64)
