"""What a model changes in its image of a face, brought back to the photograph that the face was cut out of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.align.crop import steps_of
from fesdist.align.frame import Placement
from fesdist.ground.gaussian import smoothed
from fesdist.ground.tiles import Region
from fesdist.shape.warping import Displacement, interpolated

FEATHER = 1 / 8
"""Of the frame's shorter side: over so much from its border inwards a change grows from nothing to all."""

_STRIP_PIXELS = 1 << 15
"""Pixels that are in floating point at a time: they stay in the cache."""

_TAPS = 3
"""Pixels that the cubic reads beyond a position, and rounding."""


def put_back(
    photograph: NDArray[Any],
    placement: Placement,
    change: NDArray[np.float32],
    displacement: Displacement | None = None,
) -> None:
    """Change a photograph in the frame of one face; outside the frame it stays what it was, bit for bit.

    q(z) = p(z + f A u(w)) + f d(w) at each pixel z of the frame, with w its place in the model's image: p is the
    photograph, d the change, u the displacement in pixels of the model, or 0, A u where it leads in the photograph, and
    f grows from 0 at the frame's border to 1 inside. All are interpolated by the cubic of `fesdist.shape.kernels`, so
    pores and hair stay as they were photographed.

    `photograph` is (channel, row, col) uint8 or uint16 with as many channels as `change`, (channel, row, col) float32
    in units of the largest value.
    """
    channels, *sides = change.shape
    shape, largest = (sides[0], sides[1]), np.iinfo(photograph.dtype).max
    learned = _smoothed(change, placement)
    if displacement is not None:
        learned = np.concatenate([learned, displacement.over(Region(0, shape[0], 0, shape[1]))])
    touched = _touched(learned, placement, photograph.shape[1:])
    if touched is None:
        return
    reach = 0.0
    if displacement is not None:
        reach = float(np.hypot(*placement.in_photograph(*learned[channels:][::-1])).max())
    around = _grown(touched, math.ceil(reach) + _TAPS, photograph.shape[1:])
    before = photograph[:, *around.slices].copy()
    # The kernels take bytes or floating point.
    moving = before if displacement is None or largest == 255 else before.astype(np.float32)
    step = max(1, _STRIP_PIXELS // touched.shape[1])
    for row in range(touched.row0, touched.row1, step):
        strip = Region(row, min(row + step, touched.row1), touched.col0, touched.col1)
        rows, cols = strip.slices
        y, x = np.arange(rows.start, rows.stop)[:, None] + 0.5, np.arange(cols.start, cols.stop) + 0.5
        model_x, model_y = placement.in_model(x, y)
        weight = _feather(model_x, model_y, shape)
        faded = interpolated(learned[None], steps_of(model_y), steps_of(model_x))[0]
        faded *= weight
        if displacement is None:
            base = photograph[:, rows, cols]
        else:
            down, right = faded[channels:]
            to_the_right, downwards = placement.in_photograph(right, down)
            places = steps_of(y - around.row0 + downwards), steps_of(x - around.col0 + to_the_right)
            base = interpolated(moving[None], *places)[0]
        added = faded[:channels]
        added *= largest
        added += base
        photograph[:, rows, cols] = np.rint(np.clip(added, 0, largest, out=added))


def _touched(learned: NDArray[np.float32], placement: Placement, photograph: tuple[int, ...]) -> Region | None:
    """Return the part of a photograph, (rows, cols), in which something changes; None if nothing does."""
    rows, cols = (np.flatnonzero(learned.any(axis=axes)) for axes in ((0, 2), (0, 1)))
    if not rows.size:
        return None
    row0, row1, col0, col1 = rows[0] - _TAPS, rows[-1] + 1 + _TAPS, cols[0] - _TAPS, cols[-1] + 1 + _TAPS
    row0, row1 = max(row0, 0), min(row1, learned.shape[1])
    col0, col1 = max(col0, 0), min(col1, learned.shape[2])
    first = placement.across * col0 + placement.down * row0 + placement.shift
    part, (height, width) = Placement(placement.across, placement.down, first), photograph
    corners = part.corners((row1 - row0, col1 - col0))
    seen = Region(
        max(0, math.floor(corners.imag.min())),
        min(height, math.ceil(corners.imag.max())),
        max(0, math.floor(corners.real.min())),
        min(width, math.ceil(corners.real.max())),
    )
    return seen if seen.row0 < seen.row1 and seen.col0 < seen.col1 else None


def _grown(region: Region, by: int, photograph: tuple[int, ...]) -> Region:
    rows, cols = photograph
    return Region(
        max(0, region.row0 - by), min(rows, region.row1 + by), max(0, region.col0 - by), min(cols, region.col1 + by)
    )


def _feather(x: NDArray[np.float64], y: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return f at places of the model's image: a smooth step of the distance to its border, 0 outside."""
    rows, cols = shape
    inside = np.minimum(np.minimum(x, cols - x), np.minimum(y, rows - y))
    t = np.clip(inside / (FEATHER * min(shape)), 0, 1).astype(np.float32)
    return np.asarray(t * t * (3 - 2 * t))


def _smoothed(change: NDArray[np.float32], placement: Placement) -> NDArray[np.float32]:
    """Return a change without what a photograph cannot show whose pixels are larger than the model's, along each axis.

    A stretched face may have larger ones along one axis only.
    """
    scales = [min(1.0, abs(step)) for step in (placement.down, placement.across)]
    if min(scales) == 1:
        return change
    return np.asarray(smoothed(change, (0, *(0.5 * math.sqrt(1 / scale**2 - 1) for scale in scales))))
