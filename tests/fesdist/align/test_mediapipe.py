"""Eyes and lips of drawn faces are found where they were drawn; those of photographs where another program does."""

from __future__ import annotations

import csv
import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fesdist.align.detector import default_detector
from fesdist.align.face import Face, Point
from fesdist.align.mediapipe import MediaPipe
from fesdist.faces.generate import face as draw
from fesdist.faces.portrait import Portrait
from tests.fesdist.align.installed import needs_networks

pytestmark = needs_networks

SIZE = 256


def drawn_eyes(person: int) -> tuple[Point, Point]:
    """Return where the eyes of a drawn person are, in pixels of a picture of `SIZE`."""
    eyes = Portrait.random(0, person).eyes
    left, right = (((0.5 + x) * SIZE, y * SIZE) for x, y in (eyes.left, eyes.right))
    return left, right


def placed(person: int, canvas: NDArray[np.uint8], matrix: NDArray[np.float64]) -> tuple[Point, Point]:
    """Put a drawn person into a canvas by a matrix (2, 3) of the picture's coordinates; return where the eyes are."""
    inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))
    size = (canvas.shape[2], canvas.shape[1])
    picture = Image.fromarray(draw(person, "neutral", SIZE).transpose(1, 2, 0)).convert("RGBA")
    moved = np.asarray(
        picture.transform(size, Image.Transform.AFFINE, tuple(inverse[:2].ravel()), Image.Resampling.BICUBIC)
    )
    shown = moved[..., 3] == 255
    canvas[:, shown] = moved[shown, :3].T
    left, right = (tuple(matrix @ [*eye, 1]) for eye in drawn_eyes(person))
    return left, right


def placement(scale: float, degrees: float, middle: Point) -> NDArray[np.float64]:
    """Return the matrix that turns and scales a picture and puts its middle somewhere."""
    turn = scale * np.exp(1j * math.radians(degrees))
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.column_stack([linear, np.array(middle) - linear @ [SIZE / 2, SIZE / 2]])


def error(face: Face, eyes: tuple[Point, Point]) -> float:
    """Return how far the worse eye lies from the truth, as a share of the eyes' distance."""
    return max(math.dist(found, true) for found, true in zip(face.eyes, eyes, strict=True)) / math.dist(*eyes)


@pytest.mark.parametrize(("person", "expression"), [(0, "neutral"), (1, "happy"), (2, "surprised"), (3, "sad")])
def test_eyes_of_a_drawn_face(person: int, expression: str) -> None:
    [face] = default_detector().faces(draw(person, expression, SIZE))
    assert error(face, drawn_eyes(person)) < 0.02
    assert face.confidence > 0.9


def lips_error(face: Face, lips: Point) -> float:
    """Return how far the middle of the lips lies from the truth, as a share of the eyes' distance."""
    assert face.lips
    return math.dist(face.lips, lips) / face.eye_distance


@pytest.mark.parametrize("person", range(4))
def test_lips_of_a_drawn_face(person: int) -> None:
    mouth = Portrait.random(0, person).mouth
    [face] = default_detector().faces(draw(person, "neutral", SIZE))
    assert lips_error(face, ((0.5 + mouth.x) * SIZE, mouth.y * SIZE)) < 0.06


def test_lips_turn_with_their_face() -> None:
    canvas, where = np.full((3, 700, 900), 120, np.uint8), placement(1.2, 60, (400.0, 350.0))
    placed(4, canvas, where)
    mouth = Portrait.random(0, 4).mouth
    [face] = default_detector().faces(canvas)
    assert lips_error(face, tuple(where @ [(0.5 + mouth.x) * SIZE, mouth.y * SIZE, 1])) < 0.06


def test_a_gray_face_has_the_eyes_of_the_coloured_one() -> None:
    picture = draw(0, "neutral", SIZE)
    [face] = default_detector().faces(picture.mean(axis=0, keepdims=True).astype(np.uint8))
    assert error(face, drawn_eyes(0)) < 0.02


@pytest.mark.parametrize("degrees", [-30, 30, 90, 180])
def test_a_turned_face_keeps_its_left_and_right(degrees: float) -> None:
    canvas = np.full((3, 700, 900), 120, np.uint8)
    eyes = placed(4, canvas, placement(1.2, degrees, (400.0, 350.0)))
    [face] = default_detector().faces(canvas)
    assert error(face, eyes) < 0.03


