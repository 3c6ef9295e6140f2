"""Which way up a photograph is, and how it is turned."""

from __future__ import annotations

import numpy as np
from PIL import ExifTags, Image

from fesdist.images.belongings import PixelValues

SIDEWAYS = frozenset({5, 6, 7, 8})
"""EXIF orientations that exchange rows and columns."""
_ROWS_REVERSED = frozenset({3, 4, 7, 8})
_COLUMNS_REVERSED = frozenset({2, 3, 6, 7})

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation of an image that is open, 1 to 8; 1 if there is none, or damaged EXIF."""
    try:
        # The PNG class would decode the whole image to look for EXIF.
        found = Image.Image.getexif(image).get(ExifTags.Base.Orientation)
    except Exception:  # what a camera noted does not make pixels unusable, whatever Pillow trips over in it
        return 1
    return found if found in _TURNS else 1


def upright(image: Image.Image) -> Image.Image:
    """Return the image as it is to be seen, decoded."""
    orientation = orientation_of(image)
    image.load()
    # Pillow turns a TIFF while it decodes.
    if orientation == 1 or image.format == "TIFF":
        return image
    return image.transpose(_TURNS[orientation])


def turned(values: PixelValues, orientation: int) -> PixelValues:
    """Return values (channel, row, col) that are stored with an EXIF orientation as they are to be seen."""
    if orientation in SIDEWAYS:
        values = np.swapaxes(values, 1, 2)
    rows, cols = orientation in _ROWS_REVERSED, orientation in _COLUMNS_REVERSED
    return values[:, :: -1 if rows else 1, :: -1 if cols else 1]
