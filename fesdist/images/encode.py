"""An array becomes a file, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, PngImagePlugin

from fesdist.ground.errors import ImageError
from fesdist.ground.files import whole_file
from fesdist.images.belongings import Belongings, PixelValues, eight_bits
from fesdist.images.exif import exif_for, xmp_for
from fesdist.images.formats import SUFFIXES, MissingHeifError, register_heif
from fesdist.images.png import write_png_of_sixteen_bits
from fesdist.images.tiff import write_tiff

_OPTIONS: dict[str, dict[str, Any]] = {
    "PNG": {"compress_level": 1},
    "JPEG": {"quality": 95, "subsampling": "4:4:4"},
    "WEBP": {"lossless": True},
    "TIFF": {},
    "BMP": {},
    "AVIF": {"quality": 90, "subsampling": "4:4:4"},
    "HEIF": {"quality": 90, "chroma": 444},
}
"""Pillow's format and options, of files that were not of this format before. PNG's level 1 writes files that
are a twentieth larger than the default's in a quarter of the time, which is most of what synthesizing a face takes."""

_MODES = {2: "LA", 3: "RGB", 4: "RGBA"}
"""Pillow's, by the number of channels."""
_TRANSPARENT = frozenset({"PNG", "WEBP", "TIFF", "AVIF", "HEIF"})
_SIXTEEN_BITS = frozenset({"PNG", "TIFF"})
_JPEG_MARKER = 65_533
"""Bytes that fit into one of a JPEG's markers."""
_XMP_MARKER = b"http://ns.adobe.com/xap/1.0/\0"

_NOTHING = Belongings()


def encode(path: Path, image: PixelValues, belongings: Belongings = _NOTHING) -> int:
    """Write `image`, (channel, row, col) uint8 or uint16 with 1 or 3 channels, to `path` in the format of its suffix.

    Returns the bytes of the file. `belongings` are those of the photograph of which the image was made: profile,
    alpha, EXIF, XMP, resolution and the way of coding, as far as the format holds them; see `Belongings.colours` for
    the pixels.

    PNG, WebP, TIFF and BMP give back the same bits, PNG and TIFF all 16 of them, the others the 8 high ones. JPEG is
    written with the tables of the photograph, or else at quality 95 with full colour resolution; a WebP that lost
    something before, at 95; AVIF and HEIC at 90. The file appears as `fesdist.ground.files.whole_file` says.

    Raises `ImageError` for a suffix that cannot be written, an array that is no image, or a disk that does not take
    it.
    """
    form = SUFFIXES.get(path.suffix.lower(), "")
    if form not in _OPTIONS:
        raise ImageError(
            f"{path}: {path.suffix or 'no suffix'} is no format to write; expected .png, .jpg, .webp, .tif, .bmp, "
            ".avif or .heic"
        )
    if image.dtype not in (np.uint8, np.uint16) or image.ndim != 3 or len(image) not in (1, 3) or 0 in image.shape:
        raise ImageError(
            f"{path}: cannot write an array of {image.dtype} {image.shape}; expected uint8 or uint16 "
            "(channel, row, col) with 1 or 3 channels"
        )
    values, profile = belongings.colours(image, alpha=form in _TRANSPARENT)
    if form not in _SIXTEEN_BITS:
        values = eight_bits(values)
    options = _told(form, belongings, profile, image.shape[1:])
    return write_image(path, lambda file: _save(file, form, values, options))


def write_image(path: Path, save: Callable[[BinaryIO], None]) -> int:
    """Write what `save` writes to a file, which appears as `fesdist.ground.files.whole_file` says; return its bytes.

    Raises `ImageError` for a disk that does not take it.
    """
    try:
        with whole_file(path) as file:
            save(file)
            file.flush()
            return os.fstat(file.fileno()).st_size
    except MissingHeifError as missing:
        raise ImageError(f"{path}: {missing}") from missing
    except Exception as error:  # Pillow's writers raise whatever they trip over in what the photograph's file had
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ImageError(f"{path}: cannot be written ({reason}); expected a writable folder with room") from error


def _save(file: BinaryIO, form: str, values: PixelValues, options: Mapping[str, Any]) -> None:
    if form == "TIFF":
        write_tiff(file, values, **options)
    elif values.dtype == np.uint16:
        write_png_of_sixteen_bits(file, values, **options)
    else:
        if form == "HEIF":
            register_heif()
        # Pillow joins planes much faster than numpy moves an axis.
        bands = [Image.fromarray(np.ascontiguousarray(plane)) for plane in values]
        picture = bands[0] if len(bands) == 1 else Image.merge(_MODES[len(bands)], bands)
        picture.save(file, form, **options)


def _told(form: str, belongings: Belongings, profile: bytes, shape: tuple[int, ...]) -> dict[str, Any]:
    """Return the options with which everything is stored that the format can hold."""
    rows, cols = shape
    exif, xmp = exif_for(belongings.exif, (rows, cols)), xmp_for(belongings.xmp)
    options = dict(belongings.coding if belongings.coding and belongings.form == form else _OPTIONS[form])
    if belongings.dpi is not None and form in ("PNG", "JPEG", "TIFF", "BMP"):
        options["dpi"] = belongings.dpi
    if form == "BMP":
        return options
    if form == "JPEG":
        exif = b"Exif\0\0" + exif if exif else b""
        exif = exif if len(exif) <= _JPEG_MARKER else b""
        xmp = xmp if len(_XMP_MARKER) + len(xmp) <= _JPEG_MARKER else b""
    if form == "PNG" and xmp:
        texts = PngImagePlugin.PngInfo()
        texts.add_itxt("XML:com.adobe.xmp", xmp.decode("utf-8", "replace"))
        options["pnginfo"] = texts
    elif xmp:
        options["xmp"] = xmp
    if exif:
        options["exif"] = exif
    if profile:
        options["icc_profile"] = profile
    return options
