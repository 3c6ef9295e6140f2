"""Which photographs of a stack lie elsewhere than the same person's input: models learn that as if faces moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fesdist.cluster.settings import Cluster
from fesdist.ground.apart import SIDE, Apart, compared
from fesdist.ground.evenly import evenly
from fesdist.ground.notices import Notice
from fesdist.images.summary import of_pairs_apart
from fesdist.passes.stage import Progress
from fesdist.training.job import TrainingJob
from fesdist.training.signatures import signatures
from storage.stack.reading import TrainingStack

MOST_COMPARED = 256
"""People of an expression whose photographs are compared, at most, spread over all."""


@dataclass(frozen=True)
class PairApart:
    """A person whose photographs lie at different places."""

    sample: int
    found: Apart


def pairs_apart(
    stack: TrainingStack,
    before: str,
    after: str,
    samples: Sequence[int],
    cluster: Cluster,
    on_progress: Progress | None = None,
) -> list[PairApart]:
    """Return those of some samples that lie at different places with two expressions, the furthest apart first.

    Raises as `results` does.
    """
    if min(stack.image_shape) < SIDE:
        return []
    asked = [samples[place] for place in evenly(len(samples), MOST_COMPARED)]
    first, second = (signatures(stack, expression, asked, SIDE, cluster, on_progress) for expression in (before, after))
    pairs = [PairApart(sample, compared(first[sample], second[sample])) for sample in asked]
    return sorted((pair for pair in pairs if pair.found.differs), key=lambda pair: -pair.found.better)


def notices_of_pairs(
    job: TrainingJob, stack: TrainingStack, cluster: Cluster, on_progress: Progress | None = None
) -> tuple[Notice, ...]:
    """Return a notice where people who teach a job have photographs at different places."""
    apart = {
        f"{stack.subjects[pair.sample].id}, {expression}": pair.found.in_words()
        for group in job.groups
        for expression in group.expressions
        for pair in pairs_apart(stack, job.input_expression, expression, group.samples, cluster, on_progress)
    }
    return of_pairs_apart(job.input_expression, apart)