def test_faces_of_all_sizes_in_one_photograph_come_largest_first() -> None:
    canvas = np.full((3, 1300, 2600), 90, np.uint8)
    # Distances of the eyes: 200, 80 and 22 pixels; the whole photograph shows the first two only.
    placements = [(2.5, 10.0, (500.0, 700.0)), (1.0, -20.0, (1400.0, 300.0)), (0.28, 5.0, (2400.0, 1100.0))]
    eyes = [placed(person, canvas, placement(*where)) for person, where in enumerate(placements)]
    faces = default_detector().faces(canvas)
    assert len(faces) == 3
    assert max(error(face, true) for face, true in zip(faces, eyes, strict=True)) < 0.04


def test_a_face_cut_off_by_the_border() -> None:
    picture, (left, right) = draw(5, "neutral", SIZE), drawn_eyes(5)
    # The left temple, the brows and what lies below the mouth are outside.
    row, col = round(left[1] - 0.1 * SIZE), round(left[0] - 0.11 * SIZE)
    [face] = default_detector().faces(picture[:, row : round(0.72 * SIZE), col:])
    assert error(face, ((left[0] - col, left[1] - row), (right[0] - col, right[1] - row))) < 0.03


def test_no_face_is_found_where_there_is_none() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (3, 300, 300), dtype=np.uint8)
    clouds = np.asarray(Image.fromarray(noise[:, :9, :9].transpose(1, 2, 0)).resize((500, 500))).transpose(2, 0, 1)
    # A face without eyes: they are what is looked for.
    chin = draw(0, "neutral", SIZE)[:, SIZE // 2 :]
    for image in (noise, clouds, chin, np.zeros((1, 1, 1), np.uint8), np.full((3, 40, 2000), 255, np.uint8)):
        assert default_detector().faces(np.ascontiguousarray(image)) == ()


def test_threads_share_a_detector() -> None:
    pictures = [draw(person, "neutral", 128) for person in range(4)]
    alone = [default_detector().faces(picture) for picture in pictures]
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(default_detector().faces, pictures * 2)) == alone * 2


def test_threads_read_their_networks_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads that read the first networks of a process at once crash OpenCV, once in a while."""
    read, reading = cv2.dnn.readNetFromTFLite, []

    def watched(*arguments: Any) -> Any:
        reading.append("begins")
        network = read(*arguments)
        time.sleep(0.05)
        reading.append("ends")
        return network

    monkeypatch.setattr(cv2.dnn, "readNetFromTFLite", watched)
    detector, picture, both = MediaPipe(), draw(0, "neutral", 128), threading.Barrier(2)

    def found(_: int) -> tuple[Face, ...]:
        both.wait()
        return detector.faces(picture)

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(found, range(2))
    assert first == second
    assert reading == ["begins", "ends"] * 6


def test_opencv_has_one_thread_before_a_detector_does_anything() -> None:
    """Where that changes while another thread is at work, it crashes once in a while."""
    cv2.setNumThreads(2)
    MediaPipe()
    assert cv2.getNumThreads() == 1


@pytest.mark.london
def test_eyes_and_lips_of_photographs_lie_where_mediapipe_itself_finds_them(london: Path) -> None:
    with (london / "points.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if int(row["face_id"]) % 10 == 3]
    errors, lips_errors = [], []
    for row in rows:
        with Image.open(london / row["expression"] / f"{row['face_id']}.jpg") as photograph:
            [face] = default_detector().faces(np.asarray(photograph).transpose(2, 0, 1))
        left, right = ((float(row[f"{side}_eye_x"]), float(row[f"{side}_eye_y"])) for side in ("left", "right"))
        errors.append(error(face, (left, right)))
        corners = [[float(row[f"mouth_{side}_{axis}"]) for axis in "xy"] for side in ("left", "right")]
        x, y = np.mean(corners, axis=0)
        lips_errors.append(lips_error(face, (x, y)))
    assert len(errors) > 8
    assert np.mean(errors) < 0.025
    assert max(errors) < 0.05
    # The middle of the lips is that between the corners, and where lips meet, as smiles part these.
    assert np.mean(lips_errors) < 0.05
    assert max(lips_errors) < 0.1
