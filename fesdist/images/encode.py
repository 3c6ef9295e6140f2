"""An array becomes a file, whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fesdist.ground.errors import ImageError
from fesdist.images.decode import SUFFIXES

_OPTIONS: dict[str, dict[str, Any]] = {
    "PNG": {"compress_level": 1},
    "JPEG": {"quality": 95, "subsampling": "4:4:4"},
    "WEBP": {"lossless": True},
    "TIFF": {"compression": "tiff_adobe_deflate"},
    "BMP": {},
}
"""Pillow's format and options; only JPEG loses anything, and no more than it must. PNG's level 1 writes files that
are a twentieth larger than the default's in a quarter of the time, which is most of what synthesizing a face takes."""


def encode(path: Path, image: NDArray[np.uint8]) -> int:
    """Write `image`, (channel, row, col) uint8 in 0..255 with 1 or 3 channels, to `path` in the format of its suffix.

    Returns the bytes of the file.
    PNG, WebP, TIFF and BMP give back the same bits; JPEG is written at quality 95 with full colour resolution.
    Missing folders are made. The file appears under its name when it is complete and replaces an older one in one
    step: a reader, a crash or a full disk never leaves half a file there.

    Raises `ImageError` for a suffix that cannot be written, an array that is no image, or a disk that does not take
    it.
    """
    form = SUFFIXES.get(path.suffix.lower(), "")
    if form not in _OPTIONS:
        raise ImageError(
            f"{path}: {path.suffix or 'no suffix'} is no format to write; expected .png, .jpg, .webp, .tif or .bmp"
        )
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[0] not in (1, 3) or 0 in image.shape:
        raise ImageError(
            f"{path}: cannot write an array of {image.dtype} {image.shape}; expected uint8 (channel, row, col)"
            " with 1 or 3 channels"
        )
    picture = Image.fromarray(image[0] if image.shape[0] == 1 else np.ascontiguousarray(np.moveaxis(image, 0, -1)))
    # Beside the target, as a rename is atomic within one file system only; hidden, so that no folder scan takes it.
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("xb") as file:
                picture.save(file, form, **_OPTIONS[form])
                file.flush()
                os.fsync(file.fileno())
                n_bytes = os.fstat(file.fileno()).st_size
            partial.replace(path)
            return n_bytes
        finally:
            partial.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ImageError(f"{path}: cannot be written ({reason}); expected a writable folder with room") from error
