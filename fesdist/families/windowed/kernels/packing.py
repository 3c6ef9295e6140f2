"""Images in a line, row after row, packed as `fesdist.simd.octets` multiplies them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.simd.kernel import kernel, pasted, subkernel
from fesdist.simd.lanes import LANES, store
from fesdist.simd.octets import BLACK, PACKED, SAMPLES_IN, pair_rows, quad_rows
from fesdist.simd.prefetching import prefetch

Array = NDArray[Any]

_AHEAD = 12
"""Rows that are fetched from memory while earlier ones are packed."""
_CACHE_LINE = 64
SLACK = 2 * LANES
"""Extra pixels at the end of every flat line, so that the last registers may reach beyond the image."""


def pass_samples(dtype: np.dtype[Any], together: int = 1) -> int:
    """Return how many samples of `together` channels are packed at a time.

    They are few enough that the windows around a register of pixels stay in the first cache, and that 32 bits hold
    their sums of products.
    """
    return 64 if dtype != np.uint8 else max(1, 32 // together) * SAMPLES_IN[np.dtype(PACKED)]


def packed_shape(
    n_samples: int, length: int, dtype: np.dtype[Any], together: int = 1
) -> tuple[tuple[int, int], np.dtype[Any]]:
    """Return shape and type of the results of `pack` for channels one after the other.

    `dtype` is that of samples, or one of packed samples.
    """
    packed = np.dtype(PACKED if dtype == np.uint8 else dtype)
    return (together * -(-n_samples // SAMPLES_IN.get(packed, 1)), length), packed


def room_for_lines(n_places: int, n_samples: int, length: int, dtype: np.dtype[Any], together: int = 1) -> Array:
    """Return black samples, (place, packed sample, length), in which `pack` lays out up to `n_samples` of each place.

    Places are the inputs and the targets of each expression, again and again the same.
    """
    of_place, packed = packed_shape(n_samples, length, dtype, together)
    shape = n_places, *of_place
    black = BLACK.get(packed, 0)
    return np.full(shape, black, packed) if black else np.zeros(shape, packed)


def pack(images: Array, channels: range, origin: int, stride: int, room: Array) -> Array:
    """Lay channels of at most `pass_samples` samples out for `add_products`: those of the first, then of the next.

    `images` is (sample, channel, row, col), uint8 or float64, each row without gaps; pixel (row, col) goes to position
    `origin + row * stride + col`. `room` is what `room_for_lines` made; it stays black elsewhere as long as images of
    one shape go to one place. Returns the part of it that was filled, (sample, length): for float64 float64; for uint8
    two samples an element, in the low and high 16 bits of uint32, or four in the bytes of int32, each less 128.
    """
    packed = room[: len(channels) * -(-len(images) // SAMPLES_IN.get(room.dtype, 1))]
    if images.dtype == np.uint8:
        fill = pack_quads if room.dtype == np.int32 else pack_pairs
        fill(images, channels.start, len(channels), origin, stride, packed)
        return packed
    rows, cols = images.shape[2:]
    for channel, own in zip(channels, packed.reshape(len(channels), -1, packed.shape[1]), strict=True):
        for row in range(rows):
            start = origin + row * stride
            own[:, start : start + cols] = images[:, channel, row]
    return packed


@kernel
def pack_pairs(images: Array, start: int, count: int, origin: int, stride: int, packed: Array) -> None:
    _pack_channels(_pack_in_pairs, images, start, count, (origin, stride), packed)


@kernel
def pack_quads(images: Array, start: int, count: int, origin: int, stride: int, packed: Array) -> None:
    _pack_channels(_pack_in_quads, images, start, count, (origin, stride), packed)


@pasted
def _pack_channels(fill: Any, images: Array, start: int, count: int, place: tuple[int, int], packed: Array) -> None:
    of_channel = len(packed) // count
    for number in range(count):
        own = packed[number * of_channel : (number + 1) * of_channel]
        fill(images[:, start + number], place[0], place[1], own)


@subkernel
def _pack_in_pairs(images: Array, origin: int, stride: int, packed: Array) -> None:
    n, rows, cols = images.shape
    line = packed.reshape(-1)
    for first in range(0, n, 2):
        for row in range(rows):
            _fetch_ahead(images, first, 2, row)
            to = (first // 2) * packed.shape[1] + origin + row * stride
            low, high = images[first, row], images[min(first + 1, n - 1), row]
            if first + 1 < n and cols >= LANES:
                for col in range(0, cols, LANES):
                    at = min(col, cols - LANES)  # some pixels of the last register come a second time
                    store(line, to + at, pair_rows(low, high, at))
            elif first + 1 < n:
                for col in range(cols):
                    line[to + col] = np.uint32(low[col]) | np.uint32(high[col]) << np.uint32(16)
            else:
                for col in range(cols):
                    line[to + col] = low[col]


@subkernel
def _pack_in_quads(images: Array, origin: int, stride: int, packed: Array) -> None:
    n, rows, cols = images.shape
    line = packed.reshape(-1)
    for first in range(0, n, 4):
        known = np.uint32(0xFFFFFFFF) >> np.uint32(8 * max(first + 4 - n, 0))
        for row in range(rows):
            _fetch_ahead(images, first, 4, row)
            to = (first // 4) * packed.shape[1] + origin + row * stride
            a, b = images[first, row], images[min(first + 1, n - 1), row]
            c, d = images[min(first + 2, n - 1), row], images[min(first + 3, n - 1), row]
            if cols >= LANES:
                for col in range(0, cols, LANES):
                    at = min(col, cols - LANES)  # as above
                    store(line, to + at, quad_rows(a, b, c, d, at, known))
            else:
                for col in range(cols):
                    four = np.uint32(a[col]) | np.uint32(b[col]) << np.uint32(8)
                    four |= np.uint32(c[col]) << np.uint32(16) | np.uint32(d[col]) << np.uint32(24)
                    line[to + col] = np.int32(four & known ^ np.uint32(0x80808080))


@pasted
def _fetch_ahead(images: Array, first: int, together: int, row: int) -> None:
    """Ask for the samples' rows that come `_AHEAD` rows later: of large images no processor guesses where these are."""
    n, rows, cols = images.shape
    row += _AHEAD
    while row >= rows:
        first, row = first + together, row - rows
    for sample in range(first, min(first + together, n)):
        line = images[sample, row]
        for col in range(0, cols + _CACHE_LINE - 1, _CACHE_LINE):
            prefetch(line, min(col, cols - 1))
