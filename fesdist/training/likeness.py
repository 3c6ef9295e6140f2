"""How the photographs lie of people who teach an expression: sums go into its version, limits into the manifest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fesdist.families.common.layout import ArrayLayout
from fesdist.ground.likeness import LEAST_PEOPLE, LikenessSums, Limits, limits
from fesdist.ground.signature import SIDE, Signature
from fesdist.training.folds import folds_of
from fesdist.training.job import TrainingJob
from fesdist.training.survey import Survey, asked_of
from storage.datasets.draft import WeightDraft
from storage.stack.reading import TrainingStack

LIKENESS = ArrayLayout(
    "likeness",
    (("term", 1 + SIDE**2), ("other_term", 1 + SIDE**2)),
    "int32",
    "sums of z zᵀ over people who taught the expression, z being 1 and the signature of the input; see docs/formats",
    of_pixels=False,
)
"""What versions have besides that learned from enough people."""


@dataclass(frozen=True)
class LearnedLikeness:
    """How far photographs of the people who teach an expression are from each other."""

    sums: LikenessSums
    limits: Limits | None
    """None where too few of them have any contrast."""


def has_likeness(job: TrainingJob) -> bool:
    """Return whether enough people teach a job to tell which photographs are unlike theirs."""
    return job.n_samples >= LEAST_PEOPLE


def learn_likeness(job: TrainingJob, stack: TrainingStack, found: Survey) -> dict[str, LearnedLikeness]:
    """Return what was learned for each expression, from inputs that were not moved; nothing of too few people."""
    if not has_likeness(job):
        return {}
    inputs = found[job.input_expression]

    @lru_cache
    def learned(samples: tuple[int, ...]) -> LearnedLikeness:
        asked = folds_of(stack, samples).parted(asked_of(samples))
        of_folds = [np.array([inputs[sample].signatures[SIDE] for sample in fold], np.int8) for fold in asked]
        return likeness_of([of_fold.reshape(-1, SIDE, SIDE) for of_fold in of_folds])

    return {name: learned(group.samples) for group in job.groups for name in group.expressions}


def likeness_of(folds: list[Signature]) -> LearnedLikeness:
    """Return what is learned from the signatures of people in folds, each (person, SIDE, SIDE)."""
    return LearnedLikeness(LikenessSums.of(np.concatenate(folds)), limits(folds))


def write_likeness(draft: WeightDraft, learned: dict[str, LearnedLikeness]) -> dict[str, str]:
    """Write the sums of each expression, and return their checksums."""
    checksums: dict[str, str] = {}
    for expression, found in learned.items():
        checksums.update(draft.write(expression, LIKENESS.name, (slice(None),) * 2, found.sums.products))
    return checksums
