"""Another size for an image: area means to shrink, a cubic to enlarge, the same bits when nothing is to be done."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_UNSEEN = 0.01
"""Proportions that change by less, or by less than a pixel, are those of before to everybody who looks."""


def stretch(shape: tuple[int, int], other: tuple[int, int]) -> float:
    """Return by how much an image of `shape` (rows, columns) becomes wider for its height at another; 1 if unseen.

    >>> stretch((1350, 900), (128, 128)), stretch((1350, 1345), (128, 128))
    (1.5, 1.0)
    """
    wider = other[1] * shape[0] / (other[0] * shape[1])
    pixels = abs(shape[1] * other[0] - shape[0] * other[1]) / max(*shape, *other)
    return 1.0 if abs(wider - 1) <= _UNSEEN or pixels <= 1 else wider


def resize(image: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return `image`, (channel, row, col) uint8 in 0..255, at `shape` (rows, columns).

    Shrunk along both axes, a pixel is the mean of the area that it covers, rounded along each axis: no aliasing,
    and no ringing that a linear model would learn. Otherwise Keys' cubic (a = -0.5; Keys 1981, eq. 15) is used,
    widened by the factor along an axis that shrinks. An image of that shape already is returned as it is.
    """
    if image.shape[1:] == shape:
        return image
    rows, cols = shape
    shrinks = rows <= image.shape[1] and cols <= image.shape[2]
    method = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
    return np.stack([np.asarray(Image.fromarray(plane).resize((cols, rows), method)) for plane in image])
