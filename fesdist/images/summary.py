"""What one ingest did, and what the stack holds after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fesdist.images.pairs import Skipped
from fesdist.images.resize import stretch
from storage.stack.reading import StackSpec, TrainingStack


@dataclass(frozen=True)
class PairCount:
    """Pairs of one expression in a stack."""

    train: int
    holdout: int


@dataclass(frozen=True)
class IngestSummary:
    """The outcome of `fesdist.images.ingest.ingest`."""

    stack: str
    """Absolute path."""
    created: bool
    """Whether the stack is new."""
    spec: StackSpec
    n_people: int
    """People in the stack."""
    pairs: Mapping[str, PairCount]
    """Pairs in the stack, by target expression."""
    added: int
    """Photographs stored by this ingest."""
    unchanged: int
    """Photographs that were there already, with the same pixels."""
    skipped: tuple[Skipped, ...]
    """Photographs that cannot be used: they could not be read, or other pixels are stored in their place."""
    unpaired: tuple[str, ...]
    """Ids of people left out because unusable files took their input or all their targets."""
    without_input: tuple[str, ...]
    without_target: tuple[str, ...]
    """Ids of people of whom the folder has nothing but the input expression."""
    missing: Mapping[str, tuple[str, ...]]
    """For each expression of the folder that some people lack, their ids; they are left out of that expression only."""
    ignored: tuple[Skipped, ...]
    """Files and folders that are no photographs of a pair."""
    resized: Mapping[tuple[int, int], int]
    """How many photographs of which size (rows, columns) were brought to the stack's size."""
    aligned: bool = False
    """Whether faces were found and brought to the stack's frame."""
    crowded: tuple[Path, ...] = ()
    """Photographs with several faces, of which the largest was taken."""

    @property
    def complete(self) -> bool:
        """Return whether every photograph of a pair could be used."""
        return not self.skipped

    @property
    def stretched(self) -> int:
        """Return how many photographs changed their proportions when they were resized."""
        size = self.spec.height, self.spec.width
        return sum(n for shape, n in self.resized.items() if stretch(shape, size) != 1)


def count_pairs(stack: TrainingStack) -> dict[str, PairCount]:
    """Return the pairs of a stack by target expression."""
    return {
        expression: PairCount(len(stack.samples(expression, "train")), len(stack.samples(expression, "holdout")))
        for expression in stack.targets
    }
