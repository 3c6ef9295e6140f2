"""What all tasks of a job have in common: draft, stack, model and tiles, opened once in each process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from fesdist.families.common.contract import Model
from fesdist.ground.tiles import Padding, Region, Tile, TileGrid
from fesdist.training.drafting import DraftAddress
from fesdist.training.job import TrainingJob
from storage.datasets.draft import WeightDraft
from storage.stack.reading import TrainingStack


@dataclass(frozen=True)
class TaskContext:
    """A draft and what it is made from."""

    draft: WeightDraft
    job: TrainingJob
    stack: TrainingStack
    model: Model
    grid: TileGrid

    def inputs_of(self, tile: Tile) -> tuple[Region, Padding]:
        return self.model.inputs_of(tile.region, self.stack.image_shape)


@lru_cache(maxsize=4)
def open_context(address: DraftAddress, stack_path: str) -> TaskContext:
    """Return the context of a draft whose stack is at a path."""
    draft = address.open()
    job = TrainingJob.from_json(draft.job["job"])
    stack = TrainingStack.open(stack_path)
    tile_rows, tile_cols = draft.job["tile_shape"]
    return TaskContext(draft, job, stack, job.build_model(), TileGrid(stack.image_shape, (tile_rows, tile_cols)))
