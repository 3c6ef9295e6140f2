"""How a job is cut into tiles, what that costs, and every reason to refuse it before anything runs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fesdist.cluster.settings import DEFAULT_MEMORY, RESERVED_BYTES, array_bytes
from fesdist.families.common.footprint import moving
from fesdist.ground.counting import counted
from fesdist.ground.errors import PlanError
from fesdist.ground.memory import Allocation, Memory
from fesdist.ground.tiles import TileGrid
from fesdist.training.folds import n_folds
from fesdist.training.holding import held_memory
from fesdist.training.job import CutJob, TrainingJob
from fesdist.training.layout import SHAPE, SMALL_CHUNK, stored_layouts
from fesdist.training.survey import bytes_at_once
from storage.blobs.threads import AT_ONCE
from storage.stack.reading import TrainingStack

LARGEST_TILE = 512
"""Rows and columns."""

TILES_PER_WORKER = 2
"""Fewer would leave workers idle at the end of a run; more would make tiles smaller, and read more halo."""

CHUNKS = (256, 128, SMALL_CHUNK)
"""Rows and columns that chunks may have. Files cost as much as what is in them: a version of 2048 x 2048 pixels is
written in two thirds of the time where it has a thousand instead of ten thousand."""

SOME_CHUNKS, MANY_CHUNKS = 16, 64
"""An image is cut into so many at least, and into many for a model whose pixels take long: tiles are whole chunks, and
many workers want tiles."""

FILLED_UP = 1.2
"""How many times as large as in small chunks an image may be, whose last chunks are filled up with zeros."""

MODEST_MEMORY = DEFAULT_MEMORY // 2
"""What a worker must be allowed, in bytes, to train one large chunk at a time; chunks depend on no other budget."""

HARDLY_MORE = 1.1
"""Or so many times what it takes to train a small chunk, where that is more."""

ROOMY = 8
"""Samples at a time for which smaller tiles are made, and fewer at once."""

SAMPLES_AT_ONCE = 64
"""More samples in a block gain nothing: the work on a block already hides the cost of starting it."""


@dataclass(frozen=True)
class TrainingPlan:
    """Tiles of `tile_shape`, samples read `n_block` at a time, and the memory that this takes."""

    image_shape: tuple[int, int]
    tile_shape: tuple[int, int]
    chunk: int
    """Rows and columns of the chunks in which weights are stored; tiles are whole chunks."""
    n_block: int
    holds: bool
    """Whether a tile's samples are all read before it is solved, piece by piece; else its sums are kept as a whole."""
    allowed_bytes: int
    """Memory that a worker may use."""
    projected_bytes: int
    """Memory that a worker is expected to need at most, for all that it has at once, with `RESERVED_BYTES` in it."""
    image_pass_bytes: int
    """Arrays of the pass over the image before the tiles, which grow with the square of the samples; 0 without it."""
    stored_bytes: int
    """Size of the weights of all expressions on disk."""
    n_pixels: int
    """Output pixels with their own regression: rows x columns x weight channels."""
    at_once: int
    """Tiles that a worker trains at the same time, in threads that divide its memory."""
    roomy: bool
    """Whether it fits, and does not have to read samples by a few."""

    @property
    def grid(self) -> TileGrid:
        return TileGrid(self.image_shape, self.tile_shape)


