"""Where a photograph shows a face and no background, by the face's outline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fesdist.align.face import Face
from fesdist.align.frame import Placement

_BEYOND = 0.05
"""Of the distance of the eyes: so far beyond the outline all is the face's still, as outlines are not found exactly."""
_FADING = 0.15
"""Of the distance of the eyes: over so much beyond that it fades."""
_FINENESS = 32
"""Parts of the distance of the eyes in which distances to the outline are measured."""


def on_face(face: Face, placement: Placement, shape: tuple[int, int]) -> NDArray[np.float32] | None:
    """Return m, (row, col) float32 in a model's image of `shape`: 1 on the face, 0 beside it, soft between.

    None for a face without an outline, as a table of points has it.
    """
    if not face.outline:
        return None
    # Imported here: outlines are found by a detector, which has imported it.
    import cv2

    x, y = placement.in_model(*np.transpose(face.outline))
    left, right = (complex(*point) for point in np.transpose(placement.in_model(*np.transpose(face.eyes))))
    fine = _FINENESS / abs(right - left)
    rows, cols = (max(1, round(side * fine)) for side in shape)
    inside = np.zeros((rows, cols), np.uint8)
    places: Sequence[NDArray[np.int32]] = [np.rint(np.stack([x, y], axis=1) * fine - 0.5).astype(np.int32)]
    cv2.fillPoly(inside, places, (1,))
    # OpenCV counts the background as without end where nothing is inside, which fades to 0 all the same.
    away = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) / _FINENESS
    t = np.clip((_BEYOND + _FADING - away) / _FADING, 0, 1).astype(np.float32)
    soft: NDArray[np.float32] = t * t * (3 - 2 * t)
    return np.asarray(cv2.resize(soft, shape[::-1], interpolation=cv2.INTER_LINEAR))
