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
    store,
)

Array = NDArray[Any]

PASS_SAMPLES = 64
"""Samples packed at a time: few enough that the windows around a register of pixels stay in the first cache."""
SLACK = 2 * LANES
"""Extra pixels at the end of every flat line, so that the last register may reach beyond the image."""


def packed_shape(n_samples: int, length: int, dtype: np.dtype[Any]) -> tuple[tuple[int, int], type[np.generic]]:
    """Return shape and type of the result of `pack`."""
    return ((-(-n_samples // 2), length), np.uint32) if dtype == np.uint8 else ((n_samples, length), np.float64)


def pack(images: Array, channel: int, origin: int, stride: int, length: int) -> Array:
    """Lay one channel of at most `PASS_SAMPLES` samples out for `add_products`, zeros elsewhere.

    `images` is (sample, channel, row, col), uint8 or float64, each row without gaps; pixel (row, col) goes to position
    `origin + row * stride + col`. Returns (sample pair, `length`) uint32, the samples of a pair in the low and
    high 16 bits, for uint8, and (sample, `length`) float64 for float64.
    """
    packed: Array = np.zeros(*packed_shape(len(images), length, images.dtype))
    if images.dtype == np.uint8:
        _pack_pairs(images, channel, origin, stride, packed)
        return packed
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
    for q in range(start, stop, 2 * LANES):
        for k in range(0, last + 1, 4):
            # Four shifts at two registers of pixels: eight sums hide the latency of the products and share loads.
            # Where fewer than four are left, the last shift is computed again and not stored.
            k1, k2, k3 = min(k + 1, last), min(k + 2, last), min(k + 3, last)
            to0, to1, to2, to3 = q + k * length, q + k1 * length, q + k2 * length, q + k3 * length
            at0, at1, at2, at3 = q + shifts[k], q + shifts[k1], q + shifts[k2], q + shifts[k3]
            a0, b0 = open_sum(out, to0), open_sum(out, to0 + LANES)
            a1, b1 = open_sum(out, to1), open_sum(out, to1 + LANES)
            a2, b2 = open_sum(out, to2), open_sum(out, to2 + LANES)
            a3, b3 = open_sum(out, to3), open_sum(out, to3 + LANES)
            at = 0
            for _ in range(samples):
                x, y = load(left_line, at + q), load(left_line, at + q + LANES)
                a0 = multiply_add(a0, x, load(right_line, at + at0))
                b0 = multiply_add(b0, y, load(right_line, at + at0 + LANES))
                a1 = multiply_add(a1, x, load(right_line, at + at1))
                b1 = multiply_add(b1, y, load(right_line, at + at1 + LANES))
                a2 = multiply_add(a2, x, load(right_line, at + at2))
                b2 = multiply_add(b2, y, load(right_line, at + at2 + LANES))
                a3 = multiply_add(a3, x, load(right_line, at + at3))
                b3 = multiply_add(b3, y, load(right_line, at + at3 + LANES))
                at += length
            close_sum(out, to0, a0)
            close_sum(out, to0 + LANES, b0)
            if k + 1 <= last:
                close_sum(out, to1, a1)
                close_sum(out, to1 + LANES, b1)
            if k + 2 <= last:
                close_sum(out, to2, a2)
                close_sum(out, to2 + LANES, b2)
            if k + 3 <= last:
                close_sum(out, to3, a3)
                close_sum(out, to3 + LANES, b3)


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