def make_plan(
    job: TrainingJob, stack: TrainingStack, allowed_bytes: int, n_workers: int, threads: int = 1
) -> TrainingPlan:
    """Return the plan with the largest tiles that fit `allowed_bytes` a worker and keep all threads of all busy.

    Where a model says from how many pixels on larger tiles gain nothing, they are no larger than that. Where even the
    smallest do not fit once for each of a worker's `threads`, fewer are trained at once.

    Raises PlanError, with the figures, when not even one chunk of pixels and one sample at a time fit.
    """
    chunk, (rows, cols) = chunk_side(job, stack), stack.image_shape
    largest_useful = math.sqrt(rows * cols / (TILES_PER_WORKER * n_workers * threads))
    side = min(LARGEST_TILE, max(chunk, int(largest_useful) // chunk * chunk))
    if (enough := job.build_model().enough_pixels(job.fit(stack))) is not None:
        side = min(side, chunk * math.ceil(math.sqrt(enough) / chunk))
    plans = []
    while True:
        tile_shape = _even_side(rows, side, chunk), _even_side(cols, side, chunk)
        plans.append(plan_with_cut(stack, allowed_bytes, CutJob(job, tile_shape, chunk), threads))
        if plans[-1].roomy and plans[-1].at_once == min(threads, len(plans[-1].grid)):
            return plans[-1]
        if side == chunk:
            break
        side = max(chunk, side // 2 // chunk * chunk)
    check_memory(plans[-1], job)
    # The largest tiles of those of which the most are trained at once.
    return max((plan for plan in plans if plan.roomy), key=lambda plan: plan.at_once, default=plans[-1])


def chunk_side(job: TrainingJob, stack: TrainingStack) -> int:
    """Return the rows and columns of the chunks in which a job's weights are stored, whoever trains it.

    The largest of `CHUNKS` of which an image has enough, which together are hardly larger than the image, and one of
    which is trained within `MODEST_MEMORY`, or with hardly more memory than a small one.
    """
    rows, cols = stack.image_shape
    least = SOME_CHUNKS if job.build_model().enough_pixels(job.fit(stack)) is None else MANY_CHUNKS

    def number(side: int) -> int:
        return math.ceil(rows / side) * math.ceil(cols / side)

    def held(side: int) -> int:
        return number(side) * min(side, rows) * min(side, cols)

    def needed(side: int) -> int:
        cut = CutJob(job, (min(side, rows), min(side, cols)), side)
        return plan_with_cut(stack, MODEST_MEMORY, cut).projected_bytes

    enough = max(MODEST_MEMORY, HARDLY_MORE * needed(SMALL_CHUNK))
    most = FILLED_UP * held(SMALL_CHUNK)
    fitting = (side for side in CHUNKS if number(side) >= least and held(side) <= most)
    return next((side for side in fitting if needed(side) <= enough), SMALL_CHUNK)


def plan_with_cut(stack: TrainingStack, allowed_bytes: int, cut: CutJob, threads: int = 1) -> TrainingPlan:
    """Return the plan for a job that is cut already: only what is read and trained at a time follow from the memory."""
    most = min(threads, len(TileGrid(stack.image_shape, cut.tile_shape)))
    plans = (_plan_for(stack, allowed_bytes, cut, at_once) for at_once in range(most, 0, -1))
    return next(plan for plan in plans if plan.roomy or plan.at_once == 1)


def _plan_for(stack: TrainingStack, allowed_bytes: int, cut: CutJob, at_once: int) -> TrainingPlan:
    """Return the plan with so many tiles at once in a worker, each with its part of the memory for arrays."""
    job, tile_shape, for_arrays = cut.job, cut.tile_shape, (allowed_bytes - RESERVED_BYTES) // at_once
    model, fit = job.build_model(), job.fit(stack)
    image_pass = model.image_pass()
    n_held_out = max(map(len, job.holdout.values()), default=0)
    of_image = image_pass.memory(fit, tile_shape, n_held_out) if image_pass else Memory()
    n_block, folds = min(job.n_samples, SAMPLES_AT_ONCE), n_folds(job.n_samples) if model.has_evidence else 1
    of_chunk = min(stack.spec.chunks()[0], job.n_samples + n_held_out)

    of_survey = at_once * bytes_at_once(stack, array_bytes(allowed_bytes) // at_once)
    held = None
    if folds > 1:
        held = held_memory(model, fit, tile_shape, n_held_out, of_chunk, moved=bool(job.displacements))
        held = held.within(*_arriving(stack))
    holds = held is not None and held.nbytes <= for_arrays

    def of_tile() -> Memory:
        if held is not None and holds:
            return held
        memory = model.memory(fit, tile_shape, n_block, folds)
        around = (*_arriving(stack), *(moving(fit, tile_shape, n_block) if job.displacements else ()))
        return memory.within(*around) if around else memory

    while of_tile().nbytes > for_arrays and n_block > 1:
        n_block //= 2
    of_shape = (SHAPE,) if job.displacements else ()
    bytes_per_pixel = sum(array.bytes_per_pixel for array in (*stored_layouts(model, fit, job.precision), *of_shape))
    projected = RESERVED_BYTES + max(at_once * of_tile().nbytes, of_image.nbytes, of_survey)
    return TrainingPlan(
        image_shape=fit.image_shape,
        tile_shape=tile_shape,
        chunk=cut.chunk,
        n_block=of_chunk if holds else n_block,
        holds=holds,
        allowed_bytes=allowed_bytes,
        projected_bytes=projected,
        image_pass_bytes=of_image.nbytes,
        stored_bytes=bytes_per_pixel * fit.n_pixels * len(job.expressions),
        n_pixels=fit.n_pixels * fit.weight_channels,
        at_once=at_once,
        roomy=projected <= allowed_bytes and (holds or n_block >= min(ROOMY, job.n_samples)),
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
    rows, cols = plan.tile_shape
    tiles, expressions = f"{rows} x {cols} pixels", counted(len(job.expressions), "expression")
    # What is needed is rounded up, so that nobody is told that 352 MiB are fewer than 352 MiB.
    allowed, needed = plan.allowed_bytes // 2**20, math.ceil(plan.projected_bytes / 2**20)
    reserved = f"{RESERVED_BYTES // 2**20} MiB for the process itself"
    advice = f"give --memory {needed}MiB or more, or train fewer expressions at once"
    if plan.image_pass_bytes > max(0, plan.allowed_bytes - RESERVED_BYTES):
        return PlanError(
            f"{allowed} MiB are allowed, but comparing each image with each other for model {job.model!r}, "
            f"{job.n_samples} samples of {expressions} in tiles of {tiles}, needs {needed} MiB "
            f"({reserved}); {advice}"
        )
    return PlanError(
        f"{allowed} MiB are allowed, but a tile of {tiles} for {expressions} needs {needed} MiB ({reserved}, "
        f"the rest for arrays, with {plan.n_block} of {job.n_samples} samples read at a time); {advice}"
    )


def _even_side(length: int, side: int, chunk: int) -> int:
    """Return the smallest side of whole chunks that cuts `length` into no more tiles than `side` does."""
    n_tiles = math.ceil(length / side)
    return min(length, chunk * math.ceil(length / (chunk * n_tiles)))
