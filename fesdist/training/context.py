"""What all tasks of a run have in common: draft, stack, model and tiles, opened once in each process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from fesdist.families.common.contract import AnyModel
from fesdist.ground.tiles import Padding, Region, Tile, TileGrid
from fesdist.training.images import JobImages
from fesdist.training.job import CutJob, TrainingJob
from fesdist.training.opened import opened_stack, unseen
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
    images: JobImages
    chunk: int
    """Rows and columns of the chunks in which weights are stored."""

    def inputs_of(self, tile: Tile) -> tuple[Region, Padding]:
        """Return the input pixels of the tile's outputs, and the zeros around them."""
        return self.model.inputs_of(tile.region, self.stack.image_shape)


@lru_cache(maxsize=4)
def open_context(address: TaskAddress) -> TaskContext:
    """Return the context of a draft; raises ClusterError where draft and stack, which the client sees, are not."""
    try:
        draft = WeightStore(address.store).open_draft(address.name, address.draft_id)
        cut = CutJob.of(draft)
        stack = opened_stack(address.stack, cut.job.fingerprint)
    except StorageError as error:
        raise unseen(error) from error
    grid = TileGrid(stack.image_shape, cut.tile_shape)
    return TaskContext(draft, cut.job, stack, cut.job.build_model(), grid, JobImages.of(cut.job, stack), cut.chunk)


def learned_from(model: AnyModel, region: Region, image_shape: tuple[int, int]) -> tuple[Region, Region, Padding]:
    """Return the inputs and the targets that the weights of a region are learned from, and zeros around the inputs."""
    targets = model.targets_of(region, image_shape)
    inputs, padding = model.inputs_of(targets, image_shape)
    return inputs, targets, padding
