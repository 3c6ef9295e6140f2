"""What masked regressions allocate, in the shapes in which they do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fesdist.families.common.fit import Fit
from fesdist.families.common.footprint import (
    compared_images,
    gray_versions,
    prepared_arrays,
    samples_read,
    solved_arrays,
)
from fesdist.families.common.layout import ArrayLayout
from fesdist.families.windowed.block import Planes, sum_type
from fesdist.families.windowed.flat import flat_block
from fesdist.families.windowed.kernels.planes import PASS_SAMPLES, packed_shape
from fesdist.families.windowed.sums import BLOCK
from fesdist.ground.colour import Colour
from fesdist.ground.memory import Allocation, Memory, Phase
from fesdist.ground.receptive_field import Field, halo_of
from fesdist.ground.tiles import TileGrid
from fesdist.simd.cholesky import workspace_shapes
from fesdist.simd.lanes import LANES

PLANES_AT_ONCE = 48
"""Images (a channel each) that `apply` pads and converts at a time: sixteen colour photographs."""

OBJECTS_OF_A_BLOCK = 6000
"""Bytes of what Python needs beside the numbers: a block, its problem, its places and the heads of its arrays."""


def training_memory(
    field: Field, own: Sequence[ArrayLayout], fit: Fit, tile_shape: tuple[int, int], n_block: int
) -> Memory:
    """Return what is alive at most while a tile is trained and measured; `own` is the layout of the model."""
    planes = Planes(field, fit.n_expressions)
    sums, solved = tuple(_sums(planes, fit, tile_shape)), solved_arrays(own, fit, tile_shape)
    compared = compared_images(fit, tile_shape, n_block)
    measured = (
        *prepared_arrays(own, fit, tile_shape),
        compared,
        *_outputs(field, fit, tile_shape, compared.shape[0]),
    )
    return Memory(
        samples_read(fit, tile_shape, n_block, halo_of(field)),
        (
            Phase("adding", (*sums, *_pass(planes, fit, tile_shape, n_block))),
            Phase("solving", (*sums, *solved, *_solving(planes, fit, tile_shape))),
            Phase("measuring", (*solved, *measured)),
        ),
    )


def validation_memory(
    fields: Sequence[Field], fit: Fit, judged: Fit | None, tile_shape: tuple[int, int], sizes: tuple[int, int]
) -> Memory:
    """Return what is alive at most in a tile whose folds are judged; `sizes` are samples at a time, and folds.

    `fields` are those of the candidates, `judged` is what sums of their own to judge by are for, if there are any.
    """
    n_block, n_folds = sizes
    field = widest(fields)
    planes, halo, block = Planes(field, fit.n_expressions, squares=True), halo_of(field), _block_shape(tile_shape)
    kept = [*_sums(planes, fit, tile_shape, n_folds), *(_sums(planes, judged, tile_shape, n_folds) if judged else ())]
    # The total of all folds, and the total without one of them.
    of_block = _block_sums(planes, fit, block, 2)
    taps = max(len(offsets) for offsets in fields)
    errors = Allocation("errors", (len(fields), fit.n_expressions, *block), "float64", 4)
    return Memory(
        (*kept, *samples_read(fit, tile_shape, n_block, halo)),
        (
            Phase(
                "adding",
                (
                    *samples_read(fit, tile_shape, n_block, halo, "samples of a fold"),
                    *_pass(planes, fit, tile_shape, n_block),
                ),
            ),
            Phase("judging", (*of_block, errors, *_systems(taps, fit.n_expressions))),
        ),
    )


def widest(fields: Sequence[Field]) -> Field:
    """Return the field with the taps of all others: its sums contain theirs."""
    return tuple(sorted({offset for offsets in fields for offset in offsets}))


def _block_shape(tile_shape: tuple[int, int]) -> tuple[int, int]:
    """Return the shape of the largest block."""
    return min(tile_shape[0], BLOCK), min(tile_shape[1], BLOCK)


def _sums(planes: Planes, fit: Fit, tile_shape: tuple[int, int], times: int = 1) -> Iterator[Allocation]:
    """Yield the sums of all blocks of a tile; those at its right and lower edges are smaller."""
    shapes = [tile.region.shape for tile in TileGrid(tile_shape, (BLOCK, BLOCK))]
    yield Allocation("objects of blocks", (times * len(shapes), OBJECTS_OF_A_BLOCK), "uint8")
    for shape in dict.fromkeys(shapes):
        yield from _block_sums(planes, fit, shape, times * shapes.count(shape))


def _block_sums(planes: Planes, fit: Fit, shape: tuple[int, int], times: int) -> tuple[Allocation, ...]:
    flat, dtype = flat_block(shape, planes.field), sum_type(np.dtype(fit.dtype))
    name = f"sums of {shape[0]} x {shape[1]} pixels"
    of_fits, of_images = planes.shapes(flat, fit.weight_channels, fit.channels)
    return Allocation(name, of_fits, dtype, times), Allocation(f"{name}: images", of_images, dtype, times)


def _pass(planes: Planes, fit: Fit, tile_shape: tuple[int, int], n_block: int) -> tuple[Allocation, ...]:
    """Return the lines of inputs and targets of a pass over a block, and their gray versions."""
    flat, n = flat_block(_block_shape(tile_shape), planes.field), min(n_block, PASS_SAMPLES)
    shape, dtype = packed_shape(n, flat.length, np.dtype(fit.dtype))
    return (
        Allocation("lines", shape, dtype, 1 + fit.n_expressions),
        *gray_versions(fit, n, flat.padded_shape),
    )


def _solving(planes: Planes, fit: Fit, tile_shape: tuple[int, int]) -> tuple[Allocation, ...]:
    """Return what is solved of one block before it is filed, and the systems on the way."""
    shape, sets, n_expressions, taps = (
        _block_shape(tile_shape),
        fit.weight_channels,
        fit.n_expressions,
        len(planes.field),
    )
    return (
        Allocation("weights of a block", (sets, n_expressions, taps, *shape), "float64"),
        Allocation("bias and norm of a block", (sets, n_expressions, *shape), "float64", 2),
        Allocation("norm of a tap", (sets, *shape), "float64"),
        Allocation("status of a block", (sets, *shape), "uint8"),
        Allocation("mean differences of a block", (n_expressions, fit.channels, *shape), "float32"),
        Allocation("differences of sums", (fit.channels, *shape), "float64", 2),
        Allocation("ridges", (shape[0], shape[1] + LANES), "float64", 3),
        *_systems(taps, n_expressions),
    )


def _systems(taps: int, n_expressions: int) -> tuple[Allocation, ...]:
    """Return a register of systems, and where their entries are."""
    n_entries = (taps + 1) * (taps + 2) // 2 - 1 + n_expressions * (taps + 1)
    return (
        *(Allocation("systems", shape, "float64") for shape in workspace_shapes(taps + 1, n_expressions)),
        # Two arrays, made of two lists, whose numbers are objects of four words.
        Allocation("entries", (n_entries, 2 + 2 + 4), "float64"),
    )


def _outputs(field: Field, fit: Fit, tile_shape: tuple[int, int], n_images: int) -> tuple[Allocation, ...]:
    """Return the images that `apply` has at a time: padded, and the outputs of all of them."""
    n = min(n_images * (1 if fit.colour is Colour.PER_CHANNEL else fit.channels), PLANES_AT_ONCE)
    padded = flat_block(tile_shape, field).padded_shape
    return Allocation("images padded", (n, *padded), "float32"), Allocation("outputs made", (n, *tile_shape), "float32")
