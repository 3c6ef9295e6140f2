"""What masked regressions allocate, in the shapes in which they do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fesdist.families.common.fit import Fit
from fesdist.families.common.footprint import (
    compared_images,
    evidence_arrays,
    gray_versions,
    prepared_arrays,
    samples_read,
    solved_arrays,
    with_neighbours,
)
from fesdist.families.common.layout import ArrayLayout
from fesdist.families.windowed.block import Planes, channels_together, sum_type
from fesdist.families.windowed.equations import ROWS_AT_ONCE
from fesdist.families.windowed.flat import flat_block
from fesdist.families.windowed.kernels.packing import packed_shape, pass_samples
from fesdist.families.windowed.kernels.strips import strip_shape
from fesdist.families.windowed.kernels.windows import steps_of
from fesdist.families.windowed.sums import block_shape
from fesdist.ground.colour import Colour
from fesdist.ground.memory import Allocation, Memory, Phase
from fesdist.ground.receptive_field import Field, halo_of, with_centre
from fesdist.ground.tiles import TileGrid
from fesdist.simd.cholesky import workspace_shapes
from fesdist.simd.lanes import LANES

PLANES_AT_ONCE = 48
"""Images (a channel each) of which `apply` converts a strip at a time: sixteen colour photographs."""

JUDGED_AT_ONCE = 4 * LANES
"""Columns that are judged at a time: what is read of the sums of five folds stays in a processor's second cache."""

OBJECTS_OF_A_BLOCK = 6000
"""Bytes of what Python needs beside the numbers: a block, its problem, its places and the heads of its arrays."""


def training_memory(
    window: tuple[Field, int],
    own: Sequence[ArrayLayout],
    fit: Fit,
    tile_shape: tuple[int, int],
    sizes: tuple[int, int],
) -> Memory:
    """Return what is alive at most while a tile is trained and measured.

    `window` is the field and how far neighbours are pooled, `own` the layout of the model; `sizes` are samples at a
    time, and folds whose sums are kept apart.
    """
    (field, margin), (n_block, n_folds) = window, sizes
    planes, pooled = Planes(with_centre(field), fit.n_expressions), with_neighbours(tile_shape, margin)
    shape = block_shape(tile_shape, planes.field, margin)
    block = with_neighbours(shape, margin)
    sums, solved = tuple(_sums(planes, fit, tile_shape, margin, n_folds)), solved_arrays(own, fit, tile_shape)
    evidence = evidence_arrays(fit, tile_shape) if n_folds > 1 else ()
    pooling = (*_pooled(planes, fit, tile_shape, margin), *_gathered(planes, fit, block[1], 2)) if margin else ()
    compared = compared_images(fit, tile_shape, n_block)
    measured = (
        *prepared_arrays(own, fit, tile_shape),
        compared,
        *_outputs(field, fit, tile_shape, compared.shape[0]),
    )
    # Entries of all, of a fold, of all others, and those that judge where these are none of the first.
    entries = _gathered(planes, fit, block[1], 4 if margin or planes.field != field else 3) if n_folds > 1 else ()
    objects = Allocation("objects", (OBJECTS_OF_A_BLOCK,), "uint8", 4)
    judging = (*entries, objects, _ridges(shape), *_systems(len(planes.field), fit.n_expressions))
    # The sums of all folds, and the evidence before it is filed.
    total = (*_block_sums(planes, fit, block, 1), *evidence_arrays(fit, shape)) if n_folds > 1 else ()
    of_block = (*sums, *total, *solved, *evidence)
    return Memory(
        samples_read(fit, pooled, n_block, halo_of(field)),
        (
            Phase(
                "adding",
                (
                    *sums,
                    *(samples_read(fit, pooled, n_block, halo_of(field), "samples of a fold") if n_folds > 1 else ()),
                    *_pass(planes, fit, block, n_block),
                ),
            ),
            Phase("judging", (*of_block, *judging)),
            Phase("solving", (*of_block, *_solving(planes, fit, tile_shape), *pooling)),
            Phase("measuring", (*solved, *evidence, *measured)),
        ),
    )


