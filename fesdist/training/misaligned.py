"""Which photographs of a stack lie elsewhere than the same person's input: models learn that as if faces moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fesdist.ground.misalignment import SIDE, Misalignment, misalignments
from fesdist.ground.notices import Notice
from fesdist.images.summary import of_misaligned_pairs
from fesdist.training.job import TrainingJob
from fesdist.training.survey import Survey, asked_of
from storage.stack.reading import TrainingStack


@dataclass(frozen=True)
class MisalignedPair:
    """A person whose photographs lie at different places."""

    sample: int
    found: Misalignment


def misaligned_pairs(before: str, after: str, samples: Sequence[int], found: Survey) -> list[MisalignedPair]:
    """Return those of `samples` whose images of two expressions lie at different places, the furthest apart first.

    Only those are compared who were looked at closely (`asked_of`); nobody where images are too small to tell.
    """
    asked = asked_of(samples)
    if not asked or SIDE not in found[before][asked[0]].signatures:
        return []
    first, second = (np.stack([found[name][sample].signatures[SIDE] for sample in asked]) for name in (before, after))
    pairs = map(MisalignedPair, asked, misalignments(first, second))
    return sorted((pair for pair in pairs if pair.found.differs), key=lambda pair: -pair.found.better)


def notices_of_misaligned(job: TrainingJob, stack: TrainingStack, found: Survey) -> tuple[Notice, ...]:
    """Return a notice where people who teach a job have photographs at different places."""
    misaligned = {
        f"{stack.subjects[pair.sample].id}, {expression}": pair.found.in_words()
        for group in job.groups
        for expression in group.expressions
        for pair in misaligned_pairs(job.input_expression, expression, group.samples, found)
    }
    return of_misaligned_pairs(job.input_expression, misaligned)
