"""How much of a model's change each pixel gets: smooth maps, made at 256 to 511 pixels and stretched over the image.

Disk and blur grow with the image, so finer maps would say no more, and cost the cube of its side. What they are made
from is read a band of rows at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.gaussian import smoothed
from fesdist.ground.refinement import Map

Rows = Callable[[slice], NDArray[Any]]
"""Returns some rows of what is known of an image, (weight channel, row, col), floating point."""

SMALLEST_BLUR = 1.5
"""Standard deviation, in pixels, of the blur of what is learned, where images are small."""

DISK_PER_SIDE = 1 / 32
"""Radius of the dilating disk for each pixel of the image's shorter side: 4 pixels at 128, 64 at 2048."""
BLUR_PER_SIDE = 1 / 64
"""Standard deviation of the Gaussian blur, likewise: 2 pixels at 128, 32 at 2048."""

LEAST_SIDE = 256
"""Of the shorter side of a map as it is made, unless the image is smaller."""

BAND = 64
"""Rows that are read at a time."""


@dataclass(frozen=True)
class CoarseMap:
    """A map with a value for each square of `factor` x `factor` pixels."""

    values: Map
    """(weight channel, row of squares, column of squares)."""
    factor: int
    shape: tuple[int, int]
    """Rows and columns of the image."""

    def rows(self, part: slice) -> Map:
        """Return some rows of the map of the whole image, (weight channel, row, col), linear between squares."""
        if self.factor == 1:
            return self.values[:, part]
        above, below, down = _between(np.arange(part.start, part.stop), self.factor, self.values.shape[1])
        left, right, across = _between(np.arange(self.shape[1]), self.factor, self.values.shape[2])
        upper, lower = self.values[:, above], self.values[:, below]
        along = upper + down[:, None] * (lower - upper)
        before, after = along[..., left], along[..., right]
        return np.asarray(before + across * (after - before), np.float32)

    def whole(self) -> Map:
        """Return the map of the whole image."""
        return self.rows(slice(0, self.shape[0]))


def alpha_map(norm: NDArray[Any]) -> Map:
    """Return the map of `papers_alpha`, (weight channel, row, col) float32 in [0, 1], of norms in memory."""
    return papers_alpha(lambda rows: norm[:, rows], norm.shape).whole()


