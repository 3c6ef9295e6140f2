"""Faces as no training has them: moved, turned, drawn with a pencil, in another light, with whiskers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageOps

Face = NDArray[np.uint8]
"""(channel 3, row, col) uint8 in 0..255."""


@dataclass(frozen=True)
class Kind:
    """A way in which faces are not as those of the training."""

    name: str
    what: str
    """One sentence for people."""
    change: Callable[[Image.Image], Image.Image]

    def of(self, face: Face) -> Face:
        """Return a face, of the same size, as this kind shows it."""
        image = self.change(Image.fromarray(np.ascontiguousarray(np.moveaxis(face, 0, -1))))
        return np.ascontiguousarray(np.moveaxis(np.asarray(image.convert("RGB")), -1, 0))


def _moved(image: Image.Image, share: tuple[float, float], scale: float = 1.0, degrees: float = 0.0) -> Image.Image:
    """Return an image turned about its centre, enlarged, and moved right and down by shares of its side."""
    width, height = image.size
    cos, sin = math.cos(math.radians(degrees)) / scale, math.sin(math.radians(degrees)) / scale
    x, y = width / 2 + share[0] * width, height / 2 + share[1] * height
    matrix = (cos, sin, width / 2 - cos * x - sin * y, -sin, cos, height / 2 + sin * x - cos * y)
    padded = _edges_repeated(image)
    shift = width // 2, height // 2
    a, b, c, d, e, f = matrix
    return padded.transform(
        image.size, Image.Transform.AFFINE, (a, b, c + shift[0], d, e, f + shift[1]), Image.Resampling.BICUBIC
    )


def _edges_repeated(image: Image.Image) -> Image.Image:
    """Return an image of twice the size whose border pixels go on outside it."""
    width, height = image.size
    padding = ((height // 2, height // 2), (width // 2, width // 2), (0, 0))
    return Image.fromarray(np.pad(np.asarray(image), padding, mode="edge"))


def _turned(image: Image.Image) -> Image.Image:
    """Return a face as if the head were turned: one half is narrower than the other, x = u + 0.14 sin(π u)."""
    pixels = np.asarray(image)
    width = pixels.shape[1]
    u = (np.arange(width) + 0.5) / width
    columns = np.clip((u + 0.14 * np.sin(np.pi * u)) * width, 0, width - 1).astype(int)
    return Image.fromarray(np.ascontiguousarray(pixels[:, columns]))


def _pencil(image: Image.Image) -> Image.Image:
    """Return a pencil sketch: gray divided by its own blur, so that only edges are dark."""
    gray = np.asarray(image.convert("L"), np.float64)
    blurred = np.asarray(image.convert("L").filter(ImageFilter.GaussianBlur(image.width / 24)), np.float64)
    return Image.fromarray((255 * np.clip(gray / np.maximum(blurred, 1), 0, 1) ** 2.2).astype(np.uint8)).convert("RGB")


def _outline(image: Image.Image) -> Image.Image:
    """Return dark lines on white where brightness changes most."""
    edges = image.convert("L").filter(ImageFilter.GaussianBlur(image.width / 128)).filter(ImageFilter.FIND_EDGES)
    edges = ImageOps.autocontrast(edges.crop((1, 1, image.width - 1, image.height - 1)), cutoff=1)
    return ImageOps.invert(edges.resize(image.size)).convert("RGB")


def _lit(colour: tuple[float, float, float]) -> Callable[[Image.Image], Image.Image]:
    return lambda image: Image.fromarray((np.asarray(image) * np.array(colour)).clip(0, 255).astype(np.uint8))


def _half_dark(image: Image.Image) -> Image.Image:
    ramp = np.clip(np.linspace(1.5, -0.3, image.width), 0.12, 1.15)[None, :, None]
    return Image.fromarray((np.asarray(image) * ramp).clip(0, 255).astype(np.uint8))


def _coarse(image: Image.Image) -> Image.Image:
    return image.reduce(max(1, image.width // 16)).resize(image.size, Image.Resampling.NEAREST)


def _cat(image: Image.Image) -> Image.Image:
    """Return a face as a cat: striped orange fur by brightness, ears, a muzzle with a nose, and whiskers."""
    side = 4 * image.width
    gray = ImageOps.autocontrast(image.convert("L"), cutoff=2).resize((side, side))
    fur = ImageOps.colorize(gray, black="#2b1608", mid="#c9772c", white="#ffeccc")
    rows, cols = np.mgrid[0:side, 0:side] / side
    stripes = 1 - 0.22 * (np.sin(70 * (rows + 0.35 * np.abs(cols - 0.5))) > 0.55) * (rows < 0.55)
    fur = Image.fromarray((np.asarray(fur) * stripes[:, :, None]).astype(np.uint8))
    draw = ImageDraw.Draw(fur)

    def at(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x * side, y * side) for x, y in points]

    for mirrored in (False, True):

        def across(x: float, mirrored: bool = mirrored) -> float:
            return 1 - x if mirrored else x

        draw.polygon(at((across(0.08), 0.02), (across(0.16), 0.34), (across(0.40), 0.14)), fill="#9a5217")
        draw.polygon(at((across(0.13), 0.08), (across(0.18), 0.28), (across(0.33), 0.15)), fill="#f0b7a4")
        for lift in (-0.05, 0.0, 0.05):
            draw.line(at((across(0.44), 0.60), (across(0.06), 0.60 + lift)), fill="#fffaf0", width=side // 110)
    draw.polygon(at((0.445, 0.545), (0.555, 0.545), (0.5, 0.605)), fill="#5a2430")
    return fur.resize(image.size, Image.Resampling.BOX)


KINDS = (
    Kind("as they are", "People whom no model has seen, as aligned as those it learned from.", lambda image: image),
    Kind(
        "shifted",
        "The whole face lies 5 % of the side too far to the right, and as much too low.",
        lambda image: _moved(image, (0.05, 0.05)),
    ),
    Kind("smaller", "The face is four fifths of its size.", lambda image: _moved(image, (0, 0), scale=0.8)),
    Kind("tilted", "The head is tilted by 15 degrees.", lambda image: _moved(image, (0, 0), degrees=15)),
    Kind("turned", "The head is turned to a side, as a warp of the picture can do it.", _turned),
    Kind("side light", "The light comes from the left alone.", _half_dark),
    Kind("red light", "The light is red; there is next to no blue.", _lit((1.15, 0.42, 0.30))),
    Kind("blue light", "The light is blue; there is next to no red.", _lit((0.30, 0.55, 1.2))),
    Kind("negative", "Bright is dark, and dark is bright.", ImageOps.invert),
    Kind("pencil", "A sketch with a pencil: edges are dark, all else is white.", _pencil),
    Kind("outline", "Lines alone, where brightness changes most.", _outline),
    Kind("coarse", "Sixteen squares across.", _coarse),
    Kind("cat", "Fur, ears and whiskers, painted over the same people.", _cat),
)
"""The first is no change, beside which the others are seen."""
