"""The model's image of a face: cut out of a photograph by an affine map, without aliasing, in exact integers."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fesdist.align.frame import Placement
from fesdist.shape.kernels import STEPS
from fesdist.shape.warping import interpolated

_MARGIN = 4
"""Pixels that the cubic reads beyond the outermost position, and rounding."""
_LARGEST_STEP = 1
"""Pixels of the photograph to one of the model, along both axes, from which on it is reduced before it is sampled."""
_STRIP_SAMPLES = 1 << 19
"""Dense samples at a time: each takes some 40 bytes while its place is computed."""


def crop(photograph: NDArray[np.uint8], placement: Placement, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a face as the model sees it, (channel, *shape) uint8.

    `photograph` is (channel, row, col) uint8, whose edge goes on beyond it. Where a pixel of the model covers many of
    the photograph's it is their mean: whole numbers of pixels are averaged first, then the cubic of
    `fesdist.shape.kernels` is sampled at least once a pixel, and the samples of each output are averaged. Integers
    throughout.
    """
    part, placed = _part(photograph, placement, shape)
    (rows, cols), dense = shape, max(1, math.ceil(placed.scale))
    result = np.empty((len(photograph), rows, cols), np.uint8)
    strip_rows = max(1, _STRIP_SAMPLES // (dense * dense * cols))
    # The centres of the dense samples, in pixels of the model.
    across = (np.arange(dense * cols) + 0.5) / dense
    for row0 in range(0, rows, strip_rows):
        row1 = min(row0 + strip_rows, rows)
        down = (np.arange(dense * row0, dense * row1)[:, None] + 0.5) / dense
        x, y = placed.in_photograph(across, down)
        places = steps_of(y + placed.shift.imag), steps_of(x + placed.shift.real)
        result[:, row0:row1] = _means(interpolated(part[None], *places)[0], dense)
    return result


def steps_of(places: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return places along an axis, where pixel i covers [i, i + 1), as `interpolated` takes them."""
    # Far outside is the edge all the same, and fits 32 bits.
    return np.asarray(np.rint(np.clip((places - 0.5) * STEPS, -(2**30), 2**30)), np.int32)


def _part(
    photograph: NDArray[np.uint8], placement: Placement, shape: tuple[int, int]
) -> tuple[NDArray[np.uint8], Placement]:
    """Return what a crop needs of the photograph, reduced by a whole number, and the placement in it."""
    _, height, width = photograph.shape
    corners = placement.corners(shape)
    # By no more than the direction in which the face is reduced least has room for: reduced further, it would blur.
    least = min(abs(placement.across), abs(placement.down))
    factor = max(1, math.floor(least / _LARGEST_STEP))
    left, right = _range(corners.real, width, factor)
    top, bottom = _range(corners.imag, height, factor)
    part = photograph[:, top:bottom, left:right]
    if factor > 1:
        part = np.stack([np.asarray(Image.fromarray(plane).reduce(factor)) for plane in part])
    return part, placement.reduced(factor, left, top)


def _range(places: NDArray[np.float64], length: int, factor: int) -> tuple[int, int]:
    """Return the pixels around places along an axis of `length` pixels, at least one of them."""
    first = math.floor(places.min()) - _MARGIN * factor
    last = math.ceil(places.max()) + _MARGIN * factor
    first = min(max(first, 0), length - 1)
    return first, min(max(last, first + 1), length)


def _means(samples: NDArray[np.uint8], dense: int) -> NDArray[np.uint8]:
    """Return the means of squares of `dense` x `dense` samples, rounded to the nearest."""
    if dense == 1:
        return samples
    channels, rows, cols = samples.shape
    totals = np.zeros((channels, rows // dense, cols // dense), np.uint32)
    # One of each square at a time: numpy's own sum over the squares takes five times as long.
    for row, col in product(range(dense), repeat=2):
        totals += samples[:, row::dense, col::dense]
    count = dense * dense
    means: NDArray[np.uint8] = ((2 * totals + count) // (2 * count)).astype(np.uint8)
    return means
