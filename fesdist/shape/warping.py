"""A displacement says where each output pixel comes from; images are moved by it, a region at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.tiles import Region
from fesdist.shape.kernels import FLOAT_WEIGHTS, STEPS, WEIGHTS, move_bytes, move_floats
from fesdist.shape.many import FEWEST, TOGETHER, move_many

Array = NDArray[Any]

DISPLACEMENT = "displacement"
"""Name of the array of a version that has a shape: (axis, row, col) float32, as `Displacement.values`."""

DISPLACEMENTS_KEPT = 8
"""Of a job, on their grids, by each process."""

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
    """u on a grid over the image, (axis, row, col) float32 in pixels of the grid: rows down, then columns right."""
    image: tuple[int, int] | None = None
    """Rows and columns of the images that are moved; None if the grid has them."""

    @property
    def image_shape(self) -> tuple[int, int]:
        """Return (rows, cols) of the images that are moved."""
        return self.image or (self.values.shape[1], self.values.shape[2])

    def at(self, image_shape: tuple[int, int]) -> Displacement:
        """Return the displacement of images of another size: nothing is computed before pixels are asked for."""
        return Displacement(self.values, image_shape)

    def scaled(self, intensity: float) -> Displacement:
        """Return the displacement that goes `intensity` times as far."""
        return Displacement(self.values * np.float32(intensity), self.image)

    def mirrored(self) -> Displacement:
        """Return the displacement of images that are turned left to right."""
        turned = self.values[:, :, ::-1].copy()
        turned[1] *= -1
        return Displacement(turned, self.image)

    def over(self, region: Region) -> NDArray[np.float32]:
        """Return u at the pixels of a region, (axis, row, col) float32 in pixels of the image.

        Between pixels of the grid it is Keys's cubic with a = -1/2; the grid's edge goes on beyond it. Each pixel is
        computed by itself, so it has the same bits whatever the region.
        """
        grid = self.values.shape[1:]
        if grid == self.image_shape:
            return self.values[:, *region.slices]
        (rows, row_weights), (cols, col_weights) = (
            _between(own, length, range(*edges))
            for own, length, edges in zip(
                grid, self.image_shape, ((region.row0, region.row1), (region.col0, region.col1)), strict=True
            )
        )
        found = np.empty((2, *region.shape), np.float32)
        for axis, factor in enumerate(whole / own for whole, own in zip(self.image_shape, grid, strict=True)):
            plane = self.values[axis].astype(np.float64) * factor
            down = sum(weight[:, None] * plane[row] for row, weight in zip(rows, row_weights, strict=True))
            found[axis] = sum(down[:, col] * weight for col, weight in zip(cols, col_weights, strict=True))
        return found

    def positions(self, region: Region) -> Positions:
        """Return where the pixels of a region come from, found once for any number of images."""
        return Positions(*self.steps(region), self.image_shape)

    def moved(self, images: Array, region: Region, available: Region) -> Array:
        """Return what the output pixels of a region show of images; see `Positions.moved`."""
        return self.positions(region).moved(images, available)

    def applied(self, images: Array) -> Array:
        """Return whole images moved, (sample, channel, row, col) as `moved` takes them."""
        rows, cols = self.image_shape
        whole = Region(0, rows, 0, cols)
        return self.moved(images, whole, whole)

    def steps(self, region: Region) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return where the pixels of a region come from, in 64ths of a pixel: rows and columns, (i, j) int32."""
        steps = np.rint(self.over(region) * STEPS).astype(np.int32)
        steps[0] += STEPS * np.arange(region.row0, region.row1, dtype=np.int32)[:, None]
        steps[1] += STEPS * np.arange(region.col0, region.col1, dtype=np.int32)
        return steps[0], steps[1]


@dataclass(frozen=True)
class Positions:
    """Where the output pixels of a region come from: `down` and `right`, (i, j) int32, in 64ths of a pixel."""

    down: NDArray[np.int32]
    right: NDArray[np.int32]
    image_shape: tuple[int, int]

    @property
    def source(self) -> Region:
        """Return the input pixels from which the output pixels are interpolated."""
        rows, cols = self.image_shape
        row0, row1 = (int(edge) // STEPS for edge in (self.down.min(), self.down.max()))
        col0, col1 = (int(edge) // STEPS for edge in (self.right.min(), self.right.max()))
        # A pixel outside is the edge's, so there is one at least.
        return Region(
            min(max(row0 - 1, 0), rows - 1),
            max(min(row1 + 1 + _TAPS_BEYOND, rows), 1),
            min(max(col0 - 1, 0), cols - 1),
            max(min(col1 + 1 + _TAPS_BEYOND, cols), 1),
        )

    def moved(self, images: Array, available: Region) -> Array:
        """Return what the output pixels show of images: (sample, channel, row, col) of the region's shape.

        `images` are (sample, channel, row, col), uint8 or floating point, of the region `available`, which contains
        `source`; beyond the image its edge goes on. Bytes stay bytes, rounded to the nearest, and are the same
        whatever the region; positions are rounded to 64ths of a pixel.
        """
        return interpolated(images, self.down - available.row0 * STEPS, self.right - available.col0 * STEPS)


def _between(own: int, length: int, places: range) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the four of `own` grid points around some of `length` pixels, (point, pixel), and their weights."""
    at = (np.arange(places.start, places.stop) + 0.5) * (own / length) - 0.5
    first = np.floor(at)
    t = at - first
    points = np.clip(first.astype(np.int64) + np.arange(-1, 3)[:, None], 0, own - 1)
    weights = 0.5 * np.stack(
        [-t * (1 - t) ** 2, 2 - 5 * t**2 + 3 * t**3, t * (1 + 4 * t - 3 * t**2), -(t**2) * (1 - t)]
    )
    return points, weights


def interpolated(images: Array, down: NDArray[np.int32], right: NDArray[np.int32]) -> Array:
    """Return (sample, channel, i, j), images at positions: (i, j) int32, rows and columns in 64ths of a pixel.

    `images` are (sample, channel, row, col), uint8 or floating point; their edges go on beyond them. A view of images
    turned left to right is not copied where there are many.
    """
    turned = images.strides[-1] < 0
    # Kernels would be compiled a second time for arrays that are read-only.
    planes = np.require(images[..., ::-1] if turned else images, requirements=("C", "W")).reshape(-1, *images.shape[2:])
    outputs = np.empty((len(planes), *down.shape), images.dtype)
    for start in range(0, len(planes), TOGETHER):
        some = slice(start, start + TOGETHER)
        if images.dtype == np.uint8 and len(planes[some]) >= FEWEST:
            move_many(planes[some], turned, down, right, WEIGHTS.astype(np.int32), outputs[some])
            continue
        as_seen = np.ascontiguousarray(planes[some, :, ::-1]) if turned else planes[some]
        if images.dtype == np.uint8:
            move_bytes(as_seen, down, right, WEIGHTS, outputs[some])
        else:
            move_floats(as_seen, down, right, FLOAT_WEIGHTS, outputs[some])
    return outputs.reshape(*images.shape[:2], *down.shape)
