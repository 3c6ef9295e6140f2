"""Which faces of a photograph are worked on, and where they are: by a table of points, else by a detector."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fesdist.align.detector import Detector, default_detector
from fesdist.align.face import Face
from fesdist.align.frame import Frame, Placement, drop_of, place
from fesdist.ground.errors import BadParameterError, ImageError, NoFaceError

ALL, LARGEST = "all", "largest"

SMALLEST_EYE_DISTANCE = 16.0
"""Pixels of the photograph: eyes that are closer do not tell where a face is, nor show an expression."""
SMALLEST_SCALE = 0.25
"""Pixels of the photograph to one of the model: of a smaller face a model would be shown little but interpolation."""


@dataclass(frozen=True)
class Placed:
    """A face that is worked on."""

    face: Face
    placement: Placement
    drop: complex
    """As `drop_of` returns it, or as it was given."""


@dataclass(frozen=True)
class Found:
    """The faces of a photograph."""

    placed: tuple[Placed, ...] = ()
    """Those to work on, the largest first."""
    left_out: int = 0
    """How many others were large enough, but not chosen."""
    too_small: int = 0


@dataclass(frozen=True)
class Finding:
    """How faces are found and chosen."""

    frame: Frame
    choice: str = ALL
    """`largest`, `all`, or the number of a face, counted from 1 at the largest."""
    table: str = ""
    """A table of points, as it was given; "" without one. Its faces come with the photographs."""
    table_digest: str = ""

    def __post_init__(self) -> None:
        if self.choice not in (LARGEST, ALL) and not re.fullmatch(r"0*[1-9][0-9]{0,8}", self.choice):
            raise BadParameterError(
                f"face {self.choice!r}; expected largest, all, or a number, 1 for the largest face, 2 for the next"
            )

    @property
    def source(self) -> str:
        """Return what tells where faces are, for records: a table, a detector, or both.

        Raises BadParameterError when there is neither.
        """
        marked = [f"points {self.table_digest[:16]}"] if self.table else []
        detector = self._detector()
        return ", else ".join([*marked, detector.name] if detector else marked)

    def require(self) -> None:
        """Raise BadParameterError when there is neither a detector nor a table."""
        self._detector()

    def _detector(self) -> Detector | None:
        """Return the detector; none if it is not installed and there is a table."""
        try:
            return default_detector()
        except BadParameterError:
            if not self.table:
                raise
            return None

    def found(
        self,
        pixels: NDArray[np.uint8],
        shape: tuple[int, int],
        marked: Sequence[Face] = (),
        drop: complex | None = None,
    ) -> Found:
        """Return the faces of a photograph, (channel, row, col) uint8, placed in images of `shape` (rows, cols).

        `marked` are those that a table has of it; else they are detected. `drop` is that of another photograph of the
        person, by which this one shall be placed; None for its own. Raises ImageError if it has no face that was asked
        for.
        """
        faces = self._faces(pixels, marked)
        if not faces:
            unmarked = f", and {self.table} has no points of it" if self.table else ""
            raise NoFaceError(f"no face was found{unmarked}; mark its eyes in a table and give that with --points")
        too_small, placed = [], []
        for face in sorted(faces, key=lambda face: -face.eye_distance):
            own = drop_of(face, self.frame, shape) if drop is None else drop
            placement = place(face, self.frame, shape, own)
            if face.eye_distance < SMALLEST_EYE_DISTANCE or placement.scale < SMALLEST_SCALE:
                too_small.append((face.eye_distance, placement.scale))
            else:
                placed.append(Placed(face, placement, own))
        if not placed:
            largest, scale = too_small[0]
            needed = max(SMALLEST_EYE_DISTANCE, SMALLEST_SCALE * largest / scale)
            # Rounded apart, so that nobody is told that 16 pixels are fewer than 16.
            raise NoFaceError(
                f"its largest face has eyes {math.floor(largest)} pixels apart; expected {math.ceil(needed)} or more"
            )
        chosen = self._chosen(placed)
        return Found(chosen, len(placed) - len(chosen), len(too_small))

    def _faces(self, pixels: NDArray[np.uint8], marked: Sequence[Face]) -> Sequence[Face]:
        if marked:
            _, rows, cols = pixels.shape
            for face in marked:
                if not all(0 <= x <= cols and 0 <= y <= rows for x, y in face.eyes):
                    raise ImageError(
                        f"its points {face.eyes} lie outside its {cols} x {rows} pixels; were they marked at another "
                        "size?"
                    )
            return marked
        detector = self._detector()
        return detector.faces(pixels) if detector else ()

    def _chosen(self, placed: Sequence[Placed]) -> tuple[Placed, ...]:
        if self.choice == ALL:
            return tuple(placed)
        number = 1 if self.choice == LARGEST else int(self.choice)
        if number > len(placed):
            enough = "is" if len(placed) == 1 else "are"
            raise NoFaceError(f"face {number} was asked for, and {len(placed)} of its faces {enough} large enough")
        return (placed[number - 1],)
