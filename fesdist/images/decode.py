"""A file becomes an array: right side up, 8 bits, one or three channels, or an `ImageError` that says why not."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from fesdist.ground.colour import to_gray
from fesdist.ground.errors import BadParameterError, ImageError
from fesdist.images.belongings import eight_bits
from fesdist.images.formats import EXPECTED, MissingHeifError, formats_of, seems_to_be
from fesdist.images.png import sound_png
from fesdist.images.profiles import profile_of
from fesdist.images.resize import resize
from fesdist.images.sixteen_bits import gray_values
from fesdist.images.turning import SIDEWAYS, orientation_of, upright

MEGAPIXEL = 1_000_000

PIXEL_LIMIT = 64 * MEGAPIXEL
"""Pixels of the largest image that is decoded unless the caller says otherwise."""

ChannelMode = Literal["auto", "rgb", "gray"]
"""Channels wanted of an image: as found, three, or one."""

_GRAY_MODES = frozenset({"1", "L", "LA", "La", "I;16", "I;16L", "I;16B", "I;16N"})


@dataclass(frozen=True)
class ImageHeader:
    """What a file says of its image before a pixel is decoded."""

    shape: tuple[int, int]
    """Rows and columns, right side up."""
    channels: int
    """1 for gray images, otherwise 3; palettes count as colour."""


def read_header(path: Path, *, pixel_limit: int = PIXEL_LIMIT) -> ImageHeader:
    """Return shape and channels of the image in `path` without decoding it.

    Raises `ImageError` as `decode` does, except for damage that only shows in the pixels.
    """
    with opened(path, pixel_limit) as image:
        rows, cols = image.height, image.width
        # Pillow has turned the size of a TIFF already.
        if image.format != "TIFF" and orientation_of(image) in SIDEWAYS:
            rows, cols = cols, rows
        return ImageHeader((rows, cols), 1 if image.mode in _GRAY_MODES else 3)


def decode(
    path: Path,
    *,
    colour: ChannelMode = "auto",
    size: tuple[int, int] | None = None,
    pixel_limit: int = PIXEL_LIMIT,
) -> NDArray[np.uint8]:
    """Return the image in `path`, right side up, as (channel, row, col) uint8 in 0..255.

    8-bit gray and RGB pixels come back as they are stored. Otherwise: EXIF orientation is applied; transparent
    images are laid over white, as viewers show them; 16 bits keep the high byte, v >> 8; 1 bit becomes 0 and 255;
    palettes and CMYK become RGB; of several frames or pages the first counts; colours in a profile become sRGB.
    `colour` "gray" is `fesdist.ground.colour.to_gray`, "rgb" repeats a gray channel. `size` (rows, columns) resizes
    as `resize` does.

    Raises `ImageError` where there is no such file, no image, a damaged one, one of more than `pixel_limit` pixels
    (checked before decoding), or one of 32-bit integers or floating point, whose range nobody knows;
    `BadParameterError` for an unknown `colour`.
    """
    if colour not in ("auto", "rgb", "gray"):
        raise BadParameterError(f"colour mode {colour!r} is unknown: expected auto, rgb or gray")
    with opened(path, pixel_limit) as image:
        pixels = Colours.of(path, upright(image)).seen
    if colour == "gray":
        pixels = to_gray(pixels[None])[0].astype(np.uint8, copy=False)
    elif colour == "rgb" and pixels.shape[0] == 1:
        pixels = np.repeat(pixels, 3, axis=0)
    return pixels if size is None else resize(pixels, size)


@dataclass(frozen=True, eq=False)
class Colours:
    """The pixels of a decoded image of any mode, in 8 bits."""

    own: NDArray[np.uint8]
    """(channel, row, col), gray or RGB, as the file has them."""
    alpha: NDArray[np.uint8] | None
    """(row, col)"""
    profile: bytes
    """ICC profile in which `own` is; empty is sRGB."""

    @classmethod
    def of(cls, path: Path, image: Image.Image) -> Colours:
        """Return the colours of an upright image; raises `ImageError` for pixels whose range nobody knows."""
        data = image.info.get("icc_profile") or b""
        profile = profile_of(data)
        if profile is not None and profile.mode == "CMYK" == image.mode:
            return cls(profile.to_srgb(_channels(image)), None, b"")
        own, alpha = _split(path, image)
        # Many photographs share these bytes.
        return cls(own, alpha, profile.data if profile is not None and profile.channels == len(own) else b"")

    @cached_property
    def seen(self) -> NDArray[np.uint8]:
        """Return (channel, row, col) in sRGB, laid over white where transparent."""
        profile = profile_of(self.profile)
        pixels = profile.to_srgb(self.own) if profile is not None and profile.changes else self.own
        if self.alpha is None:
            return pixels
        front = Image.merge(
            "RGBA", [Image.fromarray(plane) for plane in (*np.broadcast_to(pixels, (3, *self.alpha.shape)), self.alpha)]
        )
        over = Image.alpha_composite(Image.new("RGBA", front.size, "white"), front)
        return _channels(over)[: len(pixels)]


def _split(path: Path, image: Image.Image) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Return the colours, gray or RGB, and the alpha of an image."""
    gray = image.mode in _GRAY_MODES
    if image.mode.startswith("I;16"):
        return eight_bits(gray_values(image))[None], None
    if image.mode in ("I", "F"):
        kind = "32-bit or signed integers" if image.mode == "I" else "floating point"
        raise refusal(path, f"its pixels are {kind}, whose range is unknown", "8 or 16 bits a channel; convert it")
    if image.has_transparency_data:
        front = _channels(image.convert("RGBA"))
        return front[: 1 if gray else 3], front[3]
    return _channels(image.convert("L" if gray else "RGB")), None


