"""Parts of a face that may change while the rest stays: soft masks in the model's frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fesdist.align.frame import Fractions
from fesdist.ground.errors import BadParameterError

FACE = "face"
REGION_NAMES = ("mouth", "eyes", "brows", FACE)

_SOFT = 0.4
"""Of an ellipse's radius: over so much beyond its edge a mask fades."""

# Centres are given from the middle of the eyes, half axes likewise: to the right and down, in distances of the eyes.
_EYE = (0.36, 0.24)
_BROW_ABOVE = 0.34
_BROW = (0.46, 0.22)
_FACE_BELOW = 0.42
_FACE = (0.88, 1.36)
_MOUTH_WIDER = 1.2
"""Than the mouth that models are judged in: a smile pulls at the cheeks."""


def check_regions(regions: Sequence[str]) -> None:
    """Raise BadParameterError for an unknown region."""
    for region in regions:
        if region not in REGION_NAMES:
            raise BadParameterError(f"region {region!r} is unknown; expected {', '.join(REGION_NAMES)} or all")


@lru_cache(maxsize=8)
def region_mask(
    regions: tuple[str, ...], shape: tuple[int, int], eyes: Fractions, mouth: tuple[float, float, float, float]
) -> NDArray[np.float32]:
    """Return m, (row, col) float32 of `shape`: 1 in the regions, 0 far from them, soft between.

    `eyes` are as `Frame.eyes`, `mouth` is (row0, row1, col0, col1), all as fractions of the image's sides.
    """
    rows, cols = shape
    y, x = (np.arange(rows) + 0.5)[:, None], np.arange(cols) + 0.5
    mask = np.zeros(shape)
    for region in regions:
        for centre_x, centre_y, half_width, half_height in _ellipses(region, shape, eyes, mouth):
            radius = np.hypot((x - centre_x) / half_width, (y - centre_y) / half_height)
            t = np.clip((1 + _SOFT - radius) / _SOFT, 0, 1)
            mask = np.maximum(mask, t * t * (3 - 2 * t))
    found = mask.astype(np.float32)
    found.flags.writeable = False
    return found


def _ellipses(
    region: str, shape: tuple[int, int], eyes: Fractions, mouth: tuple[float, float, float, float]
) -> Iterator[tuple[float, float, float, float]]:
    """Yield centre and half axes, (x, y, half width, half height) in pixels."""
    rows, cols = shape
    (left_x, left_y), (right_x, right_y) = ((x * cols, y * rows) for x, y in eyes)
    distance = float(np.hypot(right_x - left_x, right_y - left_y))
    if region == "mouth":
        row0, row1, col0, col1 = mouth
        half_width, half_height = (col1 - col0) * cols / 2, (row1 - row0) * rows / 2
        centre = (col0 + col1) * cols / 2, (row0 + row1) * rows / 2
        yield *centre, _MOUTH_WIDER * half_width, _MOUTH_WIDER * half_height
    elif region == FACE:
        middle = (left_x + right_x) / 2, (left_y + right_y) / 2 + _FACE_BELOW * distance
        yield *middle, _FACE[0] * distance, _FACE[1] * distance
    else:
        above, (half_width, half_height) = (0.0, _EYE) if region == "eyes" else (_BROW_ABOVE, _BROW)
        for x, y in ((left_x, left_y), (right_x, right_y)):
            yield x, y - above * distance, half_width * distance, half_height * distance
