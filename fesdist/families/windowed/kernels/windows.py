"""Windows applied: every output pixel is its bias plus its own weights times the pixels around it, in float32.

Sums are bound by what is loaded, not by products: a pixel is loaded once for two output rows, and a weight once for
three planes. A strip of rows of all planes becomes float32 with its zeros around it, which stays in the second cache;
the weights of a few registers of pixels are laid in the order in which they are read, which stays in the first.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fesdist.ground.receptive_field import Field, halo_of
from fesdist.simd.lanes import LANES, load, multiply, multiply_add, store
from fesdist.simd.values import clipped, load_pixels, spread_float32

Array = NDArray[Any]

STRIP = 16
"""Output rows whose inputs are made float32 together."""
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


def strip_shape(n_planes: int, shape: tuple[int, ...], span: tuple[int, int]) -> tuple[int, int, int]:
    """Return the shape of a strip of planes in float32, (plane, row, col): whole registers, and the window's span."""
    rows, cols = shape
    return n_planes, min(STRIP, rows + rows % 2) + span[0], -(-cols // LANES) * LANES + span[1]


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
    # A register that begins in the last column reads beyond it.
    strip = np.zeros(shape[0] * shape[1] * shape[2] + LANES, np.float32)
    _apply(images, first, scale, steps, windows, (strip, shape), clip, outputs)


@njit(nogil=True, cache=True)
def _apply(
    images: Array,
    first: tuple[int, int],
    scale: np.float32,
    steps: Steps,
    windows: tuple[Array, Array],
    room: tuple[Array, tuple[int, int, int]],
    clip: bool,
    outputs: Array,
) -> None:
    strip, (planes, height, stride) = room
    _, channels, rows, cols = outputs.shape
    shifts = steps.places[:, 0] * stride + steps.places[:, 1]
    of_register = len(steps.order) * LANES
    width = max(1, _WEIGHT_BYTES // (4 * of_register)) * LANES
    ordered = np.zeros(width // LANES * of_register, np.float32)
    for top in range(0, rows, STRIP):
        _fill_strip(images, first[0] + top, first[1], scale, strip, height, stride)
        for row in range(top, min(top + STRIP, rows), 2):
            pair = row, min(row + 1, rows - 1)
            for left in range(0, cols, width):
                right = min(left + width, cols)
                _order_weights(windows, steps.order, pair, left, right, ordered)
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
                        _put(out0, pair, col, (a0, b0), clip)
                        _put(out1, pair, col, (a1, b1), clip)
                        _put(out2, pair, col, (a2, b2), clip)
                        at0, at1, at2 = at0 + LANES, at1 + LANES, at2 + LANES
                        weight += of_register


@njit(nogil=True, inline="always")
def _put(plane: Array, pair: tuple[int, int], col: int, found: Any, clip: bool) -> None:
    """Set the pixels of a pair of rows from `col` on; where the pair is one row twice, the upper is put last."""
    upper, lower = found
    if clip:
        upper, lower = clipped(upper), clipped(lower)
    if col + LANES <= plane.shape[1]:
        store(plane[pair[1]], col, lower)
        store(plane[pair[0]], col, upper)
        return
    rest = np.empty(2 * LANES, np.float32)
    store(rest, 0, upper)
    store(rest, LANES, lower)
    for lane in range(plane.shape[1] - col):
        plane[pair[1], col + lane] = rest[LANES + lane]
        plane[pair[0], col + lane] = rest[lane]


@njit(nogil=True)
def _fill_strip(
    images: Array, first_row: int, first_col: int, scale: np.float32, strip: Array, height: int, stride: int
) -> None:
    """Put rows of all images from `first_row` on into the strip; those that are not there are 0."""
    samples, channels, rows, cols = images.shape
    whole = cols - cols % LANES
    factor = spread_float32(scale)
    for plane in range(samples * channels):
        for number in range(height):
            start, row = (plane * height + number) * stride, first_row + number
            if row < 0 or row >= rows:
                strip[start : start + stride] = 0.0
                continue
            source, to = images[plane // channels, plane % channels, row], start - first_col
            for col in range(0, whole, LANES):
                store(strip, to + col, multiply(load_pixels(source, col), factor))
            for col in range(whole, cols):
                strip[to + col] = np.float32(source[col]) * scale


@njit(nogil=True)
def _order_weights(
    windows: tuple[Array, Array], order: Array, pair: tuple[int, int], left: int, right: int, ordered: Array
) -> None:
    """Lay the weights and biases of a pair of rows in order, those of a register of pixels after each other."""
    weights, bias = windows
    for number in range(len(order)):
        tap, lower = order[number]
        row = pair[lower]
        source = bias[row] if tap < 0 else weights[tap, row]
        to = number * LANES
        for col in range(left, right, LANES):
            if col + LANES <= len(source):
                store(ordered, to, load(source, col))
            else:
                for lane in range(len(source) - col):
                    ordered[to + lane] = source[col + lane]
            to += len(order) * LANES
