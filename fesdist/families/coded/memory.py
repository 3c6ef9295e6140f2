"""What coded models hold at once: in the pass over the image, in a tile, and when folds are judged.

M are the images that a set of weights is fitted on, J those of held-out people that it is applied to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fesdist.families.coded.coder import Coder
from fesdist.families.coded.products import fold_allocations, product_allocations
from fesdist.families.coded.vectors import PIXELS_AT_ONCE
from fesdist.families.common.fit import Fit
from fesdist.families.common.footprint import (
    compared_images,
    gray_versions,
    prepared_arrays,
    samples_read,
    solved_arrays,
)
from fesdist.families.common.layout import ArrayLayout
from fesdist.ground.memory import Allocation, Memory, Phase
from fesdist.ground.tiles import Halo
from fesdist.simd.lanes import LANES

Allocations = tuple[Allocation, ...]

_NO_HALO = Halo(0, 0, 0, 0)

_OBJECTS = Allocation("objects around arrays", (1 << 14,), "uint8")
"""Python's own of each array and of the dictionaries they are in: a hundred bytes each."""


def pass_memory(coder: Coder, fit: Fit, tile_shape: tuple[int, int], n_held_out: int) -> Memory:
    """Return what is alive in a task on a tile, while tiles are added up, and while their sum is solved."""
    people = n_held_out, fit.channels, *tile_shape
    images = (
        *samples_read(fit, tile_shape, fit.n_samples, _NO_HALO),
        Allocation("inputs of held-out people", people, fit.dtype, fit.n_expressions),
        Allocation("images as they are read", (fit.n_samples, fit.channels, *tile_shape), fit.dtype),
    )
    products = _products(coder, fit, n_held_out)
    return Memory(
        (_OBJECTS,),
        (
            Phase("multiplying", (*images, *products, *_multiplying(fit, tile_shape, n_held_out))),
            # The total, a tile's, and what they become.
            Phase("adding up", _times(3, products)),
            Phase("solving", (*products, *_solving(coder, fit, n_held_out))),
        ),
    )


def validation_memory(coder: Coder, fit: Fit, tile_shape: tuple[int, int]) -> Memory:
    """Return what is alive in a task on a tile, while tiles are added up, and while folds are judged.

    Everybody is held out, and the images of both are the same.
    """
    images = samples_read(fit, tile_shape, fit.n_samples, _NO_HALO)
    products = (*_products(coder, fit, fit.n_samples), *fold_allocations(fit))
    # Of the mouth, whose rows are no whole rows of the tile: what is fitted, and what is judged.
    cut = Allocation("targets of a region", (fit.n_samples, fit.channels, *tile_shape), fit.dtype, 2)
    # Regions are put together from two: one array more.
    multiplying = *images, cut, *_times(2, products), *_multiplying(fit, tile_shape, fit.n_samples)
    return Memory(
        (_OBJECTS,),
        (
            Phase("putting blocks together", _times(2, images)),
            Phase("multiplying", multiplying),
            Phase("adding up", _times(3, products)),
            # All products, and those of a fold.
            Phase("judging", (*_times(2, products), *_solving(coder, fit, fit.n_samples))),
        ),
    )


def tile_memory(coder: Coder, stored: Allocations, read: Sequence[ArrayLayout], fit: Fit, n_block: int) -> Memory:
    """Return what is alive in a tile; `stored` is what becomes the encoders, `read` what `apply` reads.

    The tile's shape is that of `stored`, an array of which may have no copies.
    """
    tile_shape = stored[0].shape[-2], stored[0].shape[-1]
    sets, channels, n_expressions, m = fit.weight_channels, fit.channels, fit.n_expressions, fit.n_vectors
    codes, images = coder.n_codes(m), n_block * fit.colour.channels_per_fit(channels)
    always = (
        _OBJECTS,
        *samples_read(fit, tile_shape, n_block, _NO_HALO),
        *stored,
        Allocation("outputs for each code", (sets, codes + 1, *tile_shape), "float64", n_expressions),
        Allocation("coefficients of outputs", (sets, codes + 1, m), "float64", n_expressions),
        Allocation("coefficients of codes", (sets, codes + 1, m), "float64", n_expressions),
        Allocation("sums of differences", (channels, *tile_shape), "float64", n_expressions),
    )
    adding = (
        *gray_versions(fit, n_block, tile_shape),
        Allocation("some pixels of a block", (images, PIXELS_AT_ONCE), "float64", 2),
        # As they are taken from all, and packed to whole registers.
        Allocation("coefficients of a block", (codes + 1 + LANES, images), "float64", 2),
        Allocation("a register of pixels", (images + codes + 1 + LANES, LANES), "float64"),
    )
    solving = (
        *solved_arrays((), fit, tile_shape),
        Allocation("squares of decoders", (sets, *tile_shape), "float64", 3),
        Allocation("a mean difference", (channels, *tile_shape), "float64"),
    )
    compared = compared_images(fit, tile_shape, n_block)
    measuring = (
        *solved_arrays((), fit, tile_shape),
        *prepared_arrays(read, fit, tile_shape),
        compared,
        # Of each set, of all, and as images.
        replace(compared, name="outputs put together", dtype="float32", copies=3),
    )
    return Memory(always, (Phase("adding", adding), Phase("solving", solving), Phase("measuring", measuring)))


def _products(coder: Coder, fit: Fit, n_held_out: int) -> Allocations:
    return product_allocations(fit, coder.needs_inputs, coder.needs_targets, n_held_out)


def _multiplying(fit: Fit, tile_shape: tuple[int, int], n_held_out: int) -> Allocations:
    """Return what is alive beside images and products while products are made."""
    m = fit.n_vectors
    most = max(m, n_held_out * fit.channels // fit.weight_channels)
    return (
        *gray_versions(fit, fit.n_samples, tile_shape),
        # Of both sides, and the next ones while they are made.
        Allocation("some pixels of all images", (most, PIXELS_AT_ONCE), "float64", 4),
        # Products of some pixels, those of sets before they are together, and then with squared norms.
        Allocation("products as they are made", (fit.weight_channels, most, m + 1), "float64", 3),
    )


def _solving(coder: Coder, fit: Fit, n_held_out: int) -> Allocations:
    """Return what is alive beside the products while they are solved."""
    sets, m = fit.weight_channels, fit.n_vectors
    codes, judged = coder.n_codes(m), n_held_out * fit.channels // sets
    return (
        # In [0, 1] units: of inputs and of targets, and sums of the latter over expressions.
        Allocation("Gram matrices", (sets, m, m), "float64", 4),
        # The kernel, LAPACK's copy of it and its room for two, eigenvectors in columns and in rows.
        Allocation("an eigendecomposition", (m, m), "float64", 6),
        # What is made of eigenvectors for codes and for outputs, once more while it is rotated.
        Allocation("solutions", (sets, codes, m), "float64", 4),
        # As arrays, and as bytes of a file.
        Allocation("coefficients of outputs", (sets, codes + 1, m), "float64", 2 * fit.n_expressions),
        Allocation("coefficients of codes", (sets, codes + 1, m), "float64", 2 * fit.n_expressions),
        # In [0, 1] units, filled up, with their norms; distances, and twice their kernel.
        Allocation("kernels of held-out images", (sets, judged, m + 1), "float64", 6),
    )


def _times(copies: int, allocations: Allocations) -> Allocations:
    return tuple(replace(allocation, copies=copies * allocation.copies) for allocation in allocations)
