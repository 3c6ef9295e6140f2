"""Faces to look at: from the best to the worst of the people compared, before, target, synthesized, refined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fesdist.evaluation.comparison import Batch, Comparer, Comparison
from fesdist.evaluation.people import learned_from, people
from fesdist.evaluation.scores import MODEL, REFINED, SYNTHESIZED, UNCHANGED
from fesdist.ground.errors import BadParameterError
from fesdist.ground.evenly import evenly
from fesdist.ground.measures import mse_x100
from fesdist.report.pictures import Face, face
from storage.errors import FormatError
from storage.stack.format import Split
from storage.stack.reading import TrainingStack

MOST_COMPARED = 64
"""People among whom the best and the worst are sought, at most."""

_COMPARED_VALUES = 1 << 28
"""Values of all images compared, at most, so that a report of large photographs does not take an hour."""


@dataclass(frozen=True)
class Person:
    """One person of a gallery; the faces are small enough to show."""

    id: str
    rank: str
    """For instance "best", "median", "4th of 16"."""
    error: float
    """MSE x 100 of the model over the face."""
    unchanged: float
    """MSE x 100 of "output = input"."""
    before: Face
    target: Face
    synthesized: Face
    """As `synthesize` writes it."""
    refined: Face
    """The model's output, refined; `error` is that of the output as it is."""


@dataclass(frozen=True)
class Gallery:
    """People of one expression, and where the errors of all people compared are."""

    expression: str
    split: Split
    """Where the people are from: "holdout", or "train" if the stack holds nobody out."""
    n_compared: int
    n_known: int
    """Of those compared, people from whom the version has learned."""
    people: tuple[Person, ...]
    unchanged_error: NDArray[np.float64]
    """Mean absolute error of "output = input" over people and channels, (row, col) in [0, 1]."""
    model_error: NDArray[np.float64]
    """The same of the model."""

    @property
    def who(self) -> str:
        """Return who they are, in words."""
        one = self.n_compared == 1
        people = "person" if one else "people"
        if self.split == "train":
            return f"{people} that it was trained on, as the stack holds nobody out"
        if not self.n_known:
            return f"held-out {people}"
        share = "all" if self.n_known == self.n_compared else f"{self.n_known:,}"
        known = "them" if one else f"{share} of them"
        return f"{people} whom the stack holds out, although the model has learned from {known}"


def gallery_if_any(comparer: Comparer, expression: str, n_people: int) -> tuple[Gallery | None, str]:
    """Return what `open_gallery` does, or None and why: nobody has the expression, or a photograph is damaged."""
    try:
        return open_gallery(comparer, expression, n_people), ""
    except (BadParameterError, FormatError) as error:
        return None, str(error)


def open_gallery(comparer: Comparer, expression: str, n_people: int) -> Gallery:
    """Compare people of the stack and return `n_people` of them, evenly spread from the best to the worst.

    They are held-out people where the stack has any with that expression, else people of the training split. Raises
    as `people` does, and FormatError for a photograph that is not as it was stored.
    """
    stack = comparer.stack
    before = comparer.version.input_expression
    held_out = expression in stack.expressions and len(stack.samples(expression, "holdout", input_expression=before))
    split: Split = "holdout" if held_out else "train"
    everybody = people(stack, comparer.version, expression, split)
    compared = everybody[evenly(len(everybody), _most_compared(stack))]
    errors = np.empty((2, len(compared)))
    absolute = np.zeros((2, *stack.image_shape))
    done = 0
    for _, comparison in _comparisons(comparer, expression, compared):
        n_batch = len(comparison.targets)
        for row, method in enumerate((UNCHANGED, MODEL)):
            outputs = comparison.outputs[method]
            errors[row, done : done + n_batch] = mse_x100(outputs, comparison.targets)
            absolute[row] += np.abs(outputs - comparison.targets).mean(axis=1).sum(axis=0)
        done += n_batch
    by_error = np.argsort(errors[1], kind="stable")
    rank_of = {int(compared[by_error[rank]]): rank for rank in ranks(len(compared), n_people)}
    chosen = {}
    for samples, comparison in _comparisons(comparer, expression, np.array(sorted(rank_of), np.int64)):
        for position, sample in enumerate(samples):
            rank = rank_of[sample]
            unchanged, model = errors[:, by_error[rank]]
            chosen[rank] = Person(
                id=stack.subjects[sample].id,
                rank=rank_name(rank, len(compared)),
                error=float(model),
                unchanged=float(unchanged),
                before=face(comparison.outputs[UNCHANGED][position]),
                target=face(comparison.targets[position]),
                synthesized=face(comparison.outputs[SYNTHESIZED][position]),
                refined=face(comparison.outputs[REFINED][position]),
            )
    shown = tuple(person for _, person in sorted(chosen.items()))
    known = len(learned_from(stack, comparer.version, expression, compared))
    return Gallery(expression, split, len(compared), known, shown, *(absolute / len(compared)))


def ranks(n_compared: int, n_people: int) -> list[int]:
    """Return ascending ranks, 0 the best: the best, the median, the worst, and others at even distances."""
    ranks = evenly(n_compared, n_people)
    if len(ranks) > 2:
        median = (n_compared - 1) // 2
        ranks[np.abs(ranks - median).argmin()] = median
    return [int(rank) for rank in ranks]


def rank_name(rank: int, n_compared: int) -> str:
    """Return what a person calls rank `rank` of `n_compared`: best, median, worst or for instance "4th of 16"."""
    named = {(n_compared - 1) // 2: "median", n_compared - 1: "worst", 0: "best"}
    return named.get(rank, f"{rank + 1}{_ending(rank + 1)} of {n_compared}")


def _ending(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _comparisons(
    comparer: Comparer, expression: str, samples: NDArray[np.int64]
) -> Iterator[tuple[tuple[int, ...], Comparison]]:
    """Yield the samples a batch at a time: a chunk of the stack holds many people, a computer few large images."""
    for start in range(0, len(samples), comparer.batch_size):
        batch = tuple(samples[start : start + comparer.batch_size].tolist())
        yield batch, comparer.compare(Batch(expression, batch))


def _most_compared(stack: TrainingStack) -> int:
    rows, cols = stack.image_shape
    return min(MOST_COMPARED, max(1, _COMPARED_VALUES // (stack.channels * rows * cols)))
