"""A face placed in a frame: eyes to eyes, there and back, whatever the size, the angle and the frame."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.align.face import Face
from fesdist.align.frame import USUAL, Frame, Placement, place
from fesdist.ground.errors import BadParameterError

FACE = Face(((412.5, 530.25), (601.0, 498.75)), 0.9)


@pytest.mark.parametrize("shape", [(128, 128), (64, 48)])
@pytest.mark.parametrize("frame", [USUAL, Frame(((0.3, 0.4), (0.62, 0.45)))])
def test_eyes_come_to_the_eyes_of_the_frame(frame: Frame, shape: tuple[int, int]) -> None:
    placement = place(FACE, frame, shape)
    x, y = placement.in_model(*np.transpose(FACE.eyes))
    expected = np.array(frame.eyes) * (shape[1], shape[0])
    np.testing.assert_allclose(np.stack([x, y], axis=1), expected, atol=1e-9)
    there = [placement.turn * complex(*eye) + placement.shift for eye in expected]
    np.testing.assert_allclose(there, [complex(*eye) for eye in FACE.eyes], atol=1e-9)


def test_it_tells_scale_and_angle_of_the_face() -> None:
    placement = place(Face(((0.0, 0.0), (30.0, 40.0))), USUAL, (100, 100))
    assert placement.scale == pytest.approx(50 / 31)
    assert placement.turn / placement.scale == pytest.approx(complex(30, 40) / 50)


def test_a_part_of_the_photograph_has_the_same_face() -> None:
    placement = place(FACE, USUAL, (128, 128))
    part = placement.reduced(3, 90, 60)
    x, y = np.transpose(FACE.eyes)
    np.testing.assert_allclose(part.in_model((x - 90) / 3, (y - 60) / 3), placement.in_model(x, y), atol=1e-9)


def test_corners_go_round_the_frame() -> None:
    assert Placement(2j, 1 + 1j).corners((3, 5)).tolist() == [1 + 1j, 1 + 11j, -5 + 11j, -5 + 1j]


@pytest.mark.parametrize(
    "eyes", [((0.6, 0.4), (0.3, 0.4)), ((0.0, 0.4), (0.6, 0.4)), ((0.3, 0.4), (0.6, 1.2)), ((0.4, 0.2), (0.5, 0.9))]
)
def test_eyes_that_are_none_are_refused(eyes: tuple[tuple[float, float], tuple[float, float]]) -> None:
    with pytest.raises(BadParameterError, match="expected fractions"):
        Frame(eyes)
