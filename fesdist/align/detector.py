"""Where faces are in a photograph that nobody has marked: the seam behind which a detector stands."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fesdist.align.face import Face
from fesdist.ground.errors import BadParameterError


class Detector(Protocol):
    """Finds faces."""

    name: str
    """Told in records."""

    def faces(self, image: NDArray[np.uint8]) -> tuple[Face, ...]:
        """Return the faces of a photograph, (channel, row, col) uint8 with 1 or 3 channels, the largest first."""


def default_detector() -> Detector:
    """Return the detector; raises BadParameterError where none is installed."""
    raise BadParameterError("no detector of faces is installed; mark eyes in a table and give that with --points")
