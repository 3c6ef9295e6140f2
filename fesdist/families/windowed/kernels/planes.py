"""Shift-product planes: the sums over samples from which the normal equations of every window are read.

G_d[q] = Σ_n x[n, q] x[n, q + d] holds, for every pixel q, one entry of the Gram matrices of all windows in
which q and q + d occur together. Images lie row after row in one flat line, so a displacement is one number,
its shift.

8-bit samples are packed in pairs of 16-bit numbers, because one instruction multiplies and adds both; 64
products of at most 255² stay far below 2³¹, after which the sums move on to int64, exact for more than 10¹³
samples.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fesdist.simd.lanes import (
    LANES,
    close_sum,
    load,
    multiply_add,
    ones_like,
    open_sum,
    pair_rows,
    prefetch,
    store,
)

Array = NDArray[Any]

PASS_SAMPLES = 64
"""Samples packed at a time: few enough that the windows around a register of pixels stay in the first cache."""
_AHEAD = 12
"""Rows that are fetched from memory while earlier ones are packed."""
_CACHE_LINE = 64
SLACK = 2 * LANES
"""Extra pixels at the end of every flat line, so that the last register may reach beyond the image."""


def packed_shape(n_samples: int, length: int, dtype: np.dtype[Any]) -> tuple[tuple[int, int], type[np.generic]]:
    """Return shape and type of the result of `pack`."""
    return ((-(-n_samples // 2), length), np.uint32) if dtype == np.uint8 else ((n_samples, length), np.float64)


def room_for_lines(n_samples: int, length: int, dtype: np.dtype[Any]) -> Array:
    """Return zeros in which `pack` lays out up to `n_samples` samples of a place, again and again."""
    return np.zeros(*packed_shape(n_samples, length, dtype))


def pack(images: Array, channel: int, origin: int, stride: int, room: Array) -> Array:
    """Lay one channel of at most `PASS_SAMPLES` samples out for `add_products`.

    `images` is (sample, channel, row, col), uint8 or float64, each row without gaps; pixel (row, col) goes to position
    `origin + row * stride + col`. `room` is what `room_for_lines` made; it keeps its zeros elsewhere as long as images
    of one shape go to one place. Returns the part of it that was filled: (sample pair, length) uint32, the samples of a
    pair in the low and high 16 bits, for uint8, and (sample, length) float64 for float64.
    """
    if images.dtype == np.uint8:
        packed = room[: -(-len(images) // 2)]
        _pack_pairs(images, channel, origin, stride, packed)
        return packed
    packed = room[: len(images)]
    rows, cols = images.shape[2:]
    for row in range(rows):
        start = origin + row * stride
        packed[:, start : start + cols] = images[:, channel, row]
    return packed


@njit(nogil=True, cache=True)
def _pack_pairs(images: Array, channel: int, origin: int, stride: int, packed: Array) -> None:
    n, _, rows, cols = images.shape
    line = packed.reshape(-1)
    whole = cols - cols % LANES
    for first in range(0, n, 2):
        for row in range(rows):
            _fetch_ahead(images, channel, first, row)
            low = images[first, channel, row]
            to = (first // 2) * packed.shape[1] + origin + row * stride
            if first + 1 == n:
                for col in range(cols):
                    line[to + col] = low[col]
                continue
            high = images[first + 1, channel, row]
            for col in range(0, whole, LANES):
                store(line, to + col, pair_rows(low, high, col))
            for col in range(whole, cols):
                line[to + col] = np.uint32(low[col]) | np.uint32(high[col]) << np.uint32(16)


@njit(nogil=True, inline="always")
def _fetch_ahead(images: Array, channel: int, first: int, row: int) -> None:
    """Ask for a pair's rows that come `_AHEAD` rows later: of large images no processor guesses where these are."""
    n, _, rows, cols = images.shape
    row += _AHEAD
    while row >= rows:
        first, row = first + 2, row - rows
    for sample in range(first, min(first + 2, n)):
        line = images[sample, channel, row]
        for col in range(0, cols + _CACHE_LINE - 1, _CACHE_LINE):
            prefetch(line, min(col, cols - 1))


@njit(nogil=True, cache=True)
def add_products(left: Array, right: Array, shifts: Array, start: int, stop: int, sums: Array) -> None:
    """Add Σ_n left[n, q] × right[n, q + shifts[k]] to `sums[k, q]`, for all k and start <= q < stop.

    `left` and `right` are two results of `pack` of the same length, `shifts` int64; `sums` is (shift, length)
    int64, or float64 for float64 samples. q runs in whole registers, so some sums beyond `stop` change too; q +
    shift must lie in the line.
    """
    samples, length = left.shape
    left_line, right_line, out = left.reshape(-1), right.reshape(-1), sums.reshape(-1)
    last = len(shifts) - 1
    for q in range(start, stop, LANES):
        for k in range(0, last + 1, 6):
            # Six shifts hide the latency of the products, share what is loaded of `left`, and fit into the registers.
            # Where fewer than six are left, the last shift is computed again and not stored.
            k1, k2, k3, k4, k5 = (
                min(k + 1, last),
                min(k + 2, last),
                min(k + 3, last),
                min(k + 4, last),
                min(k + 5, last),
            )
            to0, to1, to2 = q + k * length, q + k1 * length, q + k2 * length
            to3, to4, to5 = q + k3 * length, q + k4 * length, q + k5 * length
            at0, at1, at2 = q + shifts[k], q + shifts[k1], q + shifts[k2]
            at3, at4, at5 = q + shifts[k3], q + shifts[k4], q + shifts[k5]
            a0, a1, a2 = open_sum(out, to0), open_sum(out, to1), open_sum(out, to2)
            a3, a4, a5 = open_sum(out, to3), open_sum(out, to4), open_sum(out, to5)
            at = 0
            for _ in range(samples):
                x = load(left_line, at + q)
                a0 = multiply_add(a0, x, load(right_line, at + at0))
                a1 = multiply_add(a1, x, load(right_line, at + at1))
                a2 = multiply_add(a2, x, load(right_line, at + at2))
                a3 = multiply_add(a3, x, load(right_line, at + at3))
                a4 = multiply_add(a4, x, load(right_line, at + at4))
                a5 = multiply_add(a5, x, load(right_line, at + at5))
                at += length
            close_sum(out, to0, a0)
            if k + 1 <= last:
                close_sum(out, to1, a1)
            if k + 2 <= last:
                close_sum(out, to2, a2)
            if k + 3 <= last:
                close_sum(out, to3, a3)
            if k + 4 <= last:
                close_sum(out, to4, a4)
            if k + 5 <= last:
                close_sum(out, to5, a5)


@njit(nogil=True, cache=True)
def add_samples(packed: Array, start: int, stop: int, sums: Array) -> None:
    """Add Σ_n packed[n, q] to `sums[q]` for start <= q < stop; arrays as in `add_products`, `sums` of one dimension."""
    samples, length = packed.shape
    line = packed.reshape(-1)
    for q in range(start, stop, LANES):
        total = open_sum(sums, q)
        at = q
        for _ in range(samples):
            x = load(line, at)
            total = multiply_add(total, x, ones_like(x))
            at += length
        close_sum(sums, q, total)