def papers_alpha(norm: Rows, shape: tuple[int, ...]) -> CoarseMap:
    """Return alpha of equation 17 of Khan et al. 2020, in [0, 1].

    From s, the l1 norm of each pixel's receptive field with its bias: z = |s - mean s| / std s; dilated with a
    disk; rescaled to [0, 1]; 1 / (1 + exp(-10 (z - 0.2))); rescaled; blurred. `norm` is s, of the `shape` (weight
    channel, row, col); each channel is treated by itself. Where norms do not differ nothing stands out, and alpha is 1:
    the model's output as it is.
    """
    channels, rows, cols = shape
    factor, n_pixels = _factor(rows, cols), rows * cols
    mean = sum(norm(band).sum(axis=(1, 2), dtype=np.float64) for band in _bands(rows)) / n_pixels
    coarse = np.empty((channels, -(-rows // factor), -(-cols // factor)), np.float32)
    squares = np.zeros(channels)
    for band in _bands(rows):
        away = np.abs(norm(band) - mean[:, None, None])
        squares += np.einsum("crk,crk->c", away, away)
        coarse[:, band.start // factor : -(-band.stop // factor)] = _pooled(away, factor, np.maximum)
    # Equal norms differ by rounding; dividing that by its own deviation would make a map of noise.
    deviation = np.sqrt(squares / n_pixels)
    scale = np.divide(1, deviation, out=np.zeros(channels), where=deviation > 1e-9 * np.abs(mean))
    for channel in range(channels):
        coarse[channel] = _standing_out(coarse[channel] * np.float32(scale[channel]), min(rows, cols) / factor)
    return CoarseMap(coarse, factor, (rows, cols))


def learned_alpha(agreement: Rows, change: Rows, shape: tuple[int, ...]) -> CoarseMap:
    """Return the alpha that makes refined outputs best for people left out, in [0, 1].

    With x, t and y the inputs, targets and outputs, Σ (t - x - alpha (y - x))² is smallest at
    alpha = Σ (t - x)(y - x) / Σ (y - x)². `agreement` and `change` are these sums, of the `shape` (weight channel, row,
    col), 0 where a pixel was not judged; both are blurred, so that a pixel is judged with those around it, and alpha
    is clipped to [0, 1]. Where nothing changes, and where nobody was left out, alpha is 1.
    """
    channels, rows, cols = shape
    factor = _factor(rows, cols)
    sigma = max(SMALLEST_BLUR, min(rows, cols) * BLUR_PER_SIDE / factor)
    sums = np.empty((2, channels, -(-rows // factor), -(-cols // factor)))
    for band in _bands(rows):
        for number, known in enumerate((agreement, change)):
            here = slice(band.start // factor, -(-band.stop // factor))
            sums[number, :, here] = _pooled(known(band).astype(np.float64), factor, np.add)
    alpha = np.ones(sums.shape[1:], np.float32)
    for channel in range(channels):
        around, below = (smoothed(of_all[channel], sigma) for of_all in sums)
        np.divide(around, below, out=alpha[channel], where=below > 0, casting="same_kind")
    return CoarseMap(np.clip(alpha, 0, 1, out=alpha), factor, (rows, cols))


def _factor(rows: int, cols: int) -> int:
    """Return the power of two that leaves `LEAST_SIDE` pixels or more: bands are whole squares.

    >>> _factor(128, 100), _factor(511, 600), _factor(512, 600), _factor(2048, 2048)
    (1, 1, 2, 8)
    """
    return 1 << max(0, (min(rows, cols) // LEAST_SIDE).bit_length() - 1)


def _bands(rows: int) -> Iterator[slice]:
    height = max(BAND, _factor(rows, rows))
    return (slice(row, min(row + height, rows)) for row in range(0, rows, height))


def _pooled(values: NDArray[np.float64], factor: int, ufunc: np.ufunc) -> NDArray[np.float64]:
    """Return what `ufunc` makes of each square, those at the edges being smaller; the values themselves for 1."""
    if factor == 1:
        return values
    # Of whole lines, which takes a fifth of the time of `reduceat`, as that reduces square by square.
    for axis in (1, 2):
        lines = np.moveaxis(values, axis, 0)
        pooled = lines[::factor].copy(order="K")
        for line in range(1, factor):
            further = lines[line::factor]
            ufunc(pooled[: len(further)], further, out=pooled[: len(further)])
        values = np.moveaxis(pooled, 0, axis)
    return values


def _between(
    places: NDArray[np.int64], factor: int, n_squares: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], Map]:
    """Return the squares before and after each pixel's centre, and how far it is on the way, (pixel,)."""
    at = np.clip((places + 0.5) / factor - 0.5, 0, n_squares - 1)
    before = at.astype(np.int64)
    return before, np.minimum(before + 1, n_squares - 1), (at - before).astype(np.float32)


def _standing_out(z: Map, side: float) -> Map:
    z = _rescaled(_dilated(z, max(1, round(side * DISK_PER_SIDE))))
    z -= np.float32(0.2)
    z *= np.float32(-10)
    np.exp(z, out=z)
    z += np.float32(1)
    np.reciprocal(z, out=z)
    blurred: Map = smoothed(_rescaled(z), side * BLUR_PER_SIDE)
    return np.clip(blurred, 0, 1, out=blurred)


def _rescaled(values: Map) -> Map:
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.ones_like(values)


def _dilated(values: Map, radius: int) -> Map:
    """Return the maximum of non-negative `values` within `radius` pixels of each.

    A disk is a stack of horizontal bars. The maximum over a bar is that of two overlapping windows whose width is a
    power of two, and those windows double as the bars get longer from the disk's edge to its middle.
    """
    rows, cols = values.shape
    windows, width = np.pad(values, ((0, 0), (radius, radius))), 1
    dilated = np.zeros_like(values)
    for drow in range(radius, -1, -1):
        reach = math.isqrt(radius**2 - drow**2)
        while 2 * width <= 2 * reach + 1:
            windows, width = np.maximum(windows[:, :-width], windows[:, width:]), 2 * width
        first, last = radius - reach, radius + reach + 1 - width
        bars = np.maximum(windows[:, first : first + cols], windows[:, last : last + cols])
        if drow < rows:
            np.maximum(dilated[drow:], bars[: rows - drow], out=dilated[drow:])
            np.maximum(dilated[: rows - drow], bars[drow:], out=dilated[: rows - drow])
    return dilated
