"""Windows applied: every output pixel is its bias plus its own weights times the pixels around it, in float32.

Sums are bound by what is loaded, not by products: a pixel is loaded once for two output rows, and a weight once for
three planes. A strip of rows of all planes becomes float32 with its zeros around it, which stays in the second cache;
the weights of a few registers of pixels are laid in the order in which they are read, which stays in the first.
Full windows are done by `squares`, where the CPU shifts registers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.families.windowed.kernels.strips import (
    STRIP,
    empty_strip,
    empty_weights,
    fill_strip,
    order_weights,
    put,
    strip_shape,
)
from fesdist.ground.receptive_field import Field, halo_of
from fesdist.simd.kernel import kernel
from fesdist.simd.lanes import LANES, load, multiply_add

Array = NDArray[Any]

_WEIGHT_BYTES = 12 << 10
"""Of weights that are laid in order at a time."""

_UPPER, _LOWER, _BOTH = 0, 1, 2


class Steps(NamedTuple):
    """The order in which a pair of output rows reads its inputs: row after row, each pixel for one row or for both.

    Every output pixel adds its products up in the order of its taps, whichever row of a pair it is in.
    """

    places: Array
    """(step, 2) int64: row and column of the input pixel, counted from the first that the pair's first pixel needs."""
    runs: Array
    """(run, 3) int64: first step, step after the last, and which rows they are for."""
    order: Array
    """(weight, 2) int64: tap and row of the pair, as weights are read; first those of the two biases, a tap of -1."""
    span: tuple[int, int]
    """Rows and columns that a window has beyond its first."""


@lru_cache(maxsize=64)
def steps_of(field: Field) -> Steps:
    """Return the steps of a receptive field, which is in row-major order."""
    halo = halo_of(field)
    taps = {(drow + halo.top, dcol + halo.left): tap for tap, (drow, dcol) in enumerate(field)}
    places = sorted(taps.keys() | {(row + 1, col) for row, col in taps})
    runs: list[list[int]] = []
    order = [(-1, 0), (-1, 1)]
    for step, (row, col) in enumerate(places):
        readers = [(taps[place], lower) for lower in (0, 1) if (place := (row - lower, col)) in taps]
        order += readers
        kind = _BOTH if len(readers) == 2 else readers[0][1]
        if runs and runs[-1][2] == kind:
            runs[-1][1] = step + 1
        else:
            runs.append([step, step + 1, kind])
    span = halo.top + halo.bottom, halo.left + halo.right
    return Steps(np.array(places, np.int64), np.array(runs, np.int64), np.array(order, np.int64), span)


def apply_windows(
    images: Array, first: tuple[int, int], steps: Steps, windows: tuple[Array, Array], clip: bool, outputs: Array
) -> None:
    """Set outputs[.., row, col] = bias[row, col] + Σ_tap weights[tap, row, col] × images[.., row + drow, col + dcol].

    `images` are (sample, channel, row, col) uint8, which stand for 0..1, or float32, with 0 beyond their edges; `first`
    is where in them the first pixel lies that output pixel (0, 0) needs, 0 or negative. `windows` are `weights` (tap,
    row, col) and `bias` (row, col), float32, C-contiguous. `outputs` are (sample, channel, row, col) float32; with
    `clip` they are clipped to 0..1. In images and outputs the pixels of a row lie side by side.
    """
    scale = np.float32(1 / 255 if images.dtype == np.uint8 else 1)
    shape = strip_shape(images.shape[0] * images.shape[1], outputs.shape[2:], steps.span)
    registers = max(1, _WEIGHT_BYTES // (4 * len(steps.order) * LANES))
    room = empty_strip(shape), empty_weights(registers * len(steps.order) * LANES)
    _apply(images, (first, scale), steps, windows, room, clip, outputs)


@kernel
def _apply(
    images: Array,
    reading: tuple[tuple[int, int], np.float32],
    steps: Steps,
    windows: tuple[Array, Array],
    room: tuple[tuple[Array, tuple[int, int, int]], Array],
    clip: bool,
    outputs: Array,
) -> None:
    (first, scale), ((strip, shape), ordered) = reading, room
    planes, height, stride = shape
    _, channels, rows, cols = outputs.shape
    shifts = steps.places[:, 0] * stride + steps.places[:, 1]
    of_register = len(steps.order) * LANES
    width = len(ordered) // of_register * LANES
    for top in range(0, rows, STRIP):
        fill_strip(images, (first[0] + top, first[1]), scale, strip, shape)
        for row in range(top, min(top + STRIP, rows), 2):
            pair = row, min(row + 1, rows - 1)
            for left in range(0, cols, width):
                right = min(left + width, cols)
                order_weights(windows, steps.order, pair, left, right, ordered)
                for plane in range(0, planes, 3):
                    # Where fewer than three planes are left, the last is computed again, with the same result.
                    k1, k2 = min(plane + 1, planes - 1), min(plane + 2, planes - 1)
                    out0, out1, out2 = (
                        outputs[plane // channels, plane % channels],
                        outputs[k1 // channels, k1 % channels],
                        outputs[k2 // channels, k2 % channels],
                    )
                    base, size, weight = (row - top) * stride + left, height * stride, 0
                    at0, at1, at2 = base + plane * size, base + k1 * size, base + k2 * size
                    for col in range(left, right, LANES):
                        a0 = a1 = a2 = load(ordered, weight)
                        b0 = b1 = b2 = load(ordered, weight + LANES)
                        of_step = weight + 2 * LANES
                        for run in range(len(steps.runs)):
                            start, stop, rows_read = steps.runs[run]
                            if rows_read == _BOTH:
                                for step in range(start, stop):
                                    shift = shifts[step]
                                    w, v = load(ordered, of_step), load(ordered, of_step + LANES)
                                    of_step += 2 * LANES
                                    x = load(strip, at0 + shift)
                                    a0, b0 = multiply_add(a0, w, x), multiply_add(b0, v, x)
                                    x = load(strip, at1 + shift)
                                    a1, b1 = multiply_add(a1, w, x), multiply_add(b1, v, x)
                                    x = load(strip, at2 + shift)
                                    a2, b2 = multiply_add(a2, w, x), multiply_add(b2, v, x)
                            elif rows_read == _UPPER:
                                for step in range(start, stop):
                                    shift, w = shifts[step], load(ordered, of_step)
                                    of_step += LANES
                                    a0 = multiply_add(a0, w, load(strip, at0 + shift))
                                    a1 = multiply_add(a1, w, load(strip, at1 + shift))
                                    a2 = multiply_add(a2, w, load(strip, at2 + shift))
                            else:
                                for step in range(start, stop):
                                    shift, v = shifts[step], load(ordered, of_step)
                                    of_step += LANES
                                    b0 = multiply_add(b0, v, load(strip, at0 + shift))
                                    b1 = multiply_add(b1, v, load(strip, at1 + shift))
                                    b2 = multiply_add(b2, v, load(strip, at2 + shift))
                        put(out0, pair, col, (a0, b0), clip)
                        put(out1, pair, col, (a1, b1), clip)
                        put(out2, pair, col, (a2, b2), clip)
                        at0, at1, at2 = at0 + LANES, at1 + LANES, at2 + LANES
                        weight += of_register