def left_out_memory(window: tuple[Field, int], fit: Fit, cols: int, sizes: tuple[int, int]) -> tuple[Allocation, ...]:
    """Return what people are left out in around a row of `cols` columns; `window` as in `training_memory`.

    `sizes` are all samples, and folds.
    """
    (field, pool), (n_samples, n_folds) = window, sizes
    seen, n_expressions = with_centre(field), fit.n_expressions
    planes, together = Planes(seen, n_expressions), channels_together(fit.colour, fit.channels, np.dtype(np.uint8))
    width = judged_at_once(cols) + 2 * pool
    sums, pooled = (flat_block((rows, width), seen) for rows in (1 + 2 * pool, 1))
    n_packed = min(-(-n_samples // n_folds) + 1, pass_samples(np.dtype(np.uint8), together))
    lines, packed = packed_shape(n_packed, sums.length, np.dtype(np.uint8), together)
    gray, around = fit.colour.judged_in_colour(fit.channels), cols + 2 * pool + 1
    rows, further = sums.padded_shape[0], sums.stride - width
    of_samples = n_samples, 1 if gray else fit.channels
    targets = Allocation("targets of a row", (*of_samples, 1 + 2 * pool, around), "uint8", n_expressions)
    inputs = Allocation("inputs of a row", (*of_samples, rows, around + further), "uint8")
    return (
        Allocation("lines", lines, packed, 1 + n_expressions),
        Allocation("sums of folds", (n_folds + 1, len(planes), sums.length), "int64"),
        *([Allocation("pooled sums", (n_folds + 1, len(planes), pooled.length), "float64")] if pool else []),
        Allocation("entries of a register", (2, _n_entries(len(field), n_expressions), LANES), "float64"),
        Allocation("found in a row", (n_expressions, cols), "float64", 2),
        Allocation("ridges and weights of neighbours", (2 * pool + 5, cols + width), "float64"),
        Allocation("objects", (OBJECTS_OF_A_BLOCK,), "uint8", 4),
        *_systems(len(field), n_expressions),
        *([targets] if n_expressions > 1 or gray else []),
        *([inputs] if gray else []),
        *gray_versions(fit, n_samples, (rows, around + further)),
    )


def validation_memory(
    fields: Sequence[Field],
    margin: int,
    fit: Fit,
    judged: Fit | None,
    tile_shape: tuple[int, int],
    sizes: tuple[int, int],
) -> Memory:
    """Return what is alive at most in a tile whose folds are judged; `sizes` are samples at a time, and folds.

    `fields` are those of the candidates, which pool neighbours as far as `margin`; `judged` is what sums of their own
    to judge by are for, if there are any.
    """
    n_block, n_folds = sizes
    field = with_centre(widest(fields))
    planes, halo = Planes(field, fit.n_expressions, squares=True), halo_of(field)
    pooled, block = with_neighbours(tile_shape, margin), block_shape(tile_shape, field, margin)
    kept = [
        *_sums(planes, fit, tile_shape, margin, n_folds),
        *(_sums(planes, judged, tile_shape, margin, n_folds) if judged else ()),
    ]
    # The total of all folds, and the total without one of them.
    of_block = _block_sums(planes, fit, with_neighbours(block, margin), 2)
    taps = max(len(offsets) for offsets in fields)
    # Agreement and change of all candidates and of one fold's, and what errors are made of them.
    judged_by = Allocation("agreement and change", (len(fields), fit.n_expressions, *block), "float64", 6)
    return Memory(
        (*kept, *samples_read(fit, pooled, n_block, halo)),
        (
            Phase(
                "adding",
                (
                    *samples_read(fit, pooled, n_block, halo, "samples of a fold"),
                    *_pass(planes, fit, with_neighbours(block, margin), n_block),
                ),
            ),
            Phase(
                "judging",
                (
                    *of_block,
                    judged_by,
                    Allocation("wanted change", (fit.n_expressions + 4, *block), "float64", 4),
                    Allocation("ridges of rows", (len(fields), ROWS_AT_ONCE, block[1] + LANES), "float64", 3),
                    *_systems(taps, fit.n_expressions),
                    # Those of rows before are alive while the next are gathered.
                    *_gathered(planes, fit, block[1], 3),
                ),
            ),
        ),
    )


def widest(fields: Sequence[Field]) -> Field:
    """Return the field with the taps of all others: its sums contain theirs."""
    return tuple(sorted({offset for offsets in fields for offset in offsets}))


def judged_at_once(cols: int) -> int:
    """Return how many columns of a tile are judged at a time, in whole registers."""
    return min(JUDGED_AT_ONCE, -(-cols // LANES) * LANES)


def _sums(planes: Planes, fit: Fit, tile_shape: tuple[int, int], margin: int, times: int = 1) -> Iterator[Allocation]:
    """Yield the sums of all blocks of a tile; those at its right and lower edges are smaller."""
    shapes = [
        with_neighbours(tile.region.shape, margin)
        for tile in TileGrid(tile_shape, block_shape(tile_shape, planes.field, margin))
    ]
    yield Allocation("objects of blocks", (times * len(shapes), OBJECTS_OF_A_BLOCK), "uint8")
    for shape in dict.fromkeys(shapes):
        yield from _block_sums(planes, fit, shape, times * shapes.count(shape))


def _block_sums(planes: Planes, fit: Fit, shape: tuple[int, int], times: int) -> tuple[Allocation, ...]:
    flat, dtype = flat_block(shape, planes.field), sum_type(np.dtype(fit.dtype))
    name = f"sums of {shape[0]} x {shape[1]} pixels"
    of_fits, of_images = planes.shapes(flat, fit.weight_channels, fit.channels)
    return Allocation(name, of_fits, dtype, times), Allocation(f"{name}: images", of_images, dtype, times)


def _pass(planes: Planes, fit: Fit, block: tuple[int, int], n_block: int) -> tuple[Allocation, ...]:
    """Return the lines of inputs and targets of a pass over a block, and their gray versions."""
    flat, dtype = flat_block(block, planes.field), np.dtype(fit.dtype)
    together = channels_together(fit.colour, fit.channels, dtype)
    n = min(n_block, pass_samples(dtype, together))
    shape, packed = packed_shape(n, flat.length, dtype, together)
    return (
        Allocation("lines", shape, packed, 1 + fit.n_expressions),
        *gray_versions(fit, n, flat.padded_shape),
    )


def _solving(planes: Planes, fit: Fit, tile_shape: tuple[int, int]) -> tuple[Allocation, ...]:
    """Return what is solved of one block before it is filed, and the systems on the way."""
    shape, sets, n_expressions, taps = (
        block_shape(tile_shape, planes.field, 0),
        fit.weight_channels,
        fit.n_expressions,
        len(planes.field),
    )
    return (
        Allocation("weights of a block", (sets, n_expressions, taps, *shape), "float64"),
        Allocation("bias and norm of a block", (sets, n_expressions, *shape), "float64", 2),
        Allocation("status of a block", (sets, *shape), "uint8"),
        Allocation("mean differences of a block", (n_expressions, fit.channels, *shape), "float32"),
        Allocation("differences of sums", (fit.channels, *shape), "float64", 2),
        _ridges(shape),
        *_systems(taps, n_expressions),
    )


def _ridges(shape: tuple[int, int]) -> Allocation:
    """Return the ridges of a block's pixels: as they are made, in the unit of the sums, and with columns to spare."""
    return Allocation("ridges", (shape[0], shape[1] + LANES), "float64", 3)


def _pooled(planes: Planes, fit: Fit, tile_shape: tuple[int, int], margin: int) -> tuple[Allocation, ...]:
    """Return the sums of a block and its neighbours once they are pooled, and what is found of its inner part."""
    block = block_shape(tile_shape, planes.field, margin)
    line = flat_block(with_neighbours(block, margin), planes.field).length
    return (
        Allocation("pooled sums of a block", (len(planes), line), "float64"),
        Allocation("found in an inner part", (fit.n_expressions, len(planes.field) + 3, *block), "float64"),
    )


def _gathered(planes: Planes, fit: Fit, cols: int, copies: int) -> tuple[Allocation, ...]:
    """Return the entries of some rows, so many times, and what is found."""
    n_entries = _n_entries(len(planes.field), fit.n_expressions)
    return (
        Allocation("entries of rows", (ROWS_AT_ONCE, n_entries, cols + LANES), "float64", copies),
        Allocation("found in rows", (fit.n_expressions, len(planes.field) + 3, ROWS_AT_ONCE, cols + LANES), "float64"),
    )


def _n_entries(taps: int, n_expressions: int) -> int:
    return (taps + 1) * (taps + 2) // 2 - 1 + n_expressions * (taps + 1)


def _systems(taps: int, n_expressions: int) -> tuple[Allocation, ...]:
    """Return a register of systems, and where their entries are."""
    n_entries = _n_entries(taps, n_expressions)
    return (
        *(Allocation("systems", shape, "float64") for shape in workspace_shapes(taps + 1, n_expressions)),
        # Two arrays, made of two lists, whose numbers are objects of four words.
        Allocation("entries", (n_entries, 2 + 2 + 4), "float64"),
    )


def _outputs(field: Field, fit: Fit, tile_shape: tuple[int, int], n_images: int) -> tuple[Allocation, ...]:
    """Return the images that `apply` has at a time: a strip of them, and the outputs of all."""
    n = min(n_images * (1 if fit.colour is Colour.PER_CHANNEL else fit.channels), PLANES_AT_ONCE)
    strip = strip_shape(n, tile_shape, steps_of(field).span)
    made = n_images, fit.channels, *tile_shape
    return Allocation("strip of images", strip, "float32"), Allocation("outputs made", made, "float32")
