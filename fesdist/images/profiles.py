"""Colours as a photograph's own profile means them, and as sRGB: there, and back."""

from __future__ import annotations

import io
from functools import cache, cached_property, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_MODES: dict[str, tuple[str, int]] = {"RGB": ("RGB", 3), "GRAY": ("L", 1), "CMYK": ("CMYK", 4)}
"""Pillow's mode and the number of channels for the colour spaces of profiles that are understood."""

_SAME = 2
"""Profiles that move no colour by more, in 0..255, are sRGB under another name: such pixels stay as they are."""

_PIXELS_AT_ONCE = 1 << 20


class Profile:
    """An ICC profile that is understood; made by `profile_of`."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        self.mode, self.channels = _MODES[self._profile.profile.xcolor_space.strip()]
        self._to = self._transform("to")

    @cached_property
    def changes(self) -> bool:
        """Return whether colours mean anything else than in sRGB."""
        if self.mode == "CMYK":
            return True
        steps = np.linspace(0, 255, 9 if self.mode == "RGB" else 256).astype(np.uint8)
        probe = np.stack(np.meshgrid(*[steps] * self.channels)).reshape(self.channels, 1, -1)
        return int(np.abs(self.to_srgb(probe).astype(np.int16) - probe).max()) > _SAME

    def to_srgb(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return (channel, row, col) uint8 in sRGB of pixels in this profile; gray stays gray, CMYK becomes RGB."""
        return _applied(self._to, pixels, self.mode, min(self.channels, 3))

    def from_srgb(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return (channel, row, col) uint8 in this profile of pixels in sRGB, for gray and RGB profiles."""
        return _applied(self._back, pixels, "RGB", self.channels)

    @cached_property
    def _back(self) -> ImageCms.ImageCmsTransform:
        return self._transform("back")

    def _transform(self, way: Literal["to", "back"]) -> ImageCms.ImageCmsTransform:
        (source, mode), (target, to) = (self._profile, self.mode), (_srgb(), "RGB")
        if way == "back":
            (source, mode), (target, to) = (target, to), (source, mode)
        flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
        # Tables that make RGB ten times as fast are coarse in the shadows of gray.
        flags |= ImageCms.Flags.NOOPTIMIZE if self.mode == "L" else ImageCms.Flags.NONE
        return ImageCms.buildTransform(source, target, mode, to, ImageCms.Intent.RELATIVE_COLORIMETRIC, flags)


@lru_cache(maxsize=8)
def profile_of(data: bytes) -> Profile | None:
    """Return the profile of these bytes; None if there are none, or damaged ones, or of a colour space like Lab."""
    if not data:
        return None
    try:
        return Profile(data)
    except (ImageCms.PyCMSError, OSError, KeyError, ValueError, TypeError):
        return None


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _applied(
    transform: ImageCms.ImageCmsTransform, pixels: NDArray[np.uint8], mode: str, channels: int
) -> NDArray[np.uint8]:
    """Return `channels` channels (channel, row, col) of pixels after a transform from `mode`, strip by strip."""
    _, rows, cols = pixels.shape
    if mode == "RGB":
        pixels = np.broadcast_to(pixels, (3, rows, cols))
    result = np.empty((channels, rows, cols), np.uint8)
    step = max(1, _PIXELS_AT_ONCE // cols)
    for row in range(0, rows, step):
        strip = np.ascontiguousarray(np.moveaxis(pixels[:, row : row + step], 0, -1))
        picture = transform.apply(Image.frombuffer(mode, (cols, len(strip)), strip))
        values = np.moveaxis(np.atleast_3d(np.asarray(picture)), -1, 0)
        # Of neutral colours, green is what gray means.
        result[:, row : row + step] = values if len(values) == channels else values[1:2]
    return result
