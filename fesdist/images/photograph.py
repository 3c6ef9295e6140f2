"""A photograph's file becomes pixels for a model, and everything else that images made of it shall have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin

from fesdist.images.belongings import Belongings, Original, PixelValues
from fesdist.images.decode import PIXEL_LIMIT, Colours, opened
from fesdist.images.exif import exif_of
from fesdist.images.profiles import profile_of
from fesdist.images.sixteen_bits import gray_values, has_sixteen_bits, over_white, read_sixteen_bits
from fesdist.images.turning import SIDEWAYS, orientation_of, upright

_MOST_DPI = 100_000


@dataclass(frozen=True, eq=False)
class Photograph:
    """A photograph, decoded."""

    pixels: NDArray[np.uint8]
    """(channel, row, col) in 0..255, gray or RGB, upright, in sRGB and over white: what `decode` returns."""
    fine: PixelValues
    """The same; of 16 bits, 0..65535, where the file has them, otherwise `pixels` itself. Changes are added to it."""
    belongings: Belongings


def read_photograph(path: Path, *, pixel_limit: int = PIXEL_LIMIT) -> Photograph:
    """Return the photograph in `path` with all that `encode` can give to images made of it.

    Colours in a profile that changes them have 8 bits in `fine`; what is made of them is added to the 16 of the file
    all the same. Raises `ImageError` as `decode` does.
    """
    with opened(path, pixel_limit) as image:
        orientation, sixteen = orientation_of(image), has_sixteen_bits(path, image)
        form, coding = _coding(path, image)
        image.load()
        exif, xmp, dpi = exif_of(image), _xmp(image), _dpi(image, orientation)
        picture = upright(image)
        colours = Colours.of(path, picture)
        values, alpha = _deepest(path, picture, colours, orientation if sixteen else None)
    profile = profile_of(colours.profile)
    changes = profile is not None and profile.changes
    if changes or values.dtype == np.uint8:
        fine: PixelValues = colours.seen
    else:
        fine = values if alpha is None else over_white(values, alpha)
    original = Original(values, fine, alpha) if changes or alpha is not None else None
    return Photograph(colours.seen, fine, Belongings(form, coding, exif, xmp, colours.profile, dpi, original))


def _deepest(
    path: Path, picture: Image.Image, colours: Colours, orientation: int | None
) -> tuple[PixelValues, PixelValues | None]:
    """Return the colours and alpha of an upright picture in as many bits as can be had; `orientation` is the file's."""
    if picture.mode.startswith("I;16"):
        return gray_values(picture)[None], None
    if orientation is not None:
        eight = colours.own if colours.alpha is None else np.concatenate([colours.own, colours.alpha[None]])
        if (found := read_sixteen_bits(path, eight, orientation)) is not None:
            return found[:3], found[3] if len(found) == 4 else None
    return colours.own, colours.alpha


def _coding(path: Path, image: Image.Image) -> tuple[str, dict[str, Any]]:
    """Return Pillow's name of the format, and its options to write another image in the same way."""
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        subsampling = JpegImagePlugin.get_sampling(image)
        tables = image.quantization
        if image.layers not in (1, 3) or not tables or image.info.get("adobe_transform") == 0:
            return "JPEG", {}
        coding: dict[str, Any] = {"qtables": tables, "subsampling": subsampling if subsampling >= 0 else "4:4:4"}
        return "JPEG", coding | ({"progressive": True} if image.info.get("progressive") else {})
    if image.format == "WEBP" and _webp_loses(path):
        return "WEBP", {"quality": 95}
    return image.format or "", {}


def _webp_loses(path: Path) -> bool:
    """Return whether the first picture of a WebP file is stored in the way that loses something."""
    with path.open("rb") as file:
        start = file.read(1 << 16)
    lossless, lossy = start.find(b"VP8L"), start.find(b"VP8 ")
    return lossy >= 0 and not 0 <= lossless < lossy


def _xmp(image: Image.Image) -> bytes:
    """Return the XMP packet, which a TIFF may hold as text; empty if there is none."""
    found = image.info.get("xmp", b"")
    if isinstance(found, str):
        found = found.encode("latin-1")  # as which Pillow has read it
    return found if isinstance(found, bytes) else b""


def _dpi(image: Image.Image, orientation: int) -> tuple[float, float] | None:
    """Return the resolution along columns and rows of the upright photograph."""
    try:
        x, y = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    if not (0 < x < _MOST_DPI and 0 < y < _MOST_DPI):
        return None
    return (y, x) if orientation in SIDEWAYS else (x, y)
