"""A face placed in a frame: eyes to eyes, there and back, whatever the size, the angle and the frame."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.align.face import Face
from fesdist.align.frame import USUAL, Frame, Placement, drop_of, place, usual_lips
from fesdist.ground.errors import BadParameterError

FACE = Face(((412.5, 530.25), (601.0, 498.75)), 0.9, (560.0, 710.0))
LIPPED = [Frame(USUAL.eyes, (0.5, 0.7)), Frame(((0.3, 0.4), (0.62, 0.45)), (0.42, 0.8))]


def _there(placement: Placement, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where places (point, x and y) of the model are in the photograph."""
    x, y = placement.in_photograph(*places.T)
    return np.stack([x + placement.shift.real, y + placement.shift.imag], axis=1)


@pytest.mark.parametrize("shape", [(128, 128), (64, 48)])
@pytest.mark.parametrize("frame", [USUAL, Frame(((0.3, 0.4), (0.62, 0.45)))])
def test_eyes_come_to_the_eyes_of_the_frame(frame: Frame, shape: tuple[int, int]) -> None:
    placement = place(FACE, frame, shape)
    x, y = placement.in_model(*np.transpose(FACE.eyes))
    expected = np.array(frame.eyes) * (shape[1], shape[0])
    np.testing.assert_allclose(np.stack([x, y], axis=1), expected, atol=1e-9)
    np.testing.assert_allclose(_there(placement, expected), FACE.eyes, atol=1e-9)


def test_it_tells_scale_and_angle_of_the_face() -> None:
    placement = place(Face(((0.0, 0.0), (30.0, 40.0))), USUAL, (100, 100))
    assert placement.scale == pytest.approx(50 / 31)
    assert placement.across / placement.scale == pytest.approx(complex(30, 40) / 50)


@pytest.mark.parametrize("shape", [(128, 128), (64, 48)])
@pytest.mark.parametrize("frame", LIPPED)
def test_with_its_drop_lips_come_to_their_place_and_eyes_stay(frame: Frame, shape: tuple[int, int]) -> None:
    assert frame.lips
    placement = place(FACE, frame, shape, drop_of(FACE, frame, shape))
    points = np.array([*frame.eyes, frame.lips]) * (shape[1], shape[0])
    found = _there(placement, points)
    np.testing.assert_allclose(found[:2], FACE.eyes, atol=1e-9)
    # Drops have four decimals.
    np.testing.assert_allclose(found[2], FACE.lips, atol=2e-4 * FACE.eye_distance)
    np.testing.assert_allclose(np.transpose(placement.in_model(*found.T)), points, atol=1e-9)


def test_a_face_like_the_frame_has_the_drop_of_one_and_a_similarity() -> None:
    frame, shape = LIPPED[0], (100, 100)
    assert frame.lips
    like = Face(((34.5, 36.0), (65.5, 36.0)), lips=(50.0, 70.0))
    assert drop_of(like, frame, shape) == 1
    assert place(like, frame, shape, 1 + 0j) == Placement.similar(1 + 0j, 0j)
    longer, aside = (Face(like.eyes, lips=lips) for lips in ((50.0, 73.4), (53.4, 70.0)))
    assert drop_of(longer, frame, shape) == pytest.approx(1.1)
    assert drop_of(aside, frame, shape) == pytest.approx(1 - 0.1j)


@pytest.mark.parametrize("lips", [None, (506.0, 520.0), (506.0, 1200.0), (900.0, 700.0), (506.0, 300.0)])
def test_lips_that_are_unknown_or_cannot_be_there_do_not_count(lips: tuple[float, float] | None) -> None:
    assert drop_of(Face(FACE.eyes, lips=lips), LIPPED[0], (128, 128)) == 1
    assert drop_of(FACE, USUAL, (128, 128)) == 1


def test_the_usual_lips_are_below_the_eyes_whatever_the_proportions() -> None:
    assert usual_lips(USUAL.eyes, (128, 128)) == (0.5, 0.6855)
    assert usual_lips(((0.3, 0.2), (0.7, 0.2)), (200, 100)) == (0.5, 0.41)
    assert usual_lips(((0.2, 0.5), (0.8, 0.5)), (128, 128)) is None
    leaning, tall = ((0.5, 0.3), (0.56, 0.331)), (640, 128)
    lips = usual_lips(leaning, tall)
    assert lips is not None
    assert Frame(leaning, lips).lips == lips


def test_a_part_of_the_photograph_has_the_same_face() -> None:
    placement = place(FACE, USUAL, (128, 128))
    part = placement.reduced(3, 90, 60)
    x, y = np.transpose(FACE.eyes)
    np.testing.assert_allclose(part.in_model((x - 90) / 3, (y - 60) / 3), placement.in_model(x, y), atol=1e-9)


def test_corners_go_round_the_frame() -> None:
    assert Placement.similar(2j, 1 + 1j).corners((3, 5)).tolist() == [1 + 1j, 1 + 11j, -5 + 11j, -5 + 1j]


@pytest.mark.parametrize(
    "eyes", [((0.6, 0.4), (0.3, 0.4)), ((0.0, 0.4), (0.6, 0.4)), ((0.3, 0.4), (0.6, 1.2)), ((0.4, 0.2), (0.5, 0.9))]
)
def test_eyes_that_are_none_are_refused(eyes: tuple[tuple[float, float], tuple[float, float]]) -> None:
    with pytest.raises(BadParameterError, match="expected fractions"):
        Frame(eyes)


@pytest.mark.parametrize("lips", [(0.5, 0.36), (0.5, 1.0), (0.0, 0.7), (0.5, float("nan"))])
def test_lips_that_are_none_are_refused(lips: tuple[float, float]) -> None:
    with pytest.raises(BadParameterError, match="below the eyes"):
        Frame(USUAL.eyes, lips)


@pytest.mark.parametrize("lips", [(0.8, 0.5), (0.9, 0.45)])
def test_lips_on_the_line_of_leaning_eyes_and_above_it_are_refused(lips: tuple[float, float]) -> None:
    with pytest.raises(BadParameterError, match="below the eyes"):
        Frame(((0.2, 0.2), (0.4, 0.3)), lips)
