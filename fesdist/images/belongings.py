"""What a photograph's file has beside the pixels that a model sees, and how changed pixels get it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.images.profiles import profile_of

PixelValues = NDArray[np.unsignedinteger[Any]]
"""uint8 in 0..255, or uint16 in 0..65535."""

_STRIP_PIXELS = 1 << 18
"""Pixels in wider integers at a time, so that a photograph of 64 megapixels needs little more than itself."""


@dataclass(frozen=True, eq=False)
class Original:
    """The file's own colours, upright, where alpha or a profile makes them unlike what a model sees."""

    values: PixelValues
    """(channel, row, col), gray or RGB."""
    seen: PixelValues
    """(channel, row, col): what stands for them in sRGB and over white; of 8 bits if the profile changes colours."""
    alpha: PixelValues | None
    """(row, col), of the dtype of `values`."""

    def fits(self, image: PixelValues) -> bool:
        """Return whether an image has this size, and these channels or a gray one repeated."""
        return self.values.shape[1:] == image.shape[1:] and len(self.values) in (1, len(image))

    def changed(self, image: PixelValues, back: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] | None) -> PixelValues:
        """Return values + back(image) - back(seen), clipped, and alpha as the last channel if there is any."""
        channels, rows, cols = image.shape
        most = np.iinfo(self.values.dtype).max
        scale = most // np.iinfo(self.seen.dtype).max
        result = np.empty((channels + (self.alpha is not None), rows, cols), self.values.dtype)
        result[:channels] = self.values
        if self.alpha is not None:
            result[-1] = self.alpha
        for strip in _strips(rows, cols):
            after, before = _alike(image[:, strip], self.seen.dtype), self.seen[:, strip]
            touched = np.flatnonzero((after != before).any(axis=(0, 1)))
            if not touched.size:
                continue
            part = (slice(channels), strip, slice(touched[0], touched[-1] + 1))
            after, before = after[..., part[-1]], np.broadcast_to(before, after.shape)[..., part[-1]]
            if back is not None:
                after, before = back(eight_bits(after)), back(eight_bits(before))
            change = (after.astype(np.int32) - before) * scale
            result[part] = np.clip(result[part] + change, 0, most)
        return result


@dataclass(frozen=True, eq=False)
class Belongings:
    """What of a photograph's file goes into images made of it; the default is a file with nothing but pixels."""

    form: str = ""
    """Pillow's name of the file's format."""
    coding: Mapping[str, Any] = field(default_factory=dict)
    """Pillow's options that write this format as the file was: the tables of a JPEG, for instance."""
    exif: bytes = b""
    """As in the file, orientation and thumbnail included, without the word Exif in front."""
    xmp: bytes = b""
    profile: bytes = b""
    """ICC profile of the file's own colours, gray or RGB; of CMYK there is none, as images made of it are RGB."""
    dpi: tuple[float, float] | None = None
    """Along columns and along rows of the upright photograph."""
    original: Original | None = None
    """None if the pixels that a model sees are those of the file."""

    def of_another_size(self) -> Belongings:
        """Return what images of another size than the photograph's get, which holds none of its pixels."""
        return replace(self, original=None)

    def colours(self, image: PixelValues, *, alpha: bool) -> tuple[PixelValues, bytes]:
        """Return the values to store for an image, and the profile in which they are; empty is sRGB.

        `image` is (channel, row, col) in sRGB over white. At the photograph's own size the change is put on the file's
        own colours: own + back(image) - back(seen), where `back` leads from sRGB to the profile, and alpha follows as
        the last channel. So what the image leaves alone is stored to the bit, also colours outside sRGB and those
        behind transparent places. At another size, or if the format holds no transparency (`alpha` false), it is
        back(image). A profile of another number of channels than the image's is left out.
        """
        profile = profile_of(self.profile)
        carried = profile is not None and profile.channels == len(image)
        back = profile.from_srgb if profile is not None and profile.changes else None
        if back is not None and not carried:
            return image, b""
        data = self.profile if carried else b""
        if (own := self.original) is not None and own.fits(image) and (alpha or own.alpha is None):
            return own.changed(image, back), data
        return (image if back is None else back(eight_bits(image))), data


def eight_bits(values: PixelValues) -> NDArray[np.uint8]:
    """Return values of 8 or 16 bits in 8: the high byte, as everywhere."""
    return (values if values.dtype == np.uint8 else values >> 8).astype(np.uint8, copy=False)


def _alike(values: PixelValues, dtype: np.dtype[Any]) -> PixelValues:
    """Return the values in the bits of `dtype`."""
    if values.dtype == dtype:
        return values
    return eight_bits(values) if dtype == np.uint8 else values.astype(np.uint16) * np.uint16(257)


def _strips(rows: int, cols: int) -> Iterator[slice]:
    step = max(1, _STRIP_PIXELS // cols)
    return (slice(row, min(row + step, rows)) for row in range(0, rows, step))
