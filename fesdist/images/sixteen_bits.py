"""Colours of 16 bits, which Pillow reads as 8."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fesdist.images.belongings import PixelValues
from fesdist.images.turning import turned

_PNG_DEPTH = 24
"""Where a PNG says how many bits a sample has."""
_BITS_PER_SAMPLE = 258
_PHOTOMETRIC_INTERPRETATION = 262
_RGBA = (2, 1, 0, 3)
"""Where OpenCV has them."""


def has_sixteen_bits(path: Path, image: Image.Image) -> bool:
    """Return whether a PNG or TIFF, opened by Pillow and not loaded, has colours of 16 bits."""
    if image.mode not in ("RGB", "RGBA"):
        return False
    if image.format == "PNG":
        with path.open("rb") as file:
            return file.read(_PNG_DEPTH + 1)[_PNG_DEPTH:] == b"\x10"
    return image.format == "TIFF" and set(getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, ())) == {16}


def gray_values(image: Image.Image) -> NDArray[np.uint16]:
    """Return the values of a gray image of 16 bits that is loaded, (row, col): 0 is black, also where a TIFF has white.

    Pillow turns such values of 8 bits only.
    """
    values = np.asarray(image).astype(np.uint16)
    tags = getattr(image, "tag_v2", {})
    white_is_zero = tags.get(_PHOTOMETRIC_INTERPRETATION) == 0 and tags.get(_BITS_PER_SAMPLE) == (16,)
    return np.invert(values) if white_is_zero else values


def read_sixteen_bits(path: Path, eight: NDArray[np.uint8], orientation: int) -> NDArray[np.uint16] | None:
    """Return the colours in `path`, (channel, row, col) uint16: RGB, or RGB and alpha, upright.

    `eight` is the same image as Pillow reads it, upright, uint8. Two programs must agree on every high byte; where
    they do not, or OpenCV cannot read the file, there are no 16 bits: None. `orientation` is EXIF's.
    """
    import cv2

    # Unknown tags of a TIFF are no news. The variable itself counts only until somebody imports OpenCV, and must not be
    # set while other threads may read it.
    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    found = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None or found.dtype != np.uint16 or found.ndim != 3 or found.shape[-1] != len(eight):
        return None
    stored: PixelValues = np.moveaxis(found.astype(np.uint16, copy=False), -1, 0)[list(_RGBA[: len(eight)])]
    # Some releases turn a TIFF, others do not.
    for colours in (stored, turned(stored, orientation)):
        if colours.shape == eight.shape and np.array_equal(colours >> 8, eight):
            return np.ascontiguousarray(colours, np.uint16)
    return None


def over_white(colours: PixelValues, alpha: PixelValues) -> NDArray[np.uint16]:
    """Return colours (channel, row, col) with alpha (row, col) laid over white: (v a + w (w - a)) / w, w = 65535."""
    white = np.uint32(0xFFFF)
    # The largest sum, w w + w / 2, is just below 2 ** 32.
    total = colours * alpha.astype(np.uint32) + white * (white - alpha)
    return ((total + white // 2) // white).astype(np.uint16)
