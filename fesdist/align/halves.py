"""Squares cut out of a photograph at any place, size and angle, from its halves, so that no pixel is skipped."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.align.face import Point


@dataclass(frozen=True)
class Square:
    """A square of a photograph, which may reach outside."""

    centre: Point
    """(x, y) in pixels of the photograph."""

    side: float
    """In pixels of the photograph."""

    angle: float = 0.0
    """By how much the square's rows are turned, in radians, from x to y (clockwise as seen)."""

    @property
    def axes(self) -> NDArray[np.float64]:
        """Return the side along the square's rows and that along its columns, as columns of a (2, 2) array."""
        across, down = self.side * math.cos(self.angle), self.side * math.sin(self.angle)
        return np.array([[across, -down], [down, across]])

    def in_photograph(self, points: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return where points (..., 2) in fractions of the square lie, (..., 2) pixels of the photograph."""
        return np.asarray((points - 0.5) @ self.axes.T + self.centre)


class Halves:
    """A photograph, its half, the half of that, and so on: each is made when it is first needed."""

    def __init__(self, photograph: NDArray[np.uint8]) -> None:
        """Take a photograph, (channel, row, col) uint8 with 1 or 3 channels; gray is repeated."""
        import cv2

        channels = [np.ascontiguousarray(channel) for channel in photograph]
        self._levels: list[NDArray[Any]] = [cv2.merge(channels if len(channels) == 3 else channels[:1] * 3)]

    def cut(self, square: Square, samples: int, *, black_outside: bool = False) -> NDArray[np.uint8]:
        """Return a square at so many samples a side, (row, col, colour) uint8.

        The half is taken in which a sample is one to two pixels wide, and interpolated linearly. What lies outside the
        photograph is black or, as a rule, like its border.
        """
        import cv2

        level = self._level(max(0, math.floor(math.log2(max(square.side, 1.0) / samples))))
        step = square.axes / (samples * 2**level)
        # Pixel indices are half a pixel less than coordinates, here and there.
        start = np.array(square.centre) / 2**level + step @ np.full(2, (1 - samples) / 2) - 0.5
        return np.asarray(
            cv2.warpAffine(
                self._levels[level],
                np.column_stack([step, start]),
                (samples, samples),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_CONSTANT if black_outside else cv2.BORDER_REPLICATE,
            ),
            np.uint8,
        )

    def _level(self, wanted: int) -> int:
        """Make the halves up to the wanted one; return the nearest that there is."""
        import cv2

        while len(self._levels) <= wanted and min(self._levels[-1].shape[:2]) >= 2:
            # The last row and column of odd ones are left out, so that coordinates are halved exactly.
            rows, cols = (side // 2 for side in self._levels[-1].shape[:2])
            even = self._levels[-1][: 2 * rows, : 2 * cols]
            self._levels.append(cv2.resize(even, (cols, rows), interpolation=cv2.INTER_AREA))
        return min(wanted, len(self._levels) - 1)
