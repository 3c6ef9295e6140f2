"""The drawn pairs: the same bits every time, the same person in every picture, and faces where faces belong."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fesdist.faces.expression import EXPRESSIONS
from fesdist.faces.generate import face, write_faces
from fesdist.faces.portrait import Portrait
from fesdist.ground.errors import BadParameterError, ImageError

TARGETS = EXPRESSIONS[1:]
PEOPLE = range(4)


def _part(image: NDArray[np.uint8], top: float, bottom: float, left: float, right: float) -> NDArray[np.float64]:
    rows, cols = image.shape[1:]
    part = image[:, int(top * rows) : int(bottom * rows), int(left * cols) : int(right * cols)]
    return part.astype(np.float64)


def _change(person: int, expression: str, top: float, bottom: float, left: float, right: float) -> float:
    """Return the mean change from neutral in a part of the picture, in grey levels."""
    box = (top, bottom, left, right)
    return float(np.abs(_part(face(person, expression, 96), *box) - _part(face(person, "neutral", 96), *box)).mean())


@pytest.mark.parametrize("size", [16, 33, 128, 300])
def test_a_face_is_uint8_of_three_channels(size: int) -> None:
    image = face(0, "happy", size)
    assert image.shape == (3, size, size)
    assert image.dtype == np.uint8


def test_the_same_numbers_draw_the_same_bits() -> None:
    np.testing.assert_array_equal(face(3, "sad", 64, seed=5), face(3, "sad", 64, seed=5))


def test_people_and_seeds_differ() -> None:
    pictures = [face(0, "neutral", 32), face(1, "neutral", 32), face(0, "neutral", 32, seed=1)]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(pictures[i].astype(int) - pictures[j]).mean() > 5


@pytest.mark.parametrize("expression", TARGETS)
@pytest.mark.parametrize("person", PEOPLE)
def test_the_mouth_moves_with_every_expression(person: int, expression: str) -> None:
    assert _change(person, expression, 0.62, 0.80, 0.32, 0.68) > 1.5


@pytest.mark.parametrize("expression", ["sad", "surprised", "angry"])
@pytest.mark.parametrize("person", PEOPLE)
def test_the_brows_move_with_every_expression_that_uses_them(person: int, expression: str) -> None:
    assert _change(person, expression, 0.22, 0.40, 0.20, 0.80) > 2.0


@pytest.mark.parametrize("expression", TARGETS)
@pytest.mark.parametrize("person", PEOPLE)
def test_hair_wall_and_clothes_keep_their_bits(person: int, expression: str) -> None:
    for box in ((0.0, 0.5, 0.0, 0.05), (0.0, 0.5, 0.95, 1.0), (0.0, 0.03, 0.0, 1.0), (0.97, 1.0, 0.0, 0.15)):
        assert _change(person, expression, *box) == 0.0


def test_expressions_differ_from_each_other_at_the_mouth() -> None:
    mouths = [_part(face(2, name, 96), 0.60, 0.85, 0.28, 0.72) for name in EXPRESSIONS]
    for i, first in enumerate(mouths):
        for second in mouths[:i]:
            assert np.abs(first - second).mean() > 2.0


@pytest.mark.parametrize("person", range(8))
def test_landmarks_lie_at_their_places(person: int) -> None:
    portrait = Portrait.random(0, person)
    for (x, y), place in ((portrait.eyes.left, -0.155), (portrait.eyes.right, 0.155)):
        assert abs(x - place) <= 0.0151
        assert abs(y - 0.360) <= 0.0151
    assert abs(portrait.mouth.x) <= 0.0151
    assert abs(portrait.mouth.y - 0.696) <= 0.0151


@pytest.mark.parametrize("person", PEOPLE)
def test_pupils_are_drawn_at_the_eye_centres(person: int) -> None:
    size = 256
    image = face(person, "surprised", size).astype(np.float64).mean(axis=0)
    for x, y in (Portrait.random(0, person).eyes.left, Portrait.random(0, person).eyes.right):
        row, col = int(y * size), int((x + 0.5) * size)
        darkest = image[row - 12 : row + 13, col - 12 : col + 13].min()
        assert image[row : row + 3, col - 1 : col + 2].min() <= darkest + 12.0


def test_sizes_show_the_same_picture() -> None:
    small = face(1, "happy", 128).astype(np.float64)
    reduced = face(1, "happy", 512).reshape(3, 128, 4, 128, 4).mean(axis=(2, 4))
    assert np.abs(small - reduced).mean() < 1.0


def test_bands_leave_no_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = face(2, "surprised", 128)
    monkeypatch.setattr("fesdist.faces.generate._BAND_PIXELS", 128 * 4 * 7)
    np.testing.assert_array_equal(face(2, "surprised", 128), whole)


def test_pictures_are_neither_dark_nor_burnt_out() -> None:
    for person in range(8):
        image = face(person, "neutral", 64)
        assert 50 < image.mean() < 215
        assert (image == 255).mean() < 0.03


def test_a_folder_holds_every_person_with_every_expression(tmp_path: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    n = write_faces(tmp_path, 2, 32, ("neutral", "sad"), seed=7, on_progress=lambda *report: seen.append(report))
    assert n == 4
    assert [(done, total) for done, total, _ in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.png")) == [
        "neutral/000.png",
        "neutral/001.png",
        "sad/000.png",
        "sad/001.png",
    ]
    stored = np.asarray(Image.open(tmp_path / "sad" / "001.png")).transpose(2, 0, 1)
    np.testing.assert_array_equal(stored, face(1, "sad", 32, seed=7))


def test_a_face_that_cannot_be_written_whole_leaves_the_one_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_faces(tmp_path, 1, 16, ("neutral",), seed=1)
    before = (tmp_path / "neutral" / "000.png").read_bytes()

    def half(image: Image.Image, file: BinaryIO, form: str) -> None:
        file.write(before[:50])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Image.Image, "save", half)
    with pytest.raises(ImageError, match="No space left"):
        write_faces(tmp_path, 1, 16, ("neutral",), seed=2)
    assert [path.name for path in (tmp_path / "neutral").iterdir()] == ["000.png"]
    assert (tmp_path / "neutral" / "000.png").read_bytes() == before


def test_an_unknown_expression_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(BadParameterError, match="expression 'bored' cannot be drawn: expected one of neutral, happy"):
        write_faces(tmp_path, 1, 32, ("neutral", "bored"))
    assert not list(tmp_path.iterdir())


def test_bad_numbers_are_refused() -> None:
    with pytest.raises(BadParameterError, match="size 8 cannot be drawn: expected 16 to 4096 pixels"):
        face(0, "happy", 8)
    with pytest.raises(BadParameterError, match="person -1 does not exist: expected a number from 0 on"):
        face(-1, "happy", 64)
    with pytest.raises(BadParameterError, match="seed -2 cannot be used: expected a number from 0 on"):
        face(0, "happy", 64, seed=-2)
    with pytest.raises(BadParameterError, match="0 people cannot be drawn: expected at least 1"):
        write_faces("unused", 0, 64)


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "neutral").write_text("not a folder")
    with pytest.raises(ImageError, match=r"neutral/000\.png cannot be written .*choose another folder"):
        write_faces(tmp_path, 1, 16, ("neutral",))
