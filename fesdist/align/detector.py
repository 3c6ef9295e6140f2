"""Where faces are in a photograph that nobody has marked: the seam behind which a detector stands."""

from __future__ import annotations

import os
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fesdist.align.face import Face
from fesdist.ground.errors import BadParameterError


class Detector(Protocol):
    """Finds faces; threads may share it."""

    name: str
    """Told in records."""

    def faces(self, image: NDArray[np.uint8]) -> tuple[Face, ...]:
        """Return the faces of a photograph, (channel, row, col) uint8 with 1 or 3 channels, the largest first."""


def default_detector() -> Detector:
    """Return the detector of this process; raises BadParameterError where it cannot work."""
    return _of_process(os.getpid())


@cache
def _of_process(_process: int) -> Detector:
    """Make the detector of a process: one that forks has another number, so it shares nothing with its parent."""
    from fesdist.align.mediapipe import MediaPipe

    try:
        return MediaPipe()
    except ImportError as error:
        raise BadParameterError(
            f"no detector of faces works here ({error}); install opencv-python-headless>=4.10, or mark eyes in a table "
            "and give that with --points"
        ) from error
