"""Where a photograph shows a face: all within its outline, nothing far from it, and the same however it is placed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fesdist.align.face import Face
from fesdist.align.frame import USUAL, Frame, drop_of, place
from fesdist.align.outline import on_face

ROUND = tuple(
    (100 + 40 * math.sin(angle), 110 - 55 * math.cos(angle))
    for angle in np.linspace(0, 2 * math.pi, 36, endpoint=False)
)
"""An ellipse around (100, 110), of half axes 40 and 55."""
FACE = Face(((80, 100), (120, 100)), lips=(104, 150), outline=ROUND)
LIPPED = Frame(USUAL.eyes, (0.5, 0.7))


@pytest.mark.parametrize("frame", [USUAL, LIPPED])
@pytest.mark.parametrize("shape", [(256, 256), (96, 80), (24, 20)])
def test_all_within_the_outline_counts_and_nothing_far_from_it(frame: Frame, shape: tuple[int, int]) -> None:
    placement = place(FACE, frame, shape, drop_of(FACE, frame, shape))
    mask = on_face(FACE, placement, shape)
    assert mask is not None
    assert (mask.dtype, mask.shape) == (np.float32, shape)
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    there = (
        np.stack(placement.in_photograph(x, y)) + np.array([placement.shift.real, placement.shift.imag])[:, None, None]
    )
    radius = np.hypot((there[0] - 100) / 40, (there[1] - 110) / 55)
    assert mask[radius < 1].min() > 0.9
    # An eighth more than the outline is at least a sixth of the distance of the eyes, and a pixel of the smallest.
    assert mask[radius > 1.35].max() < 0.1
    assert mask[radius > 1.5].max() == 0


def test_an_outline_outside_the_frame_leaves_nothing() -> None:
    away = Face(FACE.eyes, outline=tuple((x + 2000, y) for x, y in ROUND))
    mask = on_face(away, place(away, USUAL, (64, 64)), (64, 64))
    assert mask is not None
    assert not mask.any()


def test_a_face_of_a_table_has_no_outline() -> None:
    face = Face(FACE.eyes)
    assert on_face(face, place(face, USUAL, (64, 64)), (64, 64)) is None
