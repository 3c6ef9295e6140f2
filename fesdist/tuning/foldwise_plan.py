"""How the cross-validation of a foldwise model is cut into tiles that fit a worker's memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from fesdist.cluster.settings import RESERVED_BYTES
from fesdist.families.common.fit import Fit
from fesdist.families.common.foldwise import FoldwiseModel
from fesdist.ground.errors import PlanError
from fesdist.ground.tiles import TileGrid
from fesdist.registry import model_from_parameters
from fesdist.training.job import TrainingJob
from fesdist.training.plan import SAMPLES_AT_ONCE, TILES_PER_WORKER
from fesdist.tuning.folds import Fold

TILE_SIDES = (512, 256, 128, 64, 32, 16, 8)
FEWEST_SAMPLES = 8
"""Fewer at a time would decode the chunks of a stack too often; smaller tiles are better."""

MEASURED_PIXELS = 1 << 16
"""So many pixels, spread over the image, tell candidates apart as well as all of them would."""


@dataclass(frozen=True)
class FoldwiseWork:
    """All that a tile's task must know."""

    job: TrainingJob
    """Whose samples are split into folds; its own model and hold-out play no part."""
    parameters: tuple[dict[str, object], ...]
    """Of each candidate, as `Model.parameters` returns them."""
    folds: tuple[Fold, ...]
    tile_shape: tuple[int, int]
    n_block: int
    """Samples read at a time."""
    row_step: int
    """Rows of the image that are multiples of it are measured."""
    in_cells: bool
    """Whether errors are wanted for each cell of the image too."""

    @cached_property
    def candidates(self) -> tuple[FoldwiseModel, ...]:
        models = [model_from_parameters(self.job.model, parameters) for parameters in self.parameters]
        return tuple(model for model in models if isinstance(model, FoldwiseModel))

    def grid(self, image_shape: tuple[int, int]) -> TileGrid:
        return TileGrid(image_shape, self.tile_shape)


def row_step_for(image_shape: tuple[int, int]) -> int:
    """Return the smallest distance between measured rows that leaves at most `MEASURED_PIXELS` pixels or so."""
    return max(1, round(math.prod(image_shape) / MEASURED_PIXELS))


def tiles_and_block(
    candidates: tuple[FoldwiseModel, ...], fit: Fit, n_folds: int, memory: int, n_workers: int
) -> tuple[tuple[int, int], int]:
    """Return the largest tiles that fit `memory` and keep all workers busy, and the samples read at a time.

    Raises PlanError, with the figures, when not even the smallest tiles fit.
    """
    model = type(candidates[0])
    rows, cols = fit.image_shape
    busy = math.sqrt(rows * cols / (TILES_PER_WORKER * n_workers))
    sides = [side for side in TILE_SIDES if side <= max(busy, 64)]
    n_block = min(SAMPLES_AT_ONCE, fit.n_samples)
    for side in sides:
        shape = min(side, rows), min(side, cols)
        for block in (n_block, n_block // 4, FEWEST_SAMPLES):
            needed = RESERVED_BYTES + model.fold_bytes(candidates, fit, shape, max(1, block), n_folds)
            if needed <= memory:
                return shape, max(1, block)
    raise PlanError(
        f"a worker may use {memory / 2**20:.0f} MiB, but {n_folds} folds of {len(candidates)} candidates need "
        f"{needed / 2**20:.0f} MiB in tiles of {shape[0]} x {shape[1]} pixels ({RESERVED_BYTES / 2**20:.0f} MiB for "
        f"the process itself); give --memory {math.ceil(needed / 2**20)}MiB or more, fewer folds, smaller windows or "
        "fewer expressions"
    )
