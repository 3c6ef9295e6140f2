"""A block of pixels with its halo as one line, row after row, so that displacements are shifts along the line."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.layout import Array
from fesdist.families.windowed.kernels.packing import SLACK
from fesdist.ground.receptive_field import Field, Offset, displacements, halo_of


class FlatBlock:
    """Where the pixels of a block are in its line; made once for a shape (row, col) and a receptive field."""

    def __init__(self, shape: tuple[int, int], field: Field) -> None:
        halo = halo_of(field)
        rows, cols = shape
        self.shape = shape
        self.padded_shape = rows + halo.top + halo.bottom, cols + halo.left + halo.right
        self.stride = self.padded_shape[1]
        self.origin = halo.top * self.stride + halo.left
        """Position of the block's own first pixel."""
        self.n_inputs = self.padded_shape[0] * self.stride
        self.stop = self.origin + (rows - 1) * self.stride + cols
        """Position after the block's own last pixel."""
        self.tap_shifts = self.shifts(field)
        self.tap_starts = self.tap_shifts + self.origin
        """Positions that the taps of the first pixel read."""
        self.plane_shifts = self.shifts(displacements(field))
        self.length = self.n_inputs + int(self.plane_shifts[-1]) + SLACK

    def shifts(self, offsets: Sequence[Offset]) -> NDArray[np.int64]:
        return np.array([drow * self.stride + dcol for drow, dcol in offsets], dtype=np.int64)

    def image(self, line: Array) -> Array:
        """Return the block's own pixels (..., row, col) of lines (..., length), without copying."""
        rows, cols = self.shape
        own = line[..., self.origin : self.origin + rows * self.stride]
        return own.reshape(*line.shape[:-1], rows, self.stride)[..., :cols]

    def padded_image(self, line: Array) -> Array:
        """Return the pixels of the block and its halo (..., row, col) of lines (..., length), without copying."""
        return line[..., : self.n_inputs].reshape(*line.shape[:-1], *self.padded_shape)


@lru_cache(maxsize=256)
def flat_block(shape: tuple[int, int], field: Field) -> FlatBlock:
    """Return the line of a block; the same object for the same arguments."""
    return FlatBlock(shape, field)
