"""What is compared of a picture: its gray version shrunk to a few numbers, free of brightness and contrast."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.colour import to_gray

SIDE = 16
"""Rows and columns of a signature."""

UNIT = 32
"""One standard deviation of an image's intensities, in a signature."""

_FINE = 64
"""Means of areas are rounded to so many parts of an intensity before they are normalised."""

Floats = NDArray[np.float64]
Signature = NDArray[np.int8]
Across = Callable[[NDArray[np.uint8], int], NDArray[np.int64]]


def signature(image: NDArray[Any], side: int = SIDE) -> Signature:
    """Return what is compared of an image, (row, col) int8: area means in gray, minus their mean, by their deviation.

    `image` is (channel, row, col), uint8 in 0..255 or floating point in [0, 1]. Whole numbers up to the last step, so
    equal everywhere; all zeros for an image without contrast.
    """
    return signatures_of([image], (side,))[side]


def signatures_of(
    bands: Iterable[NDArray[Any]], sides: Sequence[int], across: Across | None = None
) -> dict[int, Signature]:
    """Return the signatures of an image by their sides, from its rows from top to bottom, a band of them at a time.

    `across` returns what `gray_across` does, which is slower where images are large.
    """
    # Areas of each side are made of whole areas of the finest; in which order integers are added does not matter.
    finest = math.lcm(*sides)
    rows: list[NDArray[np.int64]] = []
    cols = 0
    for band in bands:
        rows.append((across or gray_across)(_octets(band), finest))
        cols = band.shape[2]
    found = np.concatenate(rows)
    sums, n_pixels = _area_sums(found, 0, finest), len(found) * cols
    return {side: _signature_of(_coarser(sums, side), n_pixels) for side in sides}


def gray_across(octets: NDArray[np.uint8], side: int) -> NDArray[np.int64]:
    """Return `side` times the sums of gray values over `side` equal parts of each row of (channel, row, col)."""
    return _area_sums(to_gray(octets[None])[0, 0], 1, side)


def _octets(band: NDArray[Any]) -> NDArray[np.uint8]:
    if band.dtype == np.uint8:
        return band
    scaled = band * np.float64(255)
    return np.rint(scaled, out=scaled).astype(np.uint8)


def _coarser(sums: NDArray[np.int64], side: int) -> NDArray[np.int64]:
    """Return side² times the sums over `side` x `side` areas, of those of finer ones times their own number."""
    times = len(sums) // side
    return np.asarray(sums.reshape(side, times, side, times).sum(axis=(1, 3)) // times**2)


def _signature_of(sums: NDArray[np.int64], n_pixels: int) -> Signature:
    """Return the signature of an image of so many pixels from the sums over its areas, times their number."""
    means = np.rint(sums * _FINE / n_pixels).astype(np.int64)
    centred = means.size * means - means.sum()
    squares = int((centred**2).sum())
    if squares == 0:
        return np.zeros(means.shape, np.int8)
    values = centred * UNIT / math.sqrt(squares / means.size)
    return np.asarray(np.clip(np.rint(values), -127, 127), np.int8)


def _area_sums(values: NDArray[Any], axis: int, side: int) -> NDArray[np.int64]:
    """Return `side` times the sums over `side` equal parts of an axis of integers (row, col)."""
    length = values.shape[axis]
    ends = np.arange(side + 1) * length
    whole, part = ends // side, ends % side
    between = np.moveaxis(np.add.reduceat(values, whole[:-1], axis=axis, dtype=np.int64), axis, 0)
    between[whole[:-1] == whole[1:]] = 0  # of which `reduceat` returns what stands where they would begin
    before = np.concatenate([np.zeros_like(between[:1]), between.cumsum(axis=0)])
    cut = np.moveaxis(values.take(np.minimum(whole, length - 1), axis=axis), axis, 0).astype(np.int64)
    sums = np.diff(side * before + part[:, None] * cut, axis=0)
    return np.ascontiguousarray(np.moveaxis(sums, 0, axis))


def _moved(down: float = 0.0, right: float = 0.0, zoom: float = 1.0) -> Callable[[NDArray[Any]], Floats]:
    """Return what shows a picture moved by parts of its side and enlarged, its edge going on."""

    def along(shift: float) -> Floats:
        places = (np.arange(SIDE) + 0.5 - SIDE / 2) / zoom + SIDE * (0.5 - shift) - 0.5
        places = np.clip(places, 0, SIDE - 1)[:, None]
        return np.asarray(np.maximum(0, 1 - np.abs(places - np.arange(SIDE))))

    rows, cols = along(down), along(right)
    return lambda picture: np.asarray(rows @ picture @ cols.T)


MOVES: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "upside down": lambda picture: picture[::-1],
    **{f"turned by {90 * turns} degrees": partial(np.rot90, k=turns) for turns in (1, 2, 3)},
    **{
        f"moved {where} by {share:.0%}": _moved(share * down, share * right)
        for share in (0.08, 0.15)
        for where, down, right in (("up", -1, 0), ("down", 1, 0), ("left", 0, -1), ("right", 0, 1))
    },
    **{f"{zoom:g} times as large": _moved(zoom=zoom) for zoom in (0.6, 0.8, 1.25, 1.6)},
}
"""Pictures to which a photograph's is compared, by what was done to it."""
