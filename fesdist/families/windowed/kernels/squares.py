"""Full windows applied with registers that are shifted: four output rows and three planes at a time.

An input register is loaded once for four rows and for all columns of a window, as two loads that cross no cache line;
the shifts between them, and the loads, then keep up with the products. While one piece of weights is used, the next
is asked for: they come from the last cache, in runs too short for the CPU to foresee. Outputs are held until a piece
of all four rows is known; many of them go past the caches.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.families.windowed.kernels.strips import (
    ROWS,
    STRIP,
    empty_strip,
    empty_weights,
    fill_strip,
    order_weights,
    strip_shape,
)
from fesdist.ground.receptive_field import Field, window_offsets
from fesdist.simd.kernel import inlined, kernel
from fesdist.simd.lanes import LANES, load, store
from fesdist.simd.prefetching import prefetch_to_write
from fesdist.simd.shifting import add_shifts
from fesdist.simd.streaming import is_streamed, settle, stream
from fesdist.simd.values import clipped

Array = NDArray[Any]

_PIECE = 8 * LANES
"""Pixels of a row whose weights are laid in order together, and whose outputs are put where they belong together: the
weights are those of several runs of memory, and outputs reach it in runs of half a kibibyte."""


class Square(NamedTuple):
    """A full window, and the order in which four output rows read its weights."""

    columns: tuple[int, ...]
    """As many as the window has; the type of this tuple is what the kernel is compiled for."""
    order: Array
    """(weight, 2) int64: tap and which of the rows, as weights are read; first the biases, a tap of -1."""


@lru_cache(maxsize=16)
def square_of(field: Field) -> Square | None:
    """Return the square that a receptive field is, with a side of more than `ROWS`; else None.

    Of smaller ones few input rows are for all output rows, and `apply_windows` is faster.
    """
    side = round(len(field) ** 0.5)
    if side <= ROWS or side > LANES or side % 2 == 0 or tuple(field) != window_offsets(side):
        return None
    order = [(-1, row) for row in range(ROWS)]
    for seen in range(side + ROWS - 1):
        readers = range(max(0, seen - side + 1), min(ROWS, seen + 1))
        order += [((seen - row) * side + col, row) for col in range(side) for row in readers]
    return Square(tuple(range(side)), np.array(order, np.int64))


def apply_square(
    images: Array, first: tuple[int, int], square: Square, windows: tuple[Array, Array], clip: bool, outputs: Array
) -> None:
    """Do what `apply_windows` does, for a full window; the bits are the same."""
    scale, beyond = np.float32(1 / 255 if images.dtype == np.uint8 else 1), len(square.columns) - 1
    shape = strip_shape(images.shape[0] * images.shape[1], outputs.shape[2:], (beyond, beyond))
    room = empty_strip(shape), empty_weights(_PIECE * len(square.order)), empty_weights(3 * ROWS * _PIECE)
    _apply(images, (first, scale), square, windows, room, (clip, is_streamed(outputs)), outputs)


@kernel
def _apply(
    images: Array,
    reading: tuple[tuple[int, int], np.float32],
    square: Square,
    windows: tuple[Array, Array],
    room: tuple[tuple[Array, tuple[int, int, int]], Array, Array],
    putting: tuple[bool, bool],
    outputs: Array,
) -> None:
    (first, scale), ((strip, shape), ordered, held), (columns, order) = reading, room, square
    clip, streamed = putting
    planes, height, stride = shape
    _, channels, rows, cols = outputs.shape
    side, size, of_register = len(columns), height * stride, len(order) * LANES
    for top in range(0, rows, STRIP):
        fill_strip(images, (first[0] + top, first[1]), scale, strip, shape)
        for row in range(top, min(top + STRIP, rows), ROWS):
            four = _four(row, rows)
            for left in range(0, cols, _PIECE):
                right = min(left + _PIECE, cols)
                order_weights(windows, order, four, left, right, ordered)
                for group in range(-(-planes // 3)):
                    if not streamed:
                        _ask_for_outputs(outputs, 3 * group + 3, planes, four, left)
                    # Where fewer than three planes are left, the last is computed again, with the same result.
                    k0 = 3 * group
                    k1, k2 = min(k0 + 1, planes - 1), min(k0 + 2, planes - 1)
                    base, weight = (row - top) * stride + left, 0
                    at0, at1, at2 = base + k0 * size, base + k1 * size, base + k2 * size
                    for col in range(left, right, LANES):
                        x, y = load(ordered, weight), load(ordered, weight + LANES)
                        a, b = (x, x, x), (y, y, y)
                        x, y = load(ordered, weight + 2 * LANES), load(ordered, weight + 3 * LANES)
                        c, d = (x, x, x), (y, y, y)
                        at, step = weight + 4 * LANES, side * LANES
                        # The first input rows are for fewer output rows, and so are the last.
                        low, high = _loaded(strip, at0, at1, at2)
                        (a,) = add_shifts((a,), ordered, at, low, high, columns)
                        at, down = at + step, stride
                        low, high = _loaded(strip, at0 + down, at1 + down, at2 + down)
                        a, b = add_shifts((a, b), ordered, at, low, high, columns)
                        at, down = at + 2 * step, down + stride
                        low, high = _loaded(strip, at0 + down, at1 + down, at2 + down)
                        a, b, c = add_shifts((a, b, c), ordered, at, low, high, columns)
                        at, down = at + 3 * step, down + stride
                        for _ in range(ROWS - 1, side):
                            low, high = _loaded(strip, at0 + down, at1 + down, at2 + down)
                            a, b, c, d = add_shifts((a, b, c, d), ordered, at, low, high, columns)
                            at, down = at + 4 * step, down + stride
                        low, high = _loaded(strip, at0 + down, at1 + down, at2 + down)
                        b, c, d = add_shifts((b, c, d), ordered, at, low, high, columns)
                        at, down = at + 3 * step, down + stride
                        low, high = _loaded(strip, at0 + down, at1 + down, at2 + down)
                        c, d = add_shifts((c, d), ordered, at, low, high, columns)
                        at, down = at + 2 * step, down + stride
                        low, high = _loaded(strip, at0 + down, at1 + down, at2 + down)
                        (d,) = add_shifts((d,), ordered, at, low, high, columns)
                        _hold(held, col - left, a, clip)
                        _hold(held, col - left + _PIECE, b, clip)
                        _hold(held, col - left + 2 * _PIECE, c, clip)
                        _hold(held, col - left + 3 * _PIECE, d, clip)
                        at0, at1, at2 = at0 + LANES, at1 + LANES, at2 + LANES
                        weight += of_register
                    for k in range(k0, k2 + 1):
                        plane = outputs[k // channels, k % channels]
                        for below in range(min(ROWS, rows - row)):
                            at = ((k - k0) * ROWS + below) * _PIECE
                            _put(plane[row + below], left, right, held, at, streamed)
    settle()


@inlined
def _four(row: int, rows: int) -> tuple[int, int, int, int]:
    """Return four rows from `row` on; those that are not there are the last."""
    last = rows - 1
    return min(row, last), min(row + 1, last), min(row + 2, last), min(row + 3, last)


@inlined
def _loaded(strip: Array, at0: int, at1: int, at2: int) -> Any:
    """Return two registers after each other of each of three planes."""
    low = load(strip, at0), load(strip, at1), load(strip, at2)
    return low, (load(strip, at0 + LANES), load(strip, at1 + LANES), load(strip, at2 + LANES))


@inlined
def _hold(held: Array, at: int, found: Any, clip: bool) -> None:
    """Keep a register of each of three planes."""
    for k in range(3):
        store(held, at + k * ROWS * _PIECE, clipped(found[k]) if clip else found[k])


@inlined
def _put(line: Array, left: int, right: int, held: Array, at: int, streamed: bool) -> None:
    """Set a piece of a row of outputs to what is held."""
    whole = right - (right - left) % LANES
    for col in range(left, whole, LANES):
        register = load(held, at + col - left)
        if streamed:
            stream(line, col, register)
        else:
            store(line, col, register)
    for col in range(whole, right):
        line[col] = held[at + col - left]


@inlined
def _ask_for_outputs(outputs: Array, first: int, planes: int, rows: tuple[int, int, int, int], left: int) -> None:
    """Ask for the outputs of a piece of three planes, from `first` on."""
    channels = outputs.shape[1]
    for plane in range(first, min(first + 3, planes)):
        of_plane = outputs[plane // channels, plane % channels]
        for row in rows:
            line = of_plane[row]
            for col in range(left, min(left + _PIECE, outputs.shape[3]), LANES):
                prefetch_to_write(line, col)
