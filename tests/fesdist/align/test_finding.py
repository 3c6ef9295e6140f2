"""Which faces are worked on: those marked, else those detected; the one asked for; none that is too small."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.align import finding as finding_module
from fesdist.align.face import Face
from fesdist.align.finding import Finding
from fesdist.align.frame import USUAL, Frame
from fesdist.ground.errors import BadParameterError, ImageError, NoFaceError

PIXELS = np.zeros((3, 400, 600), np.uint8)
SHAPE = (64, 64)
LARGE, SMALL, TINY = (
    Face(((x, 100.0), (x + width, 100.0))) for x, width in ((50.0, 80.0), (200.0, 40.0), (300.0, 9.0))
)


class _Detector:
    name = "a detector"

    def faces(self, image: NDArray[np.uint8]) -> tuple[Face, ...]:
        return (SMALL, TINY, LARGE)


@pytest.fixture(autouse=True)
def detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding_module, "default_detector", _Detector)


@pytest.fixture
def no_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> None:
        raise BadParameterError("no detector is installed")

    monkeypatch.setattr(finding_module, "default_detector", absent)


@pytest.mark.parametrize(
    ("choice", "chosen", "left_out"),
    [("all", (LARGE, SMALL), 0), ("largest", (LARGE,), 1), ("1", (LARGE,), 1), ("2", (SMALL,), 1)],
)
def test_those_asked_for_are_placed_the_largest_first(choice: str, chosen: tuple[Face, ...], left_out: int) -> None:
    found = Finding(USUAL, choice).found(PIXELS, SHAPE)
    assert tuple(placed.face for placed in found.placed) == chosen
    assert (found.left_out, found.too_small) == (left_out, 1)


def test_what_is_not_there_is_told() -> None:
    with pytest.raises(NoFaceError, match="face 3 was asked for, and 2 of its faces are large enough"):
        Finding(USUAL, "3").found(PIXELS, SHAPE)
    with pytest.raises(NoFaceError, match="face 2 was asked for, and 1 of its faces is large enough"):
        Finding(USUAL, "2").found(PIXELS, SHAPE, [LARGE])
    with pytest.raises(NoFaceError, match="eyes 9 pixels apart; expected 16 or more"):
        Finding(USUAL).found(PIXELS, SHAPE, [TINY])
    with pytest.raises(NoFaceError, match="eyes 15 pixels apart; expected 16 or more"):
        Finding(USUAL).found(PIXELS, SHAPE, [Face(((300.0, 100.0), (315.9, 100.0)))])


def test_a_face_is_too_small_for_a_large_model() -> None:
    with pytest.raises(NoFaceError, match="eyes 80 pixels apart; expected 159 or more"):
        Finding(USUAL).found(PIXELS, (2048, 2048), [LARGE])


def test_marked_faces_count_before_detected_ones() -> None:
    marked = Face(((300.0, 200.0), (340.0, 210.0)))
    assert [placed.face for placed in Finding(USUAL, table="t").found(PIXELS, SHAPE, [marked]).placed] == [marked]


def test_points_of_another_size_are_refused() -> None:
    with pytest.raises(ImageError, match="outside its 600 x 400 pixels"):
        Finding(USUAL, table="t").found(PIXELS, SHAPE, [Face(((900.0, 200.0), (940.0, 210.0)))])


@pytest.mark.usefixtures("no_detector")
def test_without_a_detector_a_table_is_enough() -> None:
    with pytest.raises(BadParameterError, match="no detector"):
        Finding(USUAL).require()
    marked_only = Finding(USUAL, table="eyes.csv", table_digest="ab" * 32)
    marked_only.require()
    assert marked_only.source == f"points {'ab' * 8}"
    with pytest.raises(NoFaceError, match=r"eyes.csv has no points of it; mark its eyes"):
        marked_only.found(PIXELS, SHAPE)


@pytest.mark.parametrize("choice", ["0", "-1", "biggest", "", "9" * 5000])
def test_another_choice_is_refused(choice: str) -> None:
    with pytest.raises(BadParameterError, match="expected largest, all, or a number"):
        Finding(USUAL, choice)


def test_a_long_face_that_is_too_small_needs_no_more_than_would_do() -> None:
    """Eyes 31 of 100 pixels apart in the model, and 20 in the photograph: of a model of 500 an eighth."""
    frame, shape = Frame(USUAL.eyes, (0.5, 0.67)), (500, 500)
    face = Face(((50.0, 100.0), (70.0, 100.0)), lips=(60.0, 130.0))
    with pytest.raises(NoFaceError, match="eyes 20 pixels apart; expected 26 or more"):
        Finding(frame).found(PIXELS, shape, [face])
    large = Face(((50.0, 100.0), (76.0, 100.0)), lips=(63.0, 139.0))
    assert len(Finding(frame).found(PIXELS, shape, [large]).placed) == 1