def _channels(image: Image.Image) -> NDArray[np.uint8]:
    """Return (channel, row, col) of an image of 8 bits."""
    return np.ascontiguousarray(np.moveaxis(np.atleast_3d(np.asarray(image)), -1, 0))


@contextmanager
def opened(path: Path, pixel_limit: int) -> Iterator[Image.Image]:
    """Open an image, its pixels not decoded yet; whatever goes wrong inside becomes an `ImageError`."""
    try:
        if path.is_dir():
            raise refusal(path, "it is a folder")
        if not path.exists():
            raise refusal(path, "it is a link that leads nowhere" if path.is_symlink() else "there is no such file")
        if not path.is_file():
            raise refusal(path, "it is neither a file nor a folder")
        if path.stat().st_size == 0:
            raise refusal(path, "the file is empty")
        # Given a name, Pillow 13 maps uncompressed TIFF files into memory and garbles those that are to be turned.
        with path.open("rb") as file, _open_header(path, file) as image:
            n_pixels = image.width * image.height
            if n_pixels > pixel_limit:
                found = f"the image has {image.width} x {image.height} = {n_pixels:,} pixels"
                raise refusal(path, found, f"at most {pixel_limit:,}; reduce the image or raise the pixel limit")
            yield image
    except ImageError:
        raise
    except Exception as error:  # Pillow's parsers raise whatever the damage makes them trip over
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or repr(error)
        raise refusal(path, f"the file cannot be read or is damaged ({reason})") from error


_HEADERS = threading.Lock()


def _open_header(path: Path, file: BinaryIO) -> Image.Image:
    """Read the header with Pillow's own limit on pixels switched off.

    That limit is one for the whole process, warns at one size and raises at another; `pixel_limit` stands in for it.
    It and the warning filters are changed for this moment only, by one thread at a time.
    """
    with _HEADERS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(sound_png(file), formats=formats_of(file))
        except MissingHeifError as missing:
            raise ImageError(f"{path}: {missing}") from missing
        except UnidentifiedImageError:
            file.seek(0)
            start = file.read(12)
            if name := seems_to_be(start):
                raise refusal(path, f"the file begins like {name}, but is damaged", "a whole one") from None
            raise refusal(path, f"the file starts with {start!r}, which is no known image") from None
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def refusal(path: Path, found: str, expected: str = EXPECTED) -> ImageError:
    return ImageError(f"{path}: {found}; expected {expected}")
