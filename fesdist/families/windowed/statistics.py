"""Running sums of a tile, kept in blocks so small that what is packed for a pass stays in the processor's cache."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fesdist.families.common.blocks import checked_block
from fesdist.families.common.layout import Array
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.windowed.sums import WindowSums
from fesdist.ground.receptive_field import Offset, halo_of
from fesdist.ground.tiles import Region, Tile, TileGrid

BLOCK = 64
"""Rows and columns of a block: the cost of a pixel is then the same in tiles of any size."""


@dataclass(frozen=True)
class Block:
    """A part of a tile's pixels with sums of its own."""

    own: tuple[slice, slice]
    """Its pixels in arrays of the tile's targets."""
    inputs: tuple[slice, slice]
    """Its pixels and their halo in arrays of the tile's inputs."""
    sums: WindowSums


class WindowStatistics:
    """Sums over the samples of a tile; integers, and so exact in any order, for uint8. See `WindowSums`."""

    def __init__(
        self, problem: TileProblem, offsets: tuple[Offset, ...], dtype: np.dtype[Any], *, squares: bool = False
    ) -> None:
        self.problem = problem
        self.dtype = dtype
        self.n_samples = 0
        tile, halo, padding = problem.tile.region, halo_of(offsets), problem.padding
        self._inputs = Region(
            tile.row0 - halo.top + padding.top,
            tile.row1 + halo.bottom - padding.bottom,
            tile.col0 - halo.left + padding.left,
            tile.col1 + halo.right - padding.right,
        )
        self.blocks = []
        for part in TileGrid(tile.shape, (BLOCK, BLOCK)):
            region = part.region.shifted(tile.row0, tile.col0)
            inputs, padding = halo.among(region, self._inputs)
            of_block = replace(problem, tile=Tile(problem.tile.index, region), padding=padding)
            sums = WindowSums(of_block, offsets, dtype, squares=squares)
            self.blocks.append(Block(region.within(tile), inputs.within(self._inputs), sums))

    def add(self, samples: Samples) -> None:
        """Add samples; see `Gathered.add`."""
        images = checked_block(self.problem, self.dtype, self._inputs.shape, samples)
        inputs, *after = (_with_whole_rows(array) for array in images)
        for block in self.blocks:
            block.sums.add([inputs[..., *block.inputs], *(array[..., *block.own] for array in after)])
        self.n_samples += len(samples)


def _with_whole_rows(images: Array) -> Array:
    """Return the images with the pixels of each row side by side in memory, as kernels read them; rarely a copy."""
    return images if images.strides[-1] == images.itemsize else np.ascontiguousarray(images)
