"""How a job is cut into tiles, what that costs, and every reason to refuse it before anything runs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fesdist.cluster.settings import RESERVED_BYTES
from fesdist.families.common.footprint import moving
from fesdist.ground.errors import PlanError
from fesdist.ground.memory import Allocation, Memory
from fesdist.ground.tiles import TileGrid
from fesdist.training.folds import n_folds
from fesdist.training.holding import held_memory
from fesdist.training.job import TrainingJob
from fesdist.training.layout import CHUNK, SHAPE, stored_layouts
from storage.blobs.threads import AT_ONCE
from storage.stack.reading import TrainingStack

LARGEST_TILE = 512
TILES_PER_WORKER = 2
"""Fewer would leave workers idle at the end of a run; more would make tiles smaller, and read more halo."""

SAMPLES_AT_ONCE = 64
"""More samples in a block gain nothing: the work on a block already hides the cost of starting it."""


@dataclass(frozen=True)
class TrainingPlan:
    """Tiles of `tile_shape`, samples read `n_block` at a time, and the memory that this takes."""

    image_shape: tuple[int, int]
    tile_shape: tuple[int, int]
    n_block: int
    holds: bool
    """Whether a tile's samples are all read before it is solved, piece by piece; else its sums are kept as a whole."""
    allowed_bytes: int
    """Memory that a worker may use."""
    projected_bytes: int
    """Memory that a worker is expected to need at most, with `RESERVED_BYTES` in it."""
    image_pass_bytes: int
    """Arrays of the pass over the image before the tiles, which grow with the square of the samples; 0 without it."""
    stored_bytes: int
    """Size of the weights of all expressions on disk."""
    n_pixels: int
    """Output pixels with their own regression: rows x columns x weight channels."""

    @property
    def grid(self) -> TileGrid:
        return TileGrid(self.image_shape, self.tile_shape)


def make_plan(job: TrainingJob, stack: TrainingStack, allowed_bytes: int, n_workers: int) -> TrainingPlan:
    """Return the plan with the largest tiles that fit `allowed_bytes` a worker and keep all workers busy.

    Where a model says from how many pixels on larger tiles gain nothing, they are no larger than that.

    Raises PlanError, with the figures, when not even one chunk of pixels and one sample at a time fit.
    """
    rows, cols = stack.image_shape
    largest_useful = math.sqrt(rows * cols / (TILES_PER_WORKER * n_workers))
    side = min(LARGEST_TILE, max(CHUNK, int(largest_useful) // CHUNK * CHUNK))
    if (enough := job.build_model().enough_pixels(job.fit(stack))) is not None:
        side = min(side, CHUNK * math.ceil(math.sqrt(enough) / CHUNK))
    while True:
        tile_shape = _even_side(rows, side), _even_side(cols, side)
        plan = plan_with_tiles(job, stack, allowed_bytes, tile_shape)
        roomy = plan.holds or plan.n_block >= min(8, job.n_samples)
        if plan.projected_bytes <= allowed_bytes and (roomy or side == CHUNK):
            return plan
        if side == CHUNK:
            raise _does_not_fit(plan, job)
        side = max(CHUNK, side // 2 // CHUNK * CHUNK)


def plan_with_tiles(
    job: TrainingJob, stack: TrainingStack, allowed_bytes: int, tile_shape: tuple[int, int]
) -> TrainingPlan:
    """Return the plan for tiles that are already chosen: only the samples read at a time follow from the memory."""
    model, fit = job.build_model(), job.fit(stack)
    image_pass = model.image_pass()
    n_held_out = max(map(len, job.holdout.values()), default=0)
    of_image = image_pass.memory(fit, tile_shape, n_held_out) if image_pass else Memory()
    n_block, folds = min(job.n_samples, SAMPLES_AT_ONCE), n_folds(job.n_samples) if model.has_evidence else 1
    chunk = min(stack.spec.chunks()[0], job.n_samples + n_held_out)

    held = None
    if folds > 1:
        held = held_memory(model, fit, tile_shape, n_held_out, chunk, moved=bool(job.displacements))
        held = held.within(*_arriving(stack))
    holds = held is not None and held.nbytes <= allowed_bytes - RESERVED_BYTES

    def of_tile() -> Memory:
        if held is not None and holds:
            return held
        memory = model.memory(fit, tile_shape, n_block, **({"n_folds": folds} if folds > 1 else {}))
        around = (*_arriving(stack), *(moving(fit, tile_shape, n_block) if job.displacements else ()))
        return memory.within(*around) if around else memory

    while of_tile().nbytes > allowed_bytes - RESERVED_BYTES and n_block > 1:
        n_block //= 2
    of_shape = (SHAPE,) if job.displacements else ()
    bytes_per_pixel = sum(array.bytes_per_pixel for array in (*stored_layouts(model, fit, job.precision), *of_shape))
    return TrainingPlan(
        image_shape=fit.image_shape,
        tile_shape=tile_shape,
        n_block=chunk if holds else n_block,
        holds=holds,
        allowed_bytes=allowed_bytes,
        projected_bytes=RESERVED_BYTES + max(of_tile().nbytes, of_image.nbytes),
        image_pass_bytes=of_image.nbytes,
        stored_bytes=bytes_per_pixel * fit.n_pixels * len(job.expressions),
        n_pixels=fit.n_pixels * fit.weight_channels,
    )


def check_memory(plan: TrainingPlan, job: TrainingJob) -> None:
    """Raise PlanError when a plan needs more memory than a worker may use."""
    if plan.projected_bytes > plan.allowed_bytes:
        raise _does_not_fit(plan, job)


def _arriving(stack: TrainingStack) -> tuple[Allocation, ...]:
    """Return the chunks, packed and unpacked, that are on their way from an object store at once.

    Those of a disk are so few that what a worker reserves has room for them.
    """
    more = stack.chunks_at_once - AT_ONCE
    return (Allocation("chunks on their way", stack.spec.chunks(), stack.spec.dtype, 2 * more),) if more > 0 else ()


def _does_not_fit(plan: TrainingPlan, job: TrainingJob) -> PlanError:
    tile_rows, tile_cols = plan.tile_shape
    # What is needed is rounded up, so that nobody is told that 352 MiB are fewer than 352 MiB.
    allowed, needed, reserved = (
        plan.allowed_bytes // 2**20,
        math.ceil(plan.projected_bytes / 2**20),
        RESERVED_BYTES // 2**20,
    )
    advice = f"give --memory {needed}MiB or more, or train fewer expressions at once"
    if plan.image_pass_bytes > max(0, plan.allowed_bytes - RESERVED_BYTES):
        return PlanError(
            f"a worker may use {allowed} MiB, but comparing each image with each other for model {job.model!r}, "
            f"{job.n_samples} samples of {len(job.expressions)} expressions in tiles of {tile_rows} x {tile_cols} "
            f"pixels, needs {needed} MiB ({reserved} MiB for the process itself); {advice}"
        )
    return PlanError(
        f"a worker may use {allowed} MiB, but a tile of {tile_rows} x {tile_cols} pixels for "
        f"{_counted(len(job.expressions), 'expression')} needs {needed} MiB ({reserved} MiB for the process itself, "
        f"the rest for arrays, with {plan.n_block} of {job.n_samples} samples read at a time); {advice}"
    )


def _even_side(length: int, side: int) -> int:
    """Return the smallest side of whole chunks that cuts `length` into no more tiles than `side` does."""
    n_tiles = math.ceil(length / side)
    return min(length, CHUNK * math.ceil(length / (CHUNK * n_tiles)))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
