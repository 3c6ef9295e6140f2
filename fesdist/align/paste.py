"""What a model changes in its image of a face, brought back to the photograph that the face was cut out of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from fesdist.align.crop import steps_of
from fesdist.align.frame import Placement
from fesdist.ground.tiles import Region
from fesdist.shape.warping import Displacement, interpolated

FEATHER = 1 / 8
"""Of the frame's shorter side: over so much from its border inwards a change grows from nothing to all."""

_STRIP_PIXELS = 1 << 19
"""Pixels that are in floating point at a time, so that a large face needs little more than its photograph."""


def put_back(
    photograph: NDArray[Any],
    placement: Placement,
    change: NDArray[np.float32],
    displacement: Displacement | None = None,
) -> None:
    """Change a photograph in the frame of one face; outside the frame it stays what it was, bit for bit.

    q(z) = p(z + f turn u(w)) + f d(w) at each pixel z of the frame, with w its place in the model's image: p is the
    photograph, d the change, u the displacement in pixels of the model, or 0, and f grows from 0 at the frame's border
    to 1 inside. All are interpolated by the cubic of `fesdist.shape.kernels`, so pores and hair stay as they were
    photographed.

    `photograph` is (channel, row, col) uint8 or uint16 with as many channels as `change`, (channel, row, col) float32
    in units of the largest value.
    """
    shape = change.shape[1], change.shape[2]
    largest = np.iinfo(photograph.dtype).max
    change = _smoothed(change, placement.scale)
    moves = None if displacement is None else displacement.over(Region(0, shape[0], 0, shape[1]))
    strips = _strips(placement, shape, photograph.shape[1:])
    if not strips:
        return
    # What is moved comes from within the frame, as displacements fade towards its border.
    whole = Region(strips[0].row0, strips[-1].row1, strips[0].col0, strips[0].col1)
    before = photograph[:, *whole.slices].copy()
    # The kernels take bytes or floating point.
    moving = before if moves is None or largest == 255 else before.astype(np.float32)
    for strip in strips:
        rows, cols = strip.slices
        y, x = np.arange(rows.start, rows.stop)[:, None], np.arange(cols.start, cols.stop)
        model_x, model_y = placement.in_model(x + 0.5, y + 0.5)
        weight = _feather(model_x, model_y, shape)
        if not weight.any():
            continue
        down, right = steps_of(model_y), steps_of(model_x)
        base = before[:, rows.start - whole.row0 : rows.stop - whole.row0]
        if moves is not None:
            u = weight * interpolated(moves[None], down, right)[0]
            to_the_right = placement.turn.real * u[1] - placement.turn.imag * u[0]
            downwards = placement.turn.imag * u[1] + placement.turn.real * u[0]
            (base,) = interpolated(
                moving[None],
                steps_of(y + 0.5 - whole.row0 + downwards),
                steps_of(x + 0.5 - whole.col0 + to_the_right),
            )
        added = interpolated(change[None], down, right)[0] * (weight * np.float32(largest))
        photograph[:, rows, cols] = np.rint(np.clip(base + added, 0, largest))


def _strips(placement: Placement, shape: tuple[int, int], photograph: tuple[int, ...]) -> list[Region]:
    """Return the part of the photograph with the frame in it, cut into strips of rows."""
    corners, (height, width) = placement.corners(shape), photograph
    row0, row1 = max(0, math.floor(corners.imag.min())), min(height, math.ceil(corners.imag.max()))
    col0, col1 = max(0, math.floor(corners.real.min())), min(width, math.ceil(corners.real.max()))
    if row0 >= row1 or col0 >= col1:
        return []
    step = max(1, _STRIP_PIXELS // (col1 - col0))
    return [Region(start, min(start + step, row1), col0, col1) for start in range(row0, row1, step)]


def _feather(x: NDArray[np.float64], y: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return f at places of the model's image: a smooth step of the distance to its border, 0 outside."""
    rows, cols = shape
    inside = np.minimum(np.minimum(x, cols - x), np.minimum(y, rows - y))
    t = np.clip(inside / (FEATHER * min(shape)), 0, 1).astype(np.float32)
    return np.asarray(t * t * (3 - 2 * t))


def _smoothed(change: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    """Return a change without what a photograph cannot show whose pixels are larger than the model's."""
    if scale >= 1:
        return change
    sigma = 0.5 * math.sqrt(1 / scale**2 - 1)
    return np.asarray(gaussian_filter(change, (0, sigma, sigma), mode="nearest"))
