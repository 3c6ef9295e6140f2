"""Pairs of faces for models whose speed depends on what the pictures show: photographs, or drawn faces without them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fesdist.faces.generate import face
from fesdist.ground.colour import to_gray
from tests.conftest import data_place

Images = NDArray[np.uint8]

EXPRESSIONS = ("neutral", "smiling")
DRAWN = ("neutral", "happy")


@dataclass(frozen=True)
class Faces:
    """Inputs and targets, (sample, channel, row, col) uint8, and where they are from."""

    inputs: Images
    targets: Images
    source: str

    @property
    def pairs(self) -> tuple[Images, Images]:
        return self.inputs, self.targets

    def gray(self) -> Faces:
        """Return the same faces in gray."""
        return Faces(to_gray(self.inputs), to_gray(self.targets), f"{self.source}, gray")

    def gray_samples(self, n: int) -> Faces:
        """Return `n` gray samples: all channels as they are, then moved down by a row, by two rows, ..."""
        many = []
        for images in self.pairs:
            planes = images.reshape(-1, 1, *images.shape[2:])
            moves = range(-(-n // len(planes)))
            many.append(np.concatenate([np.roll(planes, rows, axis=2) for rows in moves])[:n])
        return Faces(many[0], many[1], f"channels of {self.source}, moved by some rows")


@cache
def faces(n: int, side: int) -> Faces:
    """Return `n` pairs of colour images, `side` x `side`."""
    folder = data_place() / "london_aligned_128"
    if folder.is_dir():
        inputs, targets = (_read(folder / name, n, side) for name in EXPRESSIONS)
        return Faces(inputs, targets, f"{n} pairs of London photographs")
    inputs, targets = (np.array([face(person, name, side) for person in range(n)]) for name in DRAWN)
    return Faces(inputs, targets, f"{n} pairs of drawn faces")


def _read(folder: Path, n: int, side: int) -> Images:
    images = []
    for path in sorted(folder.iterdir())[:n]:
        with Image.open(path) as image:
            small = image.convert("RGB").resize((side, side), Image.Resampling.BOX)
        images.append(np.asarray(small).transpose(2, 0, 1))
    return np.array(images)
