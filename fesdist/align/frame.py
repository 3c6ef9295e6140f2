"""Where aligned faces lie: eyes and lips at fixed places of the image, and the map that brings a photograph there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.align.face import Face
from fesdist.ground.errors import BadParameterError

Fraction = tuple[float, float]
"""(x, y) as fractions of an image's width and height."""
Fractions = tuple[Fraction, Fraction]

_LIPS_BELOW = 1.05
"""How far below the middle of the eyes the middle of the lips is, in distances of the eyes: the mean of 80 people."""

_NEAREST_LIPS = 0.01
"""Of the image's height, from the line through the eyes: nearer ones do not tell which way is down."""

SHORTEST, LONGEST, ASKEW = 0.5, 2.0, 0.5
"""Faces whose lips are nearer, farther, or farther aside than in so many of the frame's have none that count."""


@dataclass(frozen=True)
class Frame:
    """Where the eyes and lips of all faces lie in the images of a model.

    Raises BadParameterError for eyes that are none, and for lips that are not below the line through them.
    """

    eyes: Fractions
    """The left eye in the image, then the right one."""
    lips: Fraction | None = None
    """The middle of the lips in inputs; None if only eyes are brought to their place."""

    def __post_init__(self) -> None:
        (left_x, left_y), (right_x, right_y) = self.eyes
        inside = all(0 < part < 1 for eye in self.eyes for part in eye)
        if not inside or right_x - left_x < 0.05 or abs(right_y - left_y) >= right_x - left_x:
            raise BadParameterError(
                f"eyes at {left_x:g},{left_y:g} and {right_x:g},{right_y:g}; expected fractions of the image's width "
                "and height, the eye on the left of the image first, such as 0.345,0.36,0.655,0.36"
            )
        if self.lips is not None and not _below(self.eyes, self.lips):
            raise BadParameterError(
                f"lips at {self.lips[0]:g},{self.lips[1]:g}; expected fractions of the image's width and height, below "
                f"the eyes at {left_x:g},{left_y:g} and {right_x:g},{right_y:g}"
            )


USUAL = Frame(((0.345, 0.36), (0.655, 0.36)))
"""The whole head of most people, with the mouth's centre at (0.5, 0.7)."""


def _below(eyes: Fractions, lips: Fraction) -> bool:
    """Return whether lips are inside the image, and below the line through the eyes."""
    (left_x, left_y), (right_x, right_y) = eyes
    line = left_y + (lips[0] - left_x) * (right_y - left_y) / (right_x - left_x)
    return all(0 < part < 1 for part in lips) and lips[1] - line >= _NEAREST_LIPS


def usual_lips(eyes: Fractions, shape: tuple[int, int]) -> Fraction | None:
    """Return where people whose eyes are there have their lips, in images of `shape`; None if no frame has them so."""
    rows, cols = shape
    left, right = (complex(x * cols, y * rows) for x, y in eyes)
    lips = (left + right) / 2 + 1j * _LIPS_BELOW * (right - left)
    found = round(lips.real / cols, 4), round(lips.imag / rows, 4)
    return found if _below(eyes, found) else None


@dataclass(frozen=True)
class Placement:
    """An affine map: what the model's image has at (x, y) is in the photograph at z = across x + down y + shift.

    All are complex numbers x + iy in pixels, where pixel (i, j) covers [j, j + 1) x [i, i + 1).
    """

    across: complex
    """Where one pixel to the right in the model leads in the photograph."""
    down: complex
    """Where one pixel downwards leads: `across` turned by a right angle, unless the face is long, short or aside."""
    shift: complex

    @classmethod
    def similar(cls, turn: complex, shift: complex) -> Placement:
        """Return the similarity z = turn (x + iy) + shift."""
        return cls(turn, 1j * turn, shift)

    @property
    def scale(self) -> float:
        """Return how many pixels of the photograph a pixel of the model is wide or high, whichever is more."""
        return max(abs(self.across), abs(self.down))

    def corners(self, shape: tuple[int, int]) -> NDArray[np.complex128]:
        """Return the corners of a model's image of `shape` (rows, cols) in the photograph, (4,) complex128."""
        right, bottom = self.across * shape[1], self.down * shape[0]
        return np.array([0, right, right + bottom, bottom]) + self.shift

    def in_photograph(self, x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return by how much a step (x, y) in the model leads to the right and down in the photograph."""
        return self.across.real * x + self.down.real * y, self.across.imag * x + self.down.imag * y

    def in_model(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Return where places of the photograph are in the model's image: x and y, of the shape both broadcast to."""
        area = (self.across.conjugate() * self.down).imag
        x, y = x - self.shift.real, y - self.shift.imag
        return (
            self.down.imag / area * x - self.down.real / area * y,
            self.across.real / area * y - self.across.imag / area * x,
        )

    def scaled(self, factor: float) -> Placement:
        """Return the placement in a photograph that is `factor` times as large."""
        return Placement(factor * self.across, factor * self.down, factor * self.shift)

    def reduced(self, factor: int, left: int, top: int) -> Placement:
        """Return the placement in a part of the photograph that begins at (left, top) and is reduced by `factor`."""
        return Placement(self.across, self.down, self.shift - complex(left, top)).scaled(1 / factor)


def drop_of(face: Face, frame: Frame, shape: tuple[int, int]) -> complex:
    """Return where a face has its lips, as seen from its eyes: 1 for where the frame has them.

    With e from the left eye to the right one, and the lips s e + i t e from the left eye in the frame and s e + i q t e
    in the photograph, that is q, to four decimals: its real part says how long the face is, the imaginary one how far
    aside the lips are. A head that nods has another q than one that is held straight, and so has one that turns.
    It is 1 where lips are not known, or cannot be where they are said to be.
    """
    if frame.lips is None or face.lips is None:
        return 1 + 0j
    rows, cols = shape
    left, right, lips = (complex(x * cols, y * rows) for x, y in (*frame.eyes, frame.lips))
    seen_left, seen_right, seen_lips = (complex(*point) for point in (*face.eyes, face.lips))
    expected, seen = (lips - left) / (right - left), (seen_lips - seen_left) / (seen_right - seen_left)
    drop = (seen - expected.real) / (1j * expected.imag)
    if not (SHORTEST <= drop.real <= LONGEST and abs(drop.imag) <= ASKEW):
        return 1 + 0j
    return complex(round(drop.real, 4), round(drop.imag, 4))


def place(face: Face, frame: Frame, shape: tuple[int, int], drop: complex = 1 + 0j) -> Placement:
    """Return the map that brings the eyes of a face to those of a frame, in images of `shape` (rows, cols).

    With a `drop`, as `drop_of` returns it, lips come to those of the frame as well. Of photographs of one person all
    have the drop of the input: an expression moves lips, and models learn how.
    """
    rows, cols = shape
    left, right = (complex(x * cols, y * rows) for x, y in frame.eyes)
    seen_left, seen_right = (complex(*eye) for eye in face.eyes)
    turn = (seen_right - seen_left) / (right - left)
    if drop == 1:
        return Placement.similar(turn, seen_left - turn * left)
    # A step along the line of the eyes is turned and scaled; one away from it is stretched and leans as well.
    axis = (right - left) / abs(right - left)
    steps = (1 / axis, 1j / axis)
    across, down = (turn * axis * (step.real + 1j * drop * step.imag) for step in steps)
    return Placement(across, down, seen_left - across * left.real - down * left.imag)
