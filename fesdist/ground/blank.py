"""Pictures that show nothing, black, white, or one colour all over, and faces of which the light shows too little."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.exposure import face_area

_BLACK, _WHITE, _CONTRAST = 32 / 255, 239 / 255, 16 / 255
"""Of the whole range: what is below the first, above the second, or spans less than the third, nobody sees."""

_OVERLOOKED = 200
"""One pixel in so many may be darker, and one brighter: a speck or a date is no picture."""

_SIDE = 128
"""Rows and columns that are looked at, spread evenly."""

TOO_DARK = "too dark"

_DARK, _BRIGHTEST, _BURNT, _MUCH = 80 / 255, 1 / 20, 250 / 255, 1 / 8
"""A face of which less than a twentieth reaches the first is too dark, one with so much above the third is burnt out.

The darkest of 80 people photographed in a studio has 97/255, and at most a thousandth of a face there is above 250/255.
"""


def shown_instead(picture: NDArray[Any]) -> str:
    """Return what a picture shows in the place of something, such as "black all over"; "" if it shows something.

    `picture` is (channel, row, col), unsigned integers or floating point in [0, 1].

    >>> shown_instead(np.zeros((3, 8, 8), np.uint8)), shown_instead(np.full((1, 4, 4), 0.5))
    ('black all over', 'one colour all over')
    >>> shown_instead(np.eye(2)[None])
    ''
    """
    down, right = (max(1, side // _SIDE) for side in picture.shape[1:])
    values = picture[:, ::down, ::right].reshape(len(picture), -1)
    low, high = _all_but(values.shape[1] // _OVERLOOKED, values)
    if values.dtype.kind == "u":
        low, high = (each / np.iinfo(picture.dtype).max for each in (low, high))
    if high.max() < _BLACK:
        return "black all over"
    if low.min() > _WHITE:
        return "white all over"
    return "one colour all over" if (high - low).max() < _CONTRAST else ""


def spoilt_by_light(face: NDArray[np.uint8]) -> str:
    """Return what the light has made of an aligned face, (channel, row, col): "too dark" or "burnt out"; "" if neither.

    A model adds what it has learned in good light, which on such a face is a patch.

    >>> [spoilt_by_light(np.full((3, 20, 20), grey, np.uint8)) for grey in (60, 128, 255)]
    ['too dark', '', 'burnt out']
    """
    rows, cols = face_area((face.shape[1], face.shape[2]))
    grey = face[:, rows, cols].mean(axis=0) / 255
    if (grey >= _DARK).mean() < _BRIGHTEST:
        return TOO_DARK
    return "burnt out" if (grey >= _BURNT).mean() > _MUCH else ""


def _all_but(overlooked: int, values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the lowest and the highest of each row of values, (row, value), but for so many."""
    last = values.shape[1] - 1 - overlooked
    if values.dtype == np.uint8:  # a fifth of the time that it takes to put them in order
        below = np.stack([np.bincount(row, minlength=256).cumsum() for row in values])
        return (below <= overlooked).sum(axis=1), (below <= last).sum(axis=1)
    ordered = np.partition(values, (overlooked, last), axis=1)
    return ordered[:, overlooked], ordered[:, last]
