"""What one ingest did, and what the stack holds after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fesdist.ground.notices import Notice, counted_notice, noticed
from fesdist.images.pairs import Skipped
from fesdist.images.resize import stretch
from storage.stack.reading import StackSpec, Subject, TrainingStack
from storage.stack.split import doubles


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
    subjects: tuple[Subject, ...] = field(repr=False)
    """People in the stack, with their sides."""
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
    lipless: tuple[Path, ...] = ()
    """Inputs that were aligned by their eyes alone, as nobody says where their lips are."""
    blank: Mapping[Path, str] = field(default_factory=dict)
    """What photographs show in the place of something."""
    misaligned: Mapping[str, str] = field(default_factory=dict)
    """Where photographs lie that do not lie as the same person's input, by person and expression."""

    unmarked: str = ""
    """What is wrong with a table of points that marks none of the photographs."""
    of_outputs: bool = False
    """Whether the folder of photographs is one that `synthesize` wrote."""

    @property
    def n_people(self) -> int:
        """Return how many people are in the stack."""
        return len(self.subjects)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """Return what was changed, left out or is in doubt."""
        return (
            *noticed("failed", "{n photograph} could not be used", _reasons(self.skipped)),
            *noticed("left out", "{n person} left without a pair by unusable files", self.unpaired),
            *noticed("left out", "{n person} without the input expression, skipped", self.without_input),
            *noticed("left out", "{n person} with nothing but the input expression, skipped", self.without_target),
            *(
                notice
                for expression, ids in self.missing.items()
                for notice in noticed("left out", f"{{n person}} without {expression}", ids)
            ),
            *noticed(
                "left out",
                "{n file} ignored, as no part of a pair",
                [str(item.path) for item in self.ignored if not item.is_folder],
            ),
            *noticed(
                "left out",
                "{n folder} ignored, with all inside",
                _reasons([item for item in self.ignored if item.is_folder]),
            ),
            *counted_notice(
                "doubtful",
                "the folder is one of outputs, so a model would learn from what a model made",
                int(self.of_outputs),
            ),
            *counted_notice(
                "changed",
                "{n photograph} stretched, as proportions differ (better crop them first)",
                self.stretched,
            ),
            *counted_notice("doubtful", self.unmarked, int(bool(self.unmarked))),
            *noticed(
                "doubtful",
                "{n photograph} with several faces, of which the largest was taken",
                [str(path) for path in self.crowded],
            ),
            *noticed(
                "doubtful",
                "{n photograph} aligned by the eyes alone, as the points have no lips; models err more in such mouths",
                [str(path) for path in self.lipless],
            ),
            *noticed(
                "doubtful",
                "{n photograph} of which nothing can be seen (what is transparent is taken for white)",
                {str(path): instead for path, instead in self.blank.items()},
            ),
            *of_misaligned_pairs(self.spec.input_expression, self.misaligned),
            *noticed(
                "doubtful",
                "{n picture} under the names of several people; whoever is new is kept on one side of the split",
                [" = ".join(group) for group in doubles(self.subjects)],
            ),
            *of_people_on_both_sides(self.subjects),
        )

    @property
    def complete(self) -> bool:
        """Return whether every photograph of a pair could be used."""
        return not self.skipped

    @property
    def stretched(self) -> int:
        """Return how many photographs changed their proportions when they were resized."""
        size = self.spec.height, self.spec.width
        return sum(n for shape, n in self.resized.items() if stretch(shape, size) != 1)


def of_misaligned_pairs(input_expression: str, misaligned: Mapping[str, str]) -> tuple[Notice, ...]:
    """Return a notice on photographs that lie elsewhere than the input of the same person, by what they are of."""
    text = f"{{n photograph}} in another place than the same person's {input_expression}; models learn that as if faces"
    return noticed("doubtful", f"{text} changed so: align them, or leave them out", misaligned)


def of_people_on_both_sides(subjects: Sequence[Subject]) -> tuple[Notice, ...]:
    """Return a notice on people held out whose pictures are also among those that models learn from."""
    by_id = {subject.id: subject for subject in subjects}
    groups = [group for group in doubles(subjects) if {by_id[name].split for name in group} >= {"train", "holdout"}]
    text = "{n picture} on both sides of the split; errors on held-out people flatter"
    return noticed("doubtful", text, [" = ".join(group) for group in groups])


def _reasons(skipped: Sequence[Skipped]) -> dict[str, str]:
    return {str(item.path): item.reason for item in skipped}


def count_pairs(stack: TrainingStack) -> dict[str, PairCount]:
    """Return the pairs of a stack by target expression."""
    return {
        expression: PairCount(len(stack.samples(expression, "train")), len(stack.samples(expression, "holdout")))
        for expression in stack.targets
    }
