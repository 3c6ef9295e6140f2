"""Several images become one file that moves: WebP, PNG or GIF, for ever from the last to the first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fesdist.ground.errors import ImageError
from fesdist.images.encode import write_image

_OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    ".webp": ("WEBP", {"quality": 90, "method": 3}),
    ".png": ("PNG", {"compress_level": 1}),
    ".gif": ("GIF", {"disposal": 1}),
}

_PALETTE_IMAGES = 8
_PALETTE_PIXELS = 1 << 17
"""From which the colours of a GIF are chosen."""


def encode_animation(path: Path, images: Sequence[NDArray[np.uint8]], milliseconds: int) -> int:
    """Write images, (channel, row, col) uint8 of one shape with 1 or 3 channels, each shown for so long.

    Returns the bytes of the file, which appears when it is complete. PNG gives back the same bits, WebP is written at
    quality 90, GIF has 256 colours. Raises `ImageError` for another suffix, or a disk that does not take it.
    """
    if (suffix := path.suffix.lower()) not in _OPTIONS:
        raise ImageError(f"{path}: {suffix or 'no suffix'} is no format that moves; expected .webp, .png or .gif")
    form, options = _OPTIONS[suffix]
    frames = [Image.fromarray(image[0] if len(image) == 1 else np.moveaxis(image, 0, -1).copy()) for image in images]
    if form == "GIF" and len(images[0]) > 1:
        # One palette for all: a palette an image takes seconds, and flickers. By coverage, as colours of a small part
        # of the image, such as lips, have hardly any share in a palette by frequency.
        palette = Image.fromarray(_sampled(images)).quantize(256, Image.Quantize.MAXCOVERAGE)
        frames = [frame.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for frame in frames]

    def save(file: BinaryIO) -> None:
        frames[0].save(file, form, save_all=True, append_images=frames[1:], duration=milliseconds, loop=0, **options)

    return write_image(path, save)


def _sampled(images: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Return pixels from some of the images, spread over all, as one picture (1, pixel, colour)."""
    some = [image.reshape(3, -1) for image in images[:: max(1, len(images) // _PALETTE_IMAGES)]]
    stride = max(1, sum(image.shape[1] for image in some) // _PALETTE_PIXELS)
    return np.ascontiguousarray(np.concatenate(some, axis=1)[:, ::stride].T[None])
