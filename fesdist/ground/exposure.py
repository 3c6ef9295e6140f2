"""The light that photographs were taken in: how bright a face is, its contrast, and both as a model is shown them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_AREA = (3 / 16, 14 / 16), (3 / 16, 13 / 16)
"""Where faces are in aligned images, parts of the rows and of the columns: forehead to chin, between the ears."""

_ROWS = 64
"""Of an image, spread evenly, are enough to be looked at, or up to twice as many."""

_USUAL = 1 / 4
"""So many of the people who taught a model may be darker than what is usual for it, or have less contrast."""

DARKEST = 1 / 1024
"""Of the whole range; less brightness and contrast are nothing but noise."""


def face_area(shape: tuple[int, int]) -> tuple[slice, slice]:
    """Return the rows and columns of an aligned image, `shape` (rows, cols), whose light counts.

    >>> face_area((256, 64))
    (slice(48, 224, 4), slice(12, 52, 1))
    """
    rows, cols = (
        slice(int(first * side), max(int(end * side), int(first * side) + 1), step)
        for (first, end), side, step in zip(_AREA, shape, (max(1, shape[0] // _ROWS), 1), strict=True)
    )
    return rows, cols


class Light(NamedTuple):
    """In what light the faces of images were taken."""

    brightness: NDArray[np.float64]
    """(sample,) in [0, 1]: the mean over channels, rows and columns of `face_area`."""
    contrast: NDArray[np.float64]
    """(sample,) in [0, 1]: the standard deviation there of the mean over channels."""


def light_of(images: NDArray[Any]) -> Light:
    """Return the light of images, (sample, channel, row, col), uint8 in 0..255 or floating point in [0, 1]."""
    rows, cols = face_area((images.shape[2], images.shape[3]))
    return _light(_sums(images[:, :, rows, cols]), images.dtype, images.shape[1], rows, cols)


class LightMeter:
    """Measures the light of an image, `shape` (rows, cols), whose rows pass by in bands from top to bottom."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._rows, self._cols = face_area(shape)
        self._counting = range(shape[0])[self._rows]
        self.brightness, self.contrast = 0.0, 0.0
        """As those of `Light`, when all bands have passed."""

    def passing(self, bands: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
        """Hand on the bands, each (channel, row, col)."""
        first, total = 0, np.zeros((2, 1))
        for band in bands:
            last = first + band.shape[1]
            rows = [row - first for row in self._counting if first <= row < last]
            total += _sums(band[None, :, rows, self._cols])
            first = last
            found = _light(total, band.dtype, len(band), self._rows, self._cols)
            self.brightness, self.contrast = float(found.brightness[0]), float(found.contrast[0])
            yield band


class Relighting(NamedTuple):
    """How images become such as a model has learned from: l = c x + a."""

    scale: NDArray[np.float32]
    """c, (sample,)."""
    shift: NDArray[np.float32]
    """a, (sample,)."""

    @property
    def lit(self) -> NDArray[np.intp]:
        """Return which images are not such already."""
        return np.flatnonzero((self.scale != 1) | (self.shift != 0))


@dataclass(frozen=True)
class Exposure:
    """In what light a model learned."""

    people: int
    """Who were looked at."""
    brightness: float
    """The lower quartile of theirs, in [0, 1]."""
    contrast: float = 0.0
    """The lower quartile of theirs, in [0, 1]; 0, which is never too little, if nobody looked."""

    @classmethod
    def of(cls, brightness: Sequence[float], contrast: Sequence[float]) -> Exposure:
        """Return that of people whose inputs are so bright and have so much contrast."""
        return cls(len(brightness), *(float(np.quantile(values, _USUAL)) for values in (brightness, contrast)))

    def relighting(self, images: NDArray[Any]) -> Relighting:
        """Return how each of `images` becomes one in the light that most of what taught a model was in.

        `images` are (sample, channel, row, col), uint8 or floating point in [0, 1]. Of one with the brightness m and
        the contrast s, b and s0 being usual: l = c (x - m) + max(m, b), c = max(1, b / m, s0 / s).

        >>> Exposure(9, 0.5).relighting(np.full((1, 3, 16, 16), 0.25)).scale
        array([2.], dtype=float32)
        """
        m, s = (np.maximum(found, DARKEST) for found in light_of(images))
        scale = np.maximum(1, np.maximum(self.brightness / m, self.contrast / s))
        return Relighting(scale.astype(np.float32), (np.maximum(m, self.brightness) - scale * m).astype(np.float32))


def _sums(images: NDArray[Any]) -> NDArray[Any]:
    """Return sums over channels and pixels of each image, and over pixels of the squares of sums over channels."""
    whole = images.dtype == np.uint8
    gray = np.einsum("ncij->nij", images, dtype=np.uint32 if whole else np.float64)
    # Faster than `sum`, which casts a piece at a time.
    dtype = np.uint64 if whole else np.float64
    return np.stack([np.einsum("nij->n", gray, dtype=dtype), np.einsum("nij,nij->n", gray, gray, dtype=dtype)])


def _light(sums: NDArray[Any], dtype: np.dtype[Any], channels: int, rows: slice, cols: slice) -> Light:
    n_pixels = len(range(rows.stop)[rows]) * (cols.stop - cols.start)
    unit = channels * (255 if dtype == np.uint8 else 1)
    mean, square = sums[0] / (n_pixels * unit), sums[1] / (n_pixels * unit**2)
    return Light(mean, np.sqrt(np.maximum(square - mean**2, 0)))
