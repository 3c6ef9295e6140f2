"""What kernels of windows read and write: strips of rows as float32, weights in the order of their use, outputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.simd import aligned
from fesdist.simd.kernel import inlined, subkernel
from fesdist.simd.lanes import LANES, load, multiply, store
from fesdist.simd.values import clipped, load_pixels, spread_float32, zeros_like

Array = NDArray[Any]

STRIP = 16
"""Output rows whose inputs are made float32 together."""

ROWS = 4
"""Output rows that are computed together, at most: `STRIP` is so many times some."""


def strip_shape(n_planes: int, shape: tuple[int, ...], span: tuple[int, int]) -> tuple[int, int, int]:
    """Return the shape of a strip of planes in float32, (plane, row, col): whole registers, and the window's span."""
    rows, cols = shape
    return n_planes, min(STRIP, -(-rows // ROWS) * ROWS) + span[0], (-(-cols // LANES) + -(-span[1] // LANES)) * LANES


def empty_strip(shape: tuple[int, int, int]) -> tuple[Array, tuple[int, int, int]]:
    """Return a strip of zeros, flat, whose rows begin with cache lines, and its shape."""
    # A register that begins in the last column reads beyond it.
    return aligned.zeros((math.prod(shape) + LANES,), np.float32), shape


def empty_weights(n_values: int) -> Array:
    """Return room for some float32 that begins with a cache line."""
    return empty_strip((1, 1, n_values))[0]


@inlined
def put(plane: Array, rows: tuple[int, int], col: int, found: Any, clip: bool) -> None:
    """Set the pixels of two rows from `col` on; where the pair is one row twice, the first is put last."""
    upper, lower = found
    if clip:
        upper, lower = clipped(upper), clipped(lower)
    if col + LANES <= plane.shape[1]:
        store(plane[rows[1]], col, lower)
        store(plane[rows[0]], col, upper)
        return
    rest = np.empty(2 * LANES, np.float32)
    store(rest, 0, upper)
    store(rest, LANES, lower)
    for lane in range(plane.shape[1] - col):
        plane[rows[1], col + lane] = rest[LANES + lane]
        plane[rows[0], col + lane] = rest[lane]


@subkernel
def fill_strip(
    images: Array, first: tuple[int, int], scale: np.float32, strip: Array, shape: tuple[int, int, int]
) -> None:
    """Put rows of all images, from row and column `first` on, into the strip; what is not there is 0.

    The strip was 0, or filled from the same column; `first` has a column that is 0 or negative.
    """
    samples, channels, rows, cols = images.shape
    (first_row, first_col), (_, height, stride) = first, shape
    factor = spread_float32(scale)
    nought = zeros_like(factor)
    start = 0
    for sample in range(samples):
        for channel in range(channels):
            plane = images[sample, channel]
            for row in range(first_row, first_row + height):
                to = start - first_col
                if row < 0 or row >= rows:
                    for col in range(0, stride, LANES):
                        store(strip, start + col, nought)
                elif cols < LANES:
                    for col in range(cols):
                        strip[to + col] = np.float32(plane[row, col]) * scale
                else:
                    source = plane[row]
                    # Whole cache lines of the strip, and what is left of the row before and after them.
                    store(strip, to, multiply(load_pixels(source, 0), factor))
                    for col in range(-first_col // -LANES * -LANES + first_col, cols - LANES, LANES):
                        store(strip, to + col, multiply(load_pixels(source, col), factor))
                    store(strip, to + cols - LANES, multiply(load_pixels(source, cols - LANES), factor))
                start += stride


@subkernel
def order_weights(
    windows: tuple[Array, Array], order: Array, rows: tuple[int, ...], left: int, right: int, ordered: Array
) -> None:
    """Lay the weights and biases of some output rows in order, those of a register of pixels after each other.

    `order` is (weight, 2) int64: a tap, -1 for the bias, and which of `rows`.
    """
    weights, bias = windows
    _, n_rows, cols = weights.shape
    of_taps, of_bias = weights.reshape(-1), bias.reshape(-1)
    of_register, whole = len(order) * LANES, min(right, cols - cols % LANES)
    for number in range(len(order)):
        tap, at, to = order[number, 0], rows[order[number, 1]] * cols, number * LANES
        source = of_bias if tap < 0 else of_taps
        at += max(tap, 0) * n_rows * cols
        for col in range(left, whole, LANES):
            store(ordered, to, load(source, at + col))
            to += of_register
        for col in range(whole, right):
            ordered[to + col - whole] = source[at + col]
