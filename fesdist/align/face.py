"""A face in a photograph, as a detector or a table of points tells it."""

from __future__ import annotations

import math
from dataclasses import dataclass

Point = tuple[float, float]
"""(x, y) in pixels: pixel (i, j) covers [j, j + 1) x [i, i + 1)."""

Eyes = tuple[Point, Point]
"""The eye that is on the left of the image when the face stands upright, then the other."""


@dataclass(frozen=True)
class Face:
    """Where a face is, by its eyes and lips."""

    eyes: Eyes
    confidence: float = 1.0
    """In [0, 1]."""
    lips: Point | None = None
    """Their middle; None if nobody has said."""
    outline: tuple[Point, ...] = ()
    """Around the face from forehead to chin, one point after the other; empty if nobody has said."""

    @property
    def eye_distance(self) -> float:
        """Return the pixels between the eyes."""
        return math.dist(*self.eyes)
