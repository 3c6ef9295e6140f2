"""What all tasks of a run have in common: draft, stack, model and tiles, opened once in each process."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fesdist.families.common.contract import AnyModel
from fesdist.families.common.layout import Array
from fesdist.families.common.samples import Person, Samples
from fesdist.ground.errors import ClusterError
from fesdist.ground.tiles import Padding, Region, Tile, TileGrid
from fesdist.training.job import CutJob, SampleGroup, TrainingJob
from storage.datasets.draft import WeightDraft
from storage.datasets.store import WeightStore
from storage.errors import StorageError
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
        """Return the input pixels of the tile's outputs, and the zeros around them."""
        return self.model.inputs_of(tile.region, self.stack.image_shape)


def unseen(error: StorageError) -> ClusterError:
    """Return the error of a worker that does not see what the client sees."""
    return ClusterError(
        f"a worker on {socket.gethostname()} does not see the client's files ({error}); stack and weights must lie "
        "on a disk that the client and all workers share, under the same path"
    )


@lru_cache(maxsize=4)
def open_context(address: TaskAddress) -> TaskContext:
    """Return the context of a draft; raises ClusterError where draft and stack, which the client sees, are not."""
    try:
        draft = WeightStore(address.store).open_draft(address.name, address.draft_id)
        cut = CutJob.of(draft)
        stack = TrainingStack.open(address.stack)
    except StorageError as error:
        raise unseen(error) from error
    return TaskContext(draft, cut.job, stack, cut.job.build_model(), TileGrid(stack.image_shape, cut.tile_shape))


def learned_from(model: AnyModel, region: Region, image_shape: tuple[int, int]) -> tuple[Region, Region, Padding]:
    """Return the inputs and the targets that the weights of a region are learned from, and zeros around the inputs."""
    targets = model.targets_of(region, image_shape)
    inputs, padding = model.inputs_of(targets, image_shape)
    return inputs, targets, padding


def read_blocks(
    stack: TrainingStack,
    before: str,
    group: SampleGroup,
    inputs: Region,
    targets: Region,
    n_block: int,
    *,
    mirror: bool = False,
) -> Iterator[tuple[Sequence[int], Samples]]:
    """Yield the samples of a group `n_block` at a time, and their places in the stack.

    Inputs are those of the region `inputs` of the expression `before`, targets those of the region `targets`. With
    `mirror` each block is followed by its mirror image: what the images, turned left to right, show in these regions.
    """
    cols = stack.image_shape[1]
    for block in stack.blocks(group.samples, n_block):
        people = [stack.subjects[sample] for sample in block]
        digests = [[person.digests[name] for name in (before, *group.expressions)] for person in people]
        seen = stack.read(before, block, *inputs.slices)
        wanted = {name: stack.read(name, block, *targets.slices) for name in group.expressions}
        ids = [Person(person.id, frozenset(own)) for person, own in zip(people, digests, strict=True)]
        yield block.tolist(), Samples(seen, wanted, tuple(ids))
        if not mirror:
            continue
        if inputs.mirrored(cols) != inputs or targets.mirrored(cols) != targets:
            seen = stack.read(before, block, *inputs.mirrored(cols).slices)
            wanted = {name: stack.read(name, block, *targets.mirrored(cols).slices) for name in group.expressions}
        ids = [
            Person(person.id, frozenset(f"mirrored {digest}" for digest in own))
            for person, own in zip(people, digests, strict=True)
        ]
        turned = {name: _turned(images) for name, images in wanted.items()}
        yield block.tolist(), Samples(_turned(seen), turned, tuple(ids))


def _turned(images: Array) -> Array:
    return np.ascontiguousarray(images[..., ::-1])
