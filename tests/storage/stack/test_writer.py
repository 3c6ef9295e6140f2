"""Filling a stack: slots, repeats, conflicts, splits, one writer at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from storage.errors import AlreadyExistsError, BadNameError, MismatchError, StorageError
from storage.stack.format import StackSpec
from storage.stack.reading import TrainingStack
from storage.stack.writer import PendingSubject, StackWriter
from tests.storage.conftest import SPEC, image, person

EVERYWHERE = (slice(0, 20), slice(0, 24))


def test_images_come_back_as_they_were_given(stack_path: Path) -> None:
    stack = TrainingStack.open(stack_path)
    samples = stack.samples("smiling", "all")
    expected = np.stack([person(sample, "smiling").images["smiling"] for sample in samples])
    np.testing.assert_array_equal(stack.read("smiling", samples, *EVERYWHERE), expected)


def test_people_of_whom_nothing_is_new_stay_the_objects_they_were(stack_path: Path) -> None:
    """Whoever appends to many does not make all of them anew."""
    with StackWriter.open(stack_path) as writer:
        before = writer.subjects
        writer.append([person(3, "sad"), person(20, "neutral"), person(1, "neutral")])
        changed = [place for place, (old, new) in enumerate(zip(before, writer.subjects, strict=False)) if old != new]
        assert changed == [3]
        assert all(old is new for old, new in zip(before[4:], writer.subjects[4:], strict=False))


def test_a_known_person_gains_an_expression_in_place(stack_path: Path) -> None:
    with StackWriter.open(stack_path) as writer:
        outcome = writer.append([person(3, "smiling"), person(0, "sad"), person(10, "neutral", "sad")])
    assert outcome.added == [("003", "smiling"), ("000", "sad"), ("010", "neutral"), ("010", "sad")]
    stack = TrainingStack.open(stack_path)
    assert stack.expressions == ("neutral", "sad", "smiling")
    assert [subject.id for subject in stack.subjects] == [f"{number:03d}" for number in range(11)]
    assert stack.samples("sad", "all").tolist() == [0, 10]
    assert stack.samples("sad", "train").tolist() == [0]  # on whose side person 10 is was not decided yet
    np.testing.assert_array_equal(stack.read("sad", [0], *EVERYWHERE)[0], person(0, "sad").images["sad"])
    np.testing.assert_array_equal(stack.read("smiling", [3], *EVERYWHERE)[0], person(3, "smiling").images["smiling"])


@pytest.mark.parametrize("expression", ["c", "sad.partial", "zarr.json.partial", "sad.zarr"])
def test_an_expression_may_be_called_as_files_are(tmp_path: Path, expression: str) -> None:
    path = tmp_path / "faces"
    with StackWriter.create(path, SPEC) as writer:
        writer.append([person(0, "neutral", expression)])
    with StackWriter.open(path) as writer:
        writer.append([person(1, "neutral", expression)])
    stack = TrainingStack.open(path)
    assert stack.verify() == []
    assert stack.samples(expression, "all").tolist() == [0, 1]


def test_the_same_pixels_are_unchanged_and_others_a_conflict(stack_path: Path) -> None:
    before = (stack_path / "zarr.json").read_bytes()
    with StackWriter.open(stack_path) as writer:
        outcome = writer.append([person(0, "neutral"), PendingSubject("001", {"neutral": image(7)})])
    assert outcome.added == []
    assert outcome.unchanged == [("000", "neutral")]
    assert outcome.conflicts == [("001", "neutral")]
    assert (stack_path / "zarr.json").read_bytes() == before


def test_a_person_twice_in_a_batch_is_one_person(stack_path: Path) -> None:
    with StackWriter.open(stack_path) as writer:
        outcome = writer.append([person(20, "neutral"), person(20, "neutral", "sad")])
    assert outcome.added == [("020", "neutral"), ("020", "sad")]
    assert outcome.unchanged == [("020", "neutral")]


def test_new_people_are_assigned_and_old_ones_stay(stack_path: Path) -> None:
    with StackWriter.open(stack_path) as writer:
        writer.append([person(number, "neutral", "smiling") for number in range(10, 20)])
        new = writer.assign_holdout(fraction=0.25)
    stack = TrainingStack.open(stack_path)
    assert len(new) == 3
    assert {subject.id for subject in stack.subjects if subject.holdout} == {"001", "004", *new}
    assert all(int(name) >= 10 for name in new)


def test_float_images_keep_their_bits(tmp_path: Path) -> None:
    spec = StackSpec(9, 7, 1, "float64", "min-max")
    values = np.random.default_rng(0).random((1, 9, 7))
    with StackWriter.create(tmp_path / "faces", spec) as writer:
        writer.append([PendingSubject("ann", {"neutral": values})])
    stack = TrainingStack.open(tmp_path / "faces")
    assert stack.spec == spec
    np.testing.assert_array_equal(stack.read("neutral", [0], slice(0, 9), slice(0, 7))[0], values)


def test_several_batches_fill_chunks_that_they_share(tmp_path: Path) -> None:
    spec = StackSpec(128, 128, 3, "uint8", "none")
    with StackWriter.create(tmp_path / "faces", spec) as writer:
        for first in range(0, 90, 30):
            people = range(first, first + 30)
            writer.append([PendingSubject(f"{i}", {"neutral": image(i, (3, 128, 128))}) for i in people])
    stack = TrainingStack.open(tmp_path / "faces")
    assert 30 < spec.chunks()[0] < 90
    found = stack.read("neutral", range(90), slice(0, 128), slice(0, 128))
    np.testing.assert_array_equal(found, np.stack([image(i, (3, 128, 128)) for i in range(90)]))


@pytest.mark.parametrize(
    ("pending", "message"),
    [
        (
            PendingSubject("ann", {"neutral": image(0, (3, 20, 25))}),
            r"is \(3, 20, 25\) uint8; expected .*\(3, 20, 24\)",
        ),
        (PendingSubject("ann", {"neutral": image(0).astype(np.float32)}), r"\(3, 20, 24\) float32; expected .* uint8"),
        (PendingSubject("", {"neutral": image(0)}), "subject id '' was given; expected 1 to 200 printable"),
        (PendingSubject("a\n", {"neutral": image(0)}), r"subject id 'a\\n' was given"),
        (PendingSubject("ann", {}), "subject 'ann' was given without an image"),
    ],
)
def test_images_that_do_not_fit_are_refused_with_their_batch(
    stack_path: Path, pending: PendingSubject, message: str
) -> None:
    before = (stack_path / "zarr.json").read_bytes()
    with StackWriter.open(stack_path) as writer, pytest.raises(MismatchError, match=message):
        writer.append([person(30, "neutral"), pending])
    assert (stack_path / "zarr.json").read_bytes() == before


def test_expressions_are_names_of_arrays(stack_path: Path) -> None:
    with StackWriter.open(stack_path) as writer:
        for name in ("../smiling", "subject", "flows", ""):
            with pytest.raises(BadNameError, match="expression name"):
                writer.append([PendingSubject("ann", {name: image(0)})])


def test_a_batch_has_a_limit(stack_path: Path) -> None:
    with StackWriter.open(stack_path) as writer:
        people = [person(0, "neutral")] * (writer.batch + 1)
        with pytest.raises(MismatchError, match=f"expected at most {writer.batch}"):
            writer.append(people)


def test_a_stack_is_not_created_over_something(stack_path: Path) -> None:
    with pytest.raises(AlreadyExistsError, match="is no empty folder, in which a stack could be"):
        StackWriter.create(stack_path, SPEC)
    StackWriter.open(stack_path).close()


def test_only_one_writer_at_a_time(stack_path: Path) -> None:
    with StackWriter.open(stack_path):
        with pytest.raises(StorageError, match="another process is writing to the stack"):
            StackWriter.open(stack_path)
        with pytest.raises(StorageError, match="another process is writing to the stack"):
            StackWriter.create(stack_path, SPEC)
    with StackWriter.open(stack_path) as writer:
        assert writer.append([person(40, "neutral")]).added == [("040", "neutral")]


def test_a_reader_keeps_what_it_opened(stack_path: Path) -> None:
    before = TrainingStack.open(stack_path)
    with StackWriter.open(stack_path) as writer:
        writer.append([person(50, "neutral", "smiling", "sad")])
    assert before.n_samples == 10
    assert before.expressions == ("neutral", "smiling")
    assert len(before.read("smiling", before.samples("smiling"), *EVERYWHERE)) == 7


def test_black_images_are_stored_like_any_other(tmp_path: Path) -> None:
    black = np.zeros((3, 16, 16), np.uint8)
    with StackWriter.create(tmp_path / "black.zarr", StackSpec(16, 16, 3, "uint8", "none")) as writer:
        writer.append([PendingSubject("night", {"neutral": black, "smiling": black})])
    assert not TrainingStack.open(tmp_path / "black.zarr").read("smiling", [0], slice(0, 16), slice(0, 16)).any()


def test_a_stack_without_people_can_be_discarded_and_no_other(tmp_path: Path, stack_path: Path) -> None:
    with StackWriter.create(tmp_path / "new", SPEC) as writer:
        writer.discard()
    assert not (tmp_path / "new").exists()
    with StackWriter.create(tmp_path / "new", SPEC) as writer, StackWriter.open(stack_path) as filled:
        writer.append([person(0, "neutral")])
        for each in (writer, filled):
            with pytest.raises(MismatchError, match="people; expected a stack without any"):
                each.discard()
    assert TrainingStack.open(tmp_path / "new").n_samples == 1
