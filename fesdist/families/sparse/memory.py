"""What models of few input pixels hold at once in a tile: the samples themselves, and what they are solved with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from fesdist.families.common.fit import Fit
from fesdist.families.common.footprint import (
    compared_images,
    gray_versions,
    prepared_arrays,
    samples_read,
    solved_arrays,
)
from fesdist.families.common.layout import ArrayLayout
from fesdist.ground.colour import Colour
from fesdist.ground.memory import Allocation, Memory, Phase, one_after_the_other
from fesdist.ground.tiles import Halo
from fesdist.simd.lanes import LANES

_OBJECTS = Allocation("objects around arrays", (1 << 14,), "uint8")
"""Python's own of each array and of the lists they are in: a hundred bytes each."""


def whole_registers(n_samples: int) -> int:
    """Return how many samples there are with the zeros that fill them up to whole registers."""
    return -(-n_samples // LANES) * LANES


def tile_memory(
    solving: Memory, layout: Sequence[ArrayLayout], read: Sequence[ArrayLayout], fit: Fit, shapes: tuple[int, ...]
) -> Memory:
    """Return what is alive in a tile whose `shapes` are its rows, its columns, and the samples of a block.

    `solving` is what the model takes beside samples and solved arrays; `layout` and `read` are its own arrays, and
    those of them that `apply` reads.
    """
    rows, cols, n_block = shapes
    tile_shape, n_outputs = (rows, cols), rows * cols
    others = Halo(0, fit.image_shape[0] - rows, 0, fit.image_shape[1] - cols)
    channels = 1 if fit.colour is Colour.GRAY else fit.channels
    kept = (
        Allocation("inputs by pixel", (fit.n_samples, channels, fit.n_pixels), fit.dtype),
        Allocation("targets by pixel", (fit.n_samples, channels, n_outputs), fit.dtype, fit.n_expressions),
        Allocation("sums of differences", (fit.channels, *tile_shape), "float64", fit.n_expressions),
    )
    gray_targets = Allocation("gray targets", (n_block, *tile_shape), fit.dtype, fit.n_expressions)
    adding = (
        *gray_versions(replace(fit, n_expressions=0), n_block, fit.image_shape),
        *((gray_targets,) if fit.colour is Colour.GRAY else ()),
    )
    solved = solved_arrays(layout, fit, tile_shape)
    finishing = (
        Allocation("weights of a tap", (fit.weight_channels, *tile_shape), "float64"),
        Allocation("a mean difference", (fit.channels, *tile_shape), "float64"),
    )
    while_solving = one_after_the_other((solving, Memory((), (Phase("finishing", finishing),)))).within(*solved)
    training = one_after_the_other((Memory((), (Phase("adding", adding),)), while_solving)).within(*kept)
    compared = compared_images(fit, tile_shape, n_block)
    at_once = compared.shape[0]
    measuring = (
        *solved,
        *prepared_arrays(read, fit, tile_shape),
        compared,
        Allocation("some of them as numbers", (at_once, fit.channels, *fit.image_shape), "float32"),
        replace(compared, name="outputs put together", dtype="float32", copies=1),
    )
    both = one_after_the_other((training, Memory((), (Phase("measuring", measuring),))))
    return both.within(_OBJECTS, *samples_read(fit, tile_shape, n_block, others))


def put_together(fit: Fit, tile_shape: tuple[int, int]) -> tuple[Allocation, ...]:
    """Return the arrays of `KeptSamples.vectors`."""
    channels, length = fit.colour.channels_per_fit(fit.channels), whole_registers(fit.n_samples)
    return (
        Allocation("inputs of a fit", (channels, fit.n_pixels, length), fit.dtype),
        Allocation("targets of a fit", (channels, math.prod(tile_shape), length), fit.dtype, fit.n_expressions),
    )
