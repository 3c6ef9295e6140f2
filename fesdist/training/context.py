"""What all tasks of a run have in common: draft, stack, model and tiles, opened once in each process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from fesdist.families.common.contract import AnyModel
from fesdist.families.common.samples import Person, Samples
from fesdist.ground.tiles import Padding, Region, Tile, TileGrid
from fesdist.training.job import CutJob, SampleGroup, TrainingJob
from storage.datasets.draft import WeightDraft
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack


@dataclass(frozen=True)
class TaskAddress:
    """Where a draft and its stack are: all that a task needs to find its work."""

    store: str
    name: str
    draft_id: str
    created: str
    """Tells a draft from one with the same id that was removed, as workers outlive drafts."""
    stack: str
    """The stack may have moved since the draft was created."""


@dataclass(frozen=True)
class TaskContext:
    """A draft and what it is made from."""

    draft: WeightDraft
    job: TrainingJob
    stack: TrainingStack
    model: AnyModel
    grid: TileGrid

    def inputs_of(self, tile: Tile) -> tuple[Region, Padding]:
        return self.model.inputs_of(tile.region, self.stack.image_shape)


@lru_cache(maxsize=4)
def open_context(address: TaskAddress) -> TaskContext:
    """Return the context of a draft."""
    draft = WeightStore(address.store).open_draft(address.name, address.draft_id)
    cut = CutJob.of(draft)
    stack = TrainingStack.open(address.stack)
    return TaskContext(draft, cut.job, stack, cut.job.build_model(), TileGrid(stack.image_shape, cut.tile_shape))


def read_blocks(
    stack: TrainingStack, before: str, group: SampleGroup, inputs: Region, targets: Region, n_block: int
) -> Iterator[tuple[Sequence[int], Samples]]:
    """Yield the samples of a group `n_block` at a time, and their places in the stack.

    Inputs are those of the region `inputs` of the expression `before`, targets those of the region `targets`.
    """
    for block in stack.blocks(group.samples, n_block):
        people = [stack.subjects[sample] for sample in block]
        yield (
            block.tolist(),
            Samples(
                stack.read(before, block, *inputs.slices),
                {name: stack.read(name, block, *targets.slices) for name in group.expressions},
                tuple(
                    Person(person.id, frozenset(person.digests[name] for name in (before, *group.expressions)))
                    for person in people
                ),
            ),
        )
