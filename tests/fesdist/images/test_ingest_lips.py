"""Eyes and lips of inputs come to their places in a stack; all images of a person are placed by the input's drop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fesdist.align import finding
from fesdist.align.crop import crop
from fesdist.align.face import Face, Point
from fesdist.align.frame import Frame, drop_of, place, usual_lips
from fesdist.align.points import COLUMNS, read_points
from fesdist.cli.main import main
from fesdist.ground.errors import BadParameterError
from fesdist.images.decode import decode
from fesdist.images.ingest import ingest
from fesdist.images.survey import Wanted
from storage.stack.format import StackSpec, Subject
from storage.stack.reading import TrainingStack
from storage.stack.writer import StackWriter

EYES = ((0.3, 0.3), (0.7, 0.3))
SHAPE = (40, 32)
FRAME = Frame(EYES, usual_lips(EYES, SHAPE))
WANTED = Wanted(size=SHAPE, eyes=EYES, align=True)

ANNA = {"neutral": ((31, 40), (71, 44), (48, 88)), "happy": ((35, 42), (75, 42), (55, 80))}
BEN = {"neutral": ((30, 40), (70, 40), (51, 79)), "happy": ((33, 40), (73, 42), (52, 75))}


class _Detector:
    """Finds the points that the first pixels of a photograph name."""

    name = "a detector"

    def faces(self, image: NDArray[np.uint8]) -> tuple[Face, ...]:
        left, right, lips = (tuple(map(float, point)) for point in image[0, 0, :6].reshape(3, 2))
        return (Face((left, right), lips=lips),)


@pytest.fixture(autouse=True)
def detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "default_detector", _Detector)


def _photograph(path: Path, points: tuple[Point, Point, Point]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(len(str(path.name))).integers(0, 256, (120, 110, 3), dtype=np.uint8)
    pixels[0, :6] = np.array(points, np.uint8).reshape(6, 1)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    for person, photographs in (("anna", ANNA), ("ben", BEN)):
        for expression, points in photographs.items():
            _photograph(tmp_path / "pairs" / expression / f"{person}.png", points)
    return tmp_path / "pairs"


def _drop(points: tuple[Point, Point, Point]) -> complex:
    return drop_of(Face(points[:2], lips=points[2]), FRAME, SHAPE)


def _expected(path: Path, points: tuple[Point, Point, Point], drop: complex) -> NDArray[np.uint8]:
    return crop(decode(path), place(Face(points[:2]), FRAME, SHAPE, drop), SHAPE)


def _stored(stack: TrainingStack, person: str, expression: str) -> NDArray[np.uint8]:
    sample = [subject.id for subject in stack.subjects].index(person)
    return stack.read(expression, [sample], slice(0, SHAPE[0]), slice(0, SHAPE[1]))[0]


def test_every_image_of_a_person_is_placed_by_the_drop_of_the_input(pairs: Path, tmp_path: Path) -> None:
    ingest(pairs, tmp_path / "stack.zarr", WANTED, holdout=0)
    stack = TrainingStack.open(tmp_path / "stack.zarr")
    assert (stack.spec.eyes, stack.spec.lips) == (EYES, FRAME.lips)
    for subject, photographs in zip(stack.subjects, (ANNA, BEN), strict=True):
        drop = _drop(photographs["neutral"])
        assert subject.drop == (drop.real, drop.imag)
        for expression, points in photographs.items():
            expected = _expected(pairs / expression / f"{subject.id}.png", points, drop)
            assert np.array_equal(_stored(stack, subject.id, expression), expected)
    assert len({subject.drop for subject in stack.subjects}) == 2


def test_an_expression_that_comes_later_and_one_that_is_replaced_have_it_too(pairs: Path, tmp_path: Path) -> None:
    path = str(tmp_path / "stack.zarr")
    ingest(pairs, path, WANTED, holdout=0)
    sad, glad = (((33, 41), (72, 43), (50, 95))), (((38, 42), (79, 42), (60, 77)))
    _photograph(pairs / "sad" / "anna.png", sad)
    assert ingest(pairs, path, WANTED).added == 1
    assert main(["replace", path, "anna", "happy", str(_photograph(tmp_path / "glad.png", glad)), "--align"]) == 0
    stack, drop = TrainingStack.open(path), _drop(ANNA["neutral"])
    assert np.array_equal(_stored(stack, "anna", "sad"), _expected(pairs / "sad" / "anna.png", sad, drop))
    assert np.array_equal(_stored(stack, "anna", "happy"), _expected(tmp_path / "glad.png", glad, drop))
    assert stack.subjects[-1].drop == (drop.real, drop.imag)


def test_somebody_whose_input_was_replaced_gets_further_expressions(pairs: Path, tmp_path: Path) -> None:
    """The other photograph has another drop of its own; the stack's counts, or it would be somebody else's."""
    path, (old, new) = str(tmp_path / "stack.zarr"), (ANNA["neutral"], ((30, 42), (70, 45), (47, 93)))
    ingest(pairs, path, WANTED, holdout=0)
    photograph = _photograph(pairs / "neutral" / "anna.png", new)
    assert _drop(new) != _drop(old)
    assert main(["replace", path, "anna", "neutral", str(photograph), "--align"]) == 0
    sad = (33, 41), (72, 43), (50, 95)
    _photograph(pairs / "sad" / "anna.png", sad)
    summary = ingest(pairs, path, WANTED)
    assert (summary.added, summary.skipped) == (1, ())
    stack = TrainingStack.open(path)
    assert np.array_equal(_stored(stack, "anna", "sad"), _expected(pairs / "sad" / "anna.png", sad, _drop(old)))


def test_a_stack_whose_lips_no_frame_has_is_named(pairs: Path, tmp_path: Path) -> None:
    path = tmp_path / "stack.zarr"
    StackWriter.create(path, StackSpec(*SHAPE, 3, "uint8", "none", eyes=EYES, lips=(0.5, 0.2))).close()
    with pytest.raises(BadParameterError, match=r"stack\.zarr says that faces have their lips at 0\.5,0\.2; expected"):
        ingest(pairs, path, Wanted(align=True), holdout=0)


def test_inputs_whose_lips_nobody_has_marked_are_told(pairs: Path, tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text(
        f"file,{','.join(COLUMNS)}\nneutral/anna.png,31,40,71,44\nhappy/ben,30,40,70,40"
    )
    wanted = replace(WANTED, points=read_points(tmp_path / "points.csv"))
    summary = ingest(pairs, tmp_path / "stack.zarr", wanted, holdout=0)
    anna = pairs / "neutral" / "anna.png"
    (told,) = [notice for notice in summary.notices if "by the eyes alone" in notice.text]
    assert (told.count, list(told.examples)) == (1, [str(anna)])
    stack = TrainingStack.open(tmp_path / "stack.zarr")
    assert stack.subjects[0].drop == (1, 0)
    assert np.array_equal(_stored(stack, "anna", "neutral"), _expected(anna, ANNA["neutral"], 1 + 0j))
    assert not [notice for notice in ingest(pairs, tmp_path / "other.zarr", WANTED).notices if "alone" in notice.text]


def test_a_stack_that_says_nothing_of_lips_is_gone_on_with_by_eyes(pairs: Path, tmp_path: Path) -> None:
    spec = StackSpec(*SHAPE, channels=3, dtype="uint8", normalisation="none", eyes=EYES)
    StackWriter.create(tmp_path / "stack.zarr", spec).close()
    ingest(pairs, tmp_path / "stack.zarr", Wanted(align=True), holdout=0)
    stack = TrainingStack.open(tmp_path / "stack.zarr")
    assert stack.subjects[0] == Subject("anna", "train", stack.subjects[0].digests)
    assert np.array_equal(
        _stored(stack, "anna", "neutral"), _expected(pairs / "neutral" / "anna.png", ANNA["neutral"], 1 + 0j)
    )


def test_lips_that_nobody_brought_anywhere_have_no_place(pairs: Path, tmp_path: Path) -> None:
    ingest(pairs, tmp_path / "stack.zarr", Wanted(size=SHAPE, eyes=EYES), holdout=0)
    stack = TrainingStack.open(tmp_path / "stack.zarr")
    assert (stack.spec.lips, {subject.drop for subject in stack.subjects}) == (None, {None})
