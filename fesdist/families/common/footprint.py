"""Memory that all models have in common: samples as they come, arrays that are solved, images that are compared."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from fesdist.families.common.fit import Fit
from fesdist.families.common.layout import ArrayLayout, common_layout
from fesdist.ground.memory import Allocation
from fesdist.ground.tiles import Halo
from fesdist.shape.flow import compared_shape
from fesdist.shape.many import BAND, FEWEST, TOGETHER
from fesdist.shape.warping import DISPLACEMENTS_KEPT, largest_reach

_COMPARED_AT_ONCE = 1 << 18
"""Values of images of held-out people that are compared with outputs at a time: whole images, one at least."""


def compared_at_once(channels: int, tile_shape: tuple[int, int]) -> int:
    """Return how many images are compared at a time.

    >>> compared_at_once(3, (512, 512)), compared_at_once(3, (64, 64))
    (1, 21)
    """
    return max(1, _COMPARED_AT_ONCE // (channels * math.prod(tile_shape)))


def with_neighbours(shape: tuple[int, int], margin: int) -> tuple[int, int]:
    """Return the shape with the neighbours that are pooled, which an image's border may cut off."""
    return shape[0] + 2 * margin, shape[1] + 2 * margin


def samples_read(
    fit: Fit, tile_shape: tuple[int, int], n_block: int, halo: Halo, name: str = "samples"
) -> tuple[Allocation, ...]:
    """Return the inputs with their halo and the targets of a block of samples."""
    rows, cols = tile_shape
    padded = rows + halo.top + halo.bottom, cols + halo.left + halo.right
    return (
        Allocation(f"{name}: inputs", (n_block, fit.channels, *padded), fit.dtype),
        Allocation(f"{name}: targets", (n_block, fit.channels, *tile_shape), fit.dtype, fit.n_expressions),
    )


def moving(fit: Fit, tile_shape: tuple[int, int], n_block: int) -> tuple[Allocation, ...]:
    """Return what it takes to move the inputs of a block of samples: those around a tile, and where they come from."""
    reach = largest_reach(fit.image_shape)
    around = tuple(min(side + 2 * reach, whole) for side, whole in zip(tile_shape, fit.image_shape, strict=True))
    many = fit.dtype == "uint8" and n_block * fit.channels >= FEWEST
    return (
        Allocation("inputs around the tile", (n_block, fit.channels, *around), fit.dtype),
        Allocation("displacements", (2, *compared_shape(fit.image_shape)), "float32", DISPLACEMENTS_KEPT),
        Allocation("positions", tile_shape, "float64", 6),
        Allocation("pixels side by side", (BAND + 2 * reach, around[1], TOGETHER), "uint8", 1 if many else 0),
    )


def gray_versions(fit: Fit, n_images: int, shape: tuple[int, int]) -> tuple[Allocation, ...]:
    """Return gray versions of as many images of inputs and of each target, (row, col), made one after the other."""
    if fit.gray_bytes == 0:
        return ()
    made = Allocation("gray images", (n_images, *shape), fit.dtype, 1 + fit.n_expressions)
    # In 32 bits, before they are 8 bits again; floating-point images need none.
    return made, Allocation("sums of colours", (n_images, *shape), "uint32", 1 if fit.dtype == "uint8" else 0)


def solved_arrays(own: Sequence[ArrayLayout], fit: Fit, tile_shape: tuple[int, int]) -> tuple[Allocation, ...]:
    """Return the arrays that `Model.solve` returns of all expressions: its own, and the common ones."""
    layouts = (*own, *common_layout(fit.weight_channels, fit.channels))
    return tuple(
        Allocation(f"solved: {layout.name}", layout.shape(tile_shape), layout.dtype, fit.n_expressions)
        for layout in layouts
    )


def evidence_arrays(fit: Fit, tile_shape: tuple[int, int]) -> tuple[Allocation, ...]:
    """Return what `Model.evidence` returns of all expressions."""
    return (Allocation("evidence", (2, fit.weight_channels, *tile_shape), "float64", fit.n_expressions),)


def prepared_arrays(read: Sequence[ArrayLayout], fit: Fit, tile_shape: tuple[int, int]) -> tuple[Allocation, ...]:
    """Return what `Model.prepare` makes of the arrays that `Model.apply` reads, in float32."""
    return tuple(
        Allocation(f"prepared: {layout.name}", layout.shape(tile_shape), "float32", fit.n_expressions)
        for layout in read
    )


def compared_images(fit: Fit, tile_shape: tuple[int, int], n_block: int) -> Allocation:
    """Return what images of held-out people are compared in, which are read `n_block` at a time.

    Inputs, targets, outputs and errors of two kinds are alive while the next outputs are made and clipped.
    """
    n_images = min(n_block, compared_at_once(fit.channels, tile_shape))
    dtype = np.result_type(np.float32, np.dtype(fit.dtype))
    return Allocation("images compared", (n_images, fit.channels, *tile_shape), dtype, 5 + 2)
