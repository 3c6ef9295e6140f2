"""A displacement says where each output pixel comes from; images are moved by it, a region at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.tiles import Region
from fesdist.shape.kernels import FLOAT_WEIGHTS, STEPS, WEIGHTS, move_bytes, move_floats

Array = NDArray[Any]

DISPLACEMENT = "displacement"
"""Name of the array of a version that has a shape: (axis, row, col) float32, as `Displacement.values`."""

LARGEST_REACH = 1 / 16
"""Of a displacement, for each pixel of the image's shorter side: what a tile reads around itself follows from it."""

_TAPS_BEYOND = 2
"""Pixels that the cubic needs beyond the position, on the far side; one on the near."""


def largest_reach(image_shape: tuple[int, int]) -> int:
    """Return how many pixels further than its own place an output pixel may read, the interpolation included.

    >>> largest_reach((512, 512))
    34
    """
    return int(np.ceil(min(image_shape) * LARGEST_REACH)) + _TAPS_BEYOND


@dataclass(frozen=True)
class Displacement:
    """Where pixels come from: output pixel p shows what the input has at p + u(p)."""

    values: NDArray[np.float32]
    """u, (axis, row, col) float32 in pixels: rows down, then columns to the right."""

    @property
    def image_shape(self) -> tuple[int, int]:
        """Return (rows, cols)."""
        return self.values.shape[1], self.values.shape[2]

    def scaled(self, intensity: float) -> Displacement:
        """Return the displacement that goes `intensity` times as far."""
        return Displacement(self.values * np.float32(intensity))

    def mirrored(self) -> Displacement:
        """Return the displacement of images that are turned left to right."""
        turned = self.values[:, :, ::-1].copy()
        turned[1] *= -1
        return Displacement(turned)

    def source(self, region: Region) -> Region:
        """Return the input pixels from which the output pixels of a region are interpolated."""
        rows, cols = self.image_shape
        down, right = self._steps(region)
        row0, row1 = (int(edge) // STEPS for edge in (down.min(), down.max()))
        col0, col1 = (int(edge) // STEPS for edge in (right.min(), right.max()))
        # A pixel outside is the edge's, so there is one at least.
        return Region(
            min(max(row0 - 1, 0), rows - 1),
            max(min(row1 + 1 + _TAPS_BEYOND, rows), 1),
            min(max(col0 - 1, 0), cols - 1),
            max(min(col1 + 1 + _TAPS_BEYOND, cols), 1),
        )

    def moved(self, images: Array, region: Region, available: Region) -> Array:
        """Return what the output pixels of a region show of images: (sample, channel, row, col) of the region's shape.

        `images` are (sample, channel, row, col), uint8 or floating point, of the region `available`, which contains
        `source(region)`; beyond the image its edge goes on. Bytes stay bytes, rounded to the nearest, and are the same
        whatever the region; positions are rounded to 64ths of a pixel.
        """
        down, right = self._steps(region)
        return interpolated(images, down - available.row0 * STEPS, right - available.col0 * STEPS)

    def applied(self, images: Array) -> Array:
        """Return whole images moved, (sample, channel, row, col) as `moved` takes them."""
        rows, cols = self.image_shape
        whole = Region(0, rows, 0, cols)
        return self.moved(images, whole, whole)

    def _steps(self, region: Region) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        return positions(self.values[:, *region.slices], region)


def positions(values: Array, region: Region) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return where the pixels of a region come from, in 64ths of a pixel: rows and columns, (i, j) int32.

    `values` are their displacements, (axis, row, col) in pixels.
    """
    steps = np.rint(values * STEPS).astype(np.int32)
    steps[0] += STEPS * np.arange(region.row0, region.row1, dtype=np.int32)[:, None]
    steps[1] += STEPS * np.arange(region.col0, region.col1, dtype=np.int32)
    return steps[0], steps[1]


def interpolated(images: Array, down: NDArray[np.int32], right: NDArray[np.int32]) -> Array:
    """Return (sample, channel, i, j), images at positions: (i, j) int32, rows and columns in 64ths of a pixel.

    `images` are (sample, channel, row, col), uint8 or floating point; their edges go on beyond them.
    """
    planes = np.ascontiguousarray(images).reshape(-1, *images.shape[2:])
    outputs = np.empty((len(planes), *down.shape), images.dtype)
    if images.dtype == np.uint8:
        move_bytes(planes, down, right, WEIGHTS, outputs)
    else:
        move_floats(planes, down, right, FLOAT_WEIGHTS, outputs)
    return outputs.reshape(*images.shape[:2], *down.shape)
