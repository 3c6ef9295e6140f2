"""TIFF files of 8 or 16 bits a sample with everything that a photograph's file had; Pillow writes no colours of 16."""

from __future__ import annotations

import zlib
from typing import BinaryIO

import numpy as np
from PIL import Image, TiffImagePlugin, TiffTags

from fesdist.images.belongings import PixelValues

_DEFLATE = 8
_LEVEL = 3
_HORIZONTAL_DIFFERENCES = 2
_INCH = 2
_STRIP_BYTES = 1 << 18


def write_tiff(
    file: BinaryIO,
    values: PixelValues,
    *,
    exif: bytes = b"",
    icc_profile: bytes = b"",
    xmp: bytes = b"",
    dpi: tuple[float, float] | None = None,
) -> None:
    """Write values (channel, row, col), gray or RGB with or without alpha, as a TIFF with lossless compression.

    Adobe's deflate over differences of neighbours (TIFF 6.0, section 14, and its technical note of 2002).
    """
    channels, rows, cols = values.shape
    alpha = channels in (2, 4)
    bits = 8 * values.dtype.itemsize
    step = max(1, _STRIP_BYTES // (channels * cols * values.dtype.itemsize))
    strips = [_compressed(values[:, row : row + step]) for row in range(0, rows, step)]
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    _describe(directory, exif)
    directory[TiffImagePlugin.IMAGEWIDTH] = cols
    directory[TiffImagePlugin.IMAGELENGTH] = rows
    directory[TiffImagePlugin.BITSPERSAMPLE] = (bits,) * channels
    directory[TiffImagePlugin.COMPRESSION] = _DEFLATE
    directory[TiffImagePlugin.PHOTOMETRIC_INTERPRETATION] = 1 if channels < 3 else 2
    directory[TiffImagePlugin.SAMPLESPERPIXEL] = channels
    directory[TiffImagePlugin.ROWSPERSTRIP] = step
    directory[TiffImagePlugin.PLANAR_CONFIGURATION] = 1
    directory[TiffImagePlugin.PREDICTOR] = _HORIZONTAL_DIFFERENCES
    if alpha:
        directory[TiffImagePlugin.EXTRASAMPLES] = 2
    if icc_profile:
        directory[TiffImagePlugin.ICCPROFILE] = icc_profile
    if xmp:
        directory[TiffImagePlugin.XMP] = xmp
    if dpi is not None:
        directory[TiffImagePlugin.RESOLUTION_UNIT] = _INCH
        directory[TiffImagePlugin.X_RESOLUTION], directory[TiffImagePlugin.Y_RESOLUTION] = dpi
    lengths = [len(strip) for strip in strips]
    for tag, entry in (
        (TiffImagePlugin.STRIPBYTECOUNTS, lengths),
        # Pillow counts them from the end of the directory.
        (TiffImagePlugin.STRIPOFFSETS, np.cumsum([0, *lengths[:-1]]).tolist()),
    ):
        directory[tag] = tuple(entry)
        directory.tagtype[tag] = TiffTags.LONG
    directory.save(file)
    file.writelines(strips)


def _describe(directory: TiffImagePlugin.ImageFileDirectory_v2, exif: bytes) -> None:
    """Add the tags of an EXIF block, if they can be written."""
    try:
        found, alone = Image.Exif(), TiffImagePlugin.ImageFileDirectory_v2()
        found.load(exif)
        for tag in found:
            alone[tag] = found.get_ifd(tag) if tag in TiffTags.TAGS_V2_GROUPS else found[tag]
        alone.tobytes()
    except Exception:  # notes that Pillow trips over do not make the image unusable
        return
    for tag, value in alone.items():
        directory[tag] = value


def _compressed(strip: PixelValues) -> bytes:
    pixels = np.ascontiguousarray(np.moveaxis(strip, 0, -1))
    differences = pixels.copy()
    # Of unsigned integers: they wrap, as those who add them up again expect.
    np.subtract(pixels[:, 1:], pixels[:, :-1], out=differences[:, 1:])
    return zlib.compress(differences.astype(differences.dtype.newbyteorder("<"), copy=False).tobytes(), _LEVEL)
