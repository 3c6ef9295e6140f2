"""The light that photographs were taken in: how bright a face is, and how much brighter it has to be for a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_AREA = (3 / 16, 14 / 16), (3 / 16, 13 / 16)
"""Where faces are in aligned images, parts of the rows and of the columns: forehead to chin, between the ears."""

_ROWS = 64
"""Of an image, spread evenly, are enough to be looked at, or up to twice as many."""

_USUAL = 1 / 4
"""So many of the people who taught a model may be darker than what is usual for it."""

DARKEST = 1 / 1024
"""Of the whole range; below it there is nothing but noise."""


def face_area(shape: tuple[int, int]) -> tuple[slice, slice]:
    """Return the rows and columns of an aligned image, `shape` (rows, cols), whose brightness counts.

    >>> face_area((256, 64))
    (slice(48, 224, 4), slice(12, 52, 1))
    """
    rows, cols = (
        slice(int(first * side), max(int(end * side), int(first * side) + 1), step)
        for (first, end), side, step in zip(_AREA, shape, (max(1, shape[0] // _ROWS), 1), strict=True)
    )
    return rows, cols


def brightness(images: NDArray[Any]) -> NDArray[np.float64]:
    """Return the mean over channels, rows and columns of `face_area` of each image, (sample,) in [0, 1].

    `images` is (sample, channel, row, col), uint8 in 0..255 or floating point in [0, 1].
    """
    rows, cols = face_area((images.shape[2], images.shape[3]))
    return _mean(_sums(images[:, :, rows, cols]), images.dtype, images.shape[1], rows, cols)


class LightMeter:
    """Measures the `brightness` of an image, `shape` (rows, cols), whose rows pass by in bands from top to bottom."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._rows, self._cols = face_area(shape)
        self._counting = range(shape[0])[self._rows]
        self.brightness = 0.0
        """In [0, 1], when all bands have passed."""

    def passing(self, bands: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
        """Hand on the bands, each (channel, row, col)."""
        first, total = 0, np.zeros(1)
        for band in bands:
            last = first + band.shape[1]
            rows = [row - first for row in self._counting if first <= row < last]
            total += _sums(band[None, :, rows, self._cols])
            first = last
            self.brightness = float(_mean(total, band.dtype, len(band), self._rows, self._cols)[0])
            yield band


@dataclass(frozen=True)
class Exposure:
    """In what light a model learned."""

    people: int
    """Who were looked at."""
    brightness: float
    """The lower quartile of theirs, in [0, 1]."""

    @classmethod
    def of(cls, found: Sequence[float]) -> Exposure:
        """Return that of people whose inputs are so bright."""
        return cls(len(found), float(np.quantile(found, _USUAL)))

    def gains(self, images: NDArray[Any]) -> NDArray[np.float32]:
        """Return k = max(1, b / b'), (sample,), by which each image becomes as bright as most of what a model learned.

        b is `brightness`, b' that of `images` (sample, channel, row, col), uint8 or floating point in [0, 1].

        >>> Exposure(9, 0.5).gains(np.full((1, 3, 16, 16), 0.25))
        array([2.], dtype=float32)
        """
        return np.maximum(1, self.brightness / np.maximum(brightness(images), DARKEST)).astype(np.float32)


def _sums(images: NDArray[Any]) -> NDArray[Any]:
    # Faster than `sum`, which casts a piece at a time.
    dtype = np.uint64 if images.dtype == np.uint8 else np.float64
    return np.asarray(np.einsum("ncij->n", images, dtype=dtype))


def _mean(sums: NDArray[Any], dtype: np.dtype[Any], channels: int, rows: slice, cols: slice) -> NDArray[np.float64]:
    n_values = channels * len(range(rows.stop)[rows]) * (cols.stop - cols.start)
    return np.asarray(sums / (n_values * (255 if dtype == np.uint8 else 1)))
