"""Smiles with open and with closed mouths become two expressions; whoever comes later joins the kind that is nearer."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.ground.errors import BadParameterError
from fesdist.images.dividing import Kind, divide, names_of, unite
from storage.errors import FormatError, MismatchError, NotFoundError
from storage.stack.format import StackContents
from storage.stack.reading import StackSpec, TrainingStack
from storage.stack.writer import PendingSubject, StackWriter
from tests.fesdist.ground.heads import head

SHAPE = (48, 40)
SPEC = StackSpec(*SHAPE, 3, "uint8", "none")
OPEN = frozenset({1, 4, 5, 8, 11, 13, 14})
"""Of 16 people, these smile with their mouths open."""


def smile(person: int, is_open: bool) -> NDArray[np.uint8]:
    """Return a head whose mouth is wider, or bright: rows 29 to 38 of columns 12 to 28 are the mouth."""
    smiling = head(person, SHAPE).copy()
    smiling[:, 30:37, 14:26] = np.clip(smiling[:, 30:37, 14:26].astype(int) + (90 if is_open else -15), 0, 255)
    return smiling


def pending(person: int, is_open: bool, *also: str) -> PendingSubject:
    images = {"neutral": head(person, SHAPE), "smiling": smile(person, is_open)}
    return PendingSubject(f"p{person:02d}", images | {name: head(person + 100, SHAPE) for name in also})


def written(path: Path, people: range, open_ones: Collection[int] = OPEN) -> str:
    with StackWriter.create(path, SPEC) as writer:
        writer.append([pending(person, person in open_ones, *["sad"] * (person == 3)) for person in people])
        writer.append([PendingSubject("alone", {"smiling": smile(50, True)})])
        writer.assign_holdout(ids=["p04", "p05", "p06"])
    return str(path)


@pytest.fixture
def stack(tmp_path: Path) -> str:
    """Return a stack of 16 people, one of whom is sad as well, and of one without an input."""
    return written(tmp_path / "faces.zarr", range(16))


def of(path: str, expression: str) -> set[int]:
    """Return who has an expression and an input."""
    opened = TrainingStack.open(path)
    return {int(opened.subjects[place].id[1:]) for place in opened.samples(expression, "all")}


def test_open_and_closed_mouths_become_two_expressions(stack: str) -> None:
    before = TrainingStack.open(stack)
    closed, opened = divide(stack, "smiling", names_of("smiling"))
    assert closed == Kind("smiling-1", 9, 1)
    assert opened == Kind("smiling-2", 7, 2)
    assert of(stack, "smiling-2") == OPEN
    assert of(stack, "smiling-1") == set(range(16)) - OPEN
    after = TrainingStack.open(stack)
    assert after.verify() == []
    # Who has no input is in no pair, and stays.
    assert after.expressions == ("neutral", "sad", "smiling", "smiling-1", "smiling-2")
    assert [subject.id for subject in after.subjects if "smiling" in subject.digests] == ["alone"]
    assert [subject.split for subject in after.subjects] == [subject.split for subject in before.subjects]
    place = 4
    whole = slice(0, SHAPE[0]), slice(0, SHAPE[1])
    assert np.array_equal(after.read("smiling-2", [place], *whole), before.read("smiling", [place], *whole))


def test_what_was_divided_can_be_one_again(stack: str) -> None:
    before = TrainingStack.open(stack)
    divide(stack, "smiling", ("closed", "open"))
    assert unite(stack, "smiling", ("closed", "open")) == 16
    after = TrainingStack.open(stack)
    assert after.subjects == before.subjects
    assert after.verify() == []
    assert not (Path(stack) / "open").exists()
    with pytest.raises(BadParameterError, match=r"has neither closed nor open; it has sad, smiling"):
        unite(stack, "smiling", ("closed", "open"))


def test_who_comes_later_joins_the_nearer_kind_and_others_stay(stack: str) -> None:
    names = names_of("smiling")
    divide(stack, "smiling", names)
    with StackWriter.open(stack) as writer:
        # The same photographs once more, as by a folder that is ingested every night, and two people more.
        writer.append([pending(person, person in OPEN) for person in range(4)])
        writer.append([pending(20, True), pending(21, False)])
    assert divide(stack, "smiling", names) == (Kind("smiling-1", 10, 1), Kind("smiling-2", 8, 2))
    assert of(stack, "smiling-2") == OPEN | {20}
    assert TrainingStack.open(stack).verify() == []


def test_another_photograph_of_who_was_divided_is_refused(stack: str) -> None:
    names = names_of("smiling")
    divide(stack, "smiling", names)
    with StackWriter.open(stack) as writer:
        writer.append([PendingSubject("p02", {"smiling": head(70, SHAPE)})])
    before = TrainingStack.open(stack).subjects
    with pytest.raises(MismatchError, match=r"'p02' has another 'smiling-1' already .* than the 'smiling'"):
        divide(stack, "smiling", names)
    assert TrainingStack.open(stack).subjects == before


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_gray_mouths_are_told_by_their_pattern(tmp_path: Path, dtype: str) -> None:
    path = tmp_path / "gray.zarr"
    with StackWriter.create(path, StackSpec(*SHAPE, 1, dtype, "none")) as writer:
        for person in range(16):
            images = {name: image[:1] for name, image in pending(person, person in OPEN).images.items()}
            if dtype == "float64":
                images = {name: image / 255 for name, image in images.items()}
            writer.append([PendingSubject(f"p{person:02d}", images)])
    divide(str(path), "smiling", names_of("smiling"))
    assert of(str(path), "smiling-2") == OPEN


@pytest.mark.parametrize(
    ("expression", "names", "message"),
    [
        ("neutral", ("a", "b"), r"neutral shall become a and b; expected an expression that is not the stack's input"),
        ("smiling", ("a", "a"), "and two other names for its kinds"),
        ("smiling", ("smiling", "a"), "and two other names for its kinds"),
        ("smiling", ("a", "neutral"), "and two other names for its kinds"),
    ],
)
def test_names_that_mean_nothing_are_refused(stack: str, expression: str, names: tuple[str, str], message: str) -> None:
    with pytest.raises(BadParameterError, match=message):
        divide(stack, expression, names)


def test_images_without_room_for_a_mouth_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tiny.zarr"
    with StackWriter.create(path, StackSpec(2, 2, 3, "uint8", "none")) as writer:
        image = np.zeros((3, 2, 2), np.uint8)
        writer.append([PendingSubject("ann", {"neutral": image, "smiling": image})])
    with pytest.raises(BadParameterError, match="images of 2 x 2 pixels; expected some for the mouth"):
        divide(str(path), "smiling", ("a", "b"))


def test_what_is_not_there_is_refused(stack: str) -> None:
    with pytest.raises(NotFoundError, match="has no expression 'laughing'"):
        divide(stack, "laughing", ("a", "b"))


@pytest.mark.parametrize("open_ones", [{3, 7}, set()], ids=["two alone", "all alike"])
def test_people_who_smile_alike_are_not_divided(tmp_path: Path, open_ones: set[int]) -> None:
    stack = written(tmp_path / "faces.zarr", range(9), open_ones)
    before = (Path(stack) / "zarr.json").read_bytes()
    with pytest.raises(BadParameterError, match="with smiling are not of two kinds: of one there are") as told:
        divide(stack, "smiling", ("a", "b"))
    if open_ones:
        assert "there are 2: p03, p07; expected 5 or more of each" in str(told.value)
    assert (Path(stack) / "zarr.json").read_bytes() == before


def test_killed_before_the_commit_the_stack_is_as_it_was(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = TrainingStack.open(stack)

    class Killed(BaseException):
        pass

    def killed(self: StackContents) -> bytes:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(StackContents, "encoded", killed)
        with pytest.raises(Killed):
            divide(stack, "smiling", ("a", "b"))
    assert TrainingStack.open(stack).subjects == before.subjects
    assert (Path(stack) / "a").exists()
    with StackWriter.open(stack):
        assert not (Path(stack) / "a").exists()
    assert TrainingStack.open(stack).verify() == []


def test_a_changed_photograph_stops_it_before_anything_counts(stack: str) -> None:
    before = TrainingStack.open(stack).subjects
    chunk = next(file for file in sorted((Path(stack) / "smiling" / "c").rglob("*")) if file.is_file())
    chunk.unlink()
    with pytest.raises(FormatError, match=r"chunk smiling/.* is missing"):
        divide(stack, "smiling", ("a", "b"))
    assert TrainingStack.open(stack).subjects == before
