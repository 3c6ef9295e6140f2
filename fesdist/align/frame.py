"""Where aligned faces lie: eyes at fixed places of the image, and the similarity that brings a photograph there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fesdist.align.face import Face
from fesdist.ground.errors import BadParameterError

Fractions = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Frame:
    """Where the eyes of all faces lie in the images of a model. Raises BadParameterError for eyes that are none."""

    eyes: Fractions
    """(x, y) of the left eye in the image, then of the right one, as fractions of its width and height."""

    def __post_init__(self) -> None:
        (left_x, left_y), (right_x, right_y) = self.eyes
        inside = all(0 < part < 1 for eye in self.eyes for part in eye)
        if not inside or right_x - left_x < 0.05 or abs(right_y - left_y) >= right_x - left_x:
            raise BadParameterError(
                f"eyes at {left_x:g},{left_y:g} and {right_x:g},{right_y:g}; expected fractions of the image's width "
                "and height, the eye on the left of the image first, such as 0.345,0.36,0.655,0.36"
            )


USUAL = Frame(((0.345, 0.36), (0.655, 0.36)))
"""The whole head of most people, with the mouth's centre at (0.5, 0.7)."""


@dataclass(frozen=True)
class Placement:
    """A similarity: what the model's image has at w is in the photograph at z = turn w + shift.

    Both are complex numbers x + iy in pixels, where pixel (i, j) covers [j, j + 1) x [i, i + 1).
    """

    turn: complex
    shift: complex

    @property
    def scale(self) -> float:
        """Return how many pixels of the photograph a pixel of the model is wide."""
        return abs(self.turn)

    def corners(self, shape: tuple[int, int]) -> NDArray[np.complex128]:
        """Return the corners of a model's image of `shape` (rows, cols) in the photograph, (4,) complex128."""
        rows, cols = shape
        return self.turn * np.array([0, cols, complex(cols, rows), complex(0, rows)]) + self.shift

    def in_model(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Return where places of the photograph are in the model's image: x and y, of the shape both broadcast to."""
        inverse = 1 / self.turn
        x, y = x - self.shift.real, y - self.shift.imag
        return inverse.real * x - inverse.imag * y, inverse.imag * x + inverse.real * y

    def scaled(self, factor: float) -> Placement:
        """Return the placement in a photograph that is `factor` times as large."""
        return Placement(factor * self.turn, factor * self.shift)

    def reduced(self, factor: int, left: int, top: int) -> Placement:
        """Return the placement in a part of the photograph that begins at (left, top) and is reduced by `factor`."""
        return Placement(self.turn, self.shift - complex(left, top)).scaled(1 / factor)


def place(face: Face, frame: Frame, shape: tuple[int, int]) -> Placement:
    """Return the similarity that brings the eyes of a face to those of a frame, in images of `shape` (rows, cols).

    The mouth has no say: an expression moves it, and models learn how.
    """
    rows, cols = shape
    left, right = (complex(x * cols, y * rows) for x, y in frame.eyes)
    seen_left, seen_right = (complex(*eye) for eye in face.eyes)
    turn = (seen_right - seen_left) / (right - left)
    return Placement(turn, seen_left - turn * left)
