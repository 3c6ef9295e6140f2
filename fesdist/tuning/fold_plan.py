"""How a cross-validation in one pass is cut into tiles that fit a worker's memory."""

from __future__ import annotations

import math
from itertools import product
from typing import Any, NamedTuple

from fesdist.cluster.settings import RESERVED_BYTES
from fesdist.families.common.fit import Fit
from fesdist.families.common.validation import CrossValidation
from fesdist.ground.errors import PlanError
from fesdist.training.plan import SAMPLES_AT_ONCE, TILES_PER_WORKER

TILE_SIDES = (512, 256, 128, 64, 32, 16, 8)
FEWEST_SAMPLES = 8
"""Fewer at a time would decode the chunks of a stack too often; smaller tiles are better."""

SMALLEST_BESIDE = 64
"""Side of the smallest tiles that are cut to keep workers busy, or judged beside each other: of smaller ones most is
halo, and one by one is better."""

MEASURED_PIXELS = 1 << 16
"""So many pixels, spread over the image, tell candidates apart as well as all of them would."""


def row_step_for(image_shape: tuple[int, int]) -> int:
    """Return the smallest distance between measured rows that leaves at most `MEASURED_PIXELS` pixels or so.

    >>> row_step_for((128, 128)), row_step_for((1024, 1024))
    (1, 16)
    """
    return max(1, round(math.prod(image_shape) / MEASURED_PIXELS))


class FoldPlan(NamedTuple):
    """How the pass is cut."""

    tile_shape: tuple[int, int]
    n_block: int
    """Samples that are read at a time."""
    at_once: int
    """Tiles that a worker has room for at the same time."""


def fold_plan(
    validation: CrossValidation[Any], fit: Fit, n_folds: int, memory: int, n_workers: int, threads: int = 1
) -> FoldPlan:
    """Return the largest tiles that fit `memory` and keep all workers busy, `threads` at once in each if they fit.

    Raises PlanError, with the figures, when not even one of the smallest tiles fits.
    """
    rows, cols = fit.image_shape
    busy = math.sqrt(rows * cols / (TILES_PER_WORKER * n_workers * threads))
    n_block = min(SAMPLES_AT_ONCE, fit.n_samples)
    sides = [side for side in TILE_SIDES if side <= max(busy, SMALLEST_BESIDE)]
    blocks = (max(1, block) for block in (n_block, n_block // 4, FEWEST_SAMPLES))
    for at_once, side, block in product(dict.fromkeys((threads, 1)), sides, blocks):
        if at_once > 1 and side < SMALLEST_BESIDE:
            continue
        shape = min(side, rows), min(side, cols)
        projected = validation.memory(fit, shape, block, n_folds)
        needed = RESERVED_BYTES + at_once * projected.nbytes
        if needed <= memory:
            return FoldPlan(shape, block, at_once)
    largest = ", ".join(f"{part.nbytes / 2**20:.0f} MiB of {part.name}" for part in projected.biggest())
    raise PlanError(
        f"{memory // 2**20} MiB are allowed, but {n_folds} folds of {fit.n_samples} samples need "
        f"{math.ceil(needed / 2**20)} MiB in tiles of {shape[0]} x {shape[1]} pixels ({RESERVED_BYTES // 2**20} MiB "
        f"for the process itself, {largest}); give --memory {math.ceil(needed / 2**20)}MiB or more, fewer folds, "
        "smaller windows or fewer expressions"
    )
