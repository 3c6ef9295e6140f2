"""People taken out and pictures replaced: nothing is left of them, everybody else stays as they were."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from storage.blobs.limits import LARGEST_READ
from storage.blobs.local import LocalLocation
from storage.errors import ChangedError, MismatchError, NotFoundError
from storage.stack import editing
from storage.stack import format as stack_format
from storage.stack.current import check_current
from storage.stack.editing import delete_person, replace_image
from storage.stack.format import StackContents
from storage.stack.reading import TrainingStack
from storage.stack.writer import PendingSubject, StackWriter
from tests.storage.conftest import SPEC, image, person

WHOLE = slice(0, SPEC.height), slice(0, SPEC.width)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a stack of four people, neutral and happy, of whom 001 alone has sad."""
    with StackWriter.create(tmp_path / "stack.zarr", SPEC) as writer:
        writer.append([person(n, "neutral", "happy", *(["sad"] if n == 1 else [])) for n in range(4)])
        writer.assign_holdout(ids=["001", "002"])
    return tmp_path / "stack.zarr"


def _pixels(path: Path, name: str) -> dict[str, bytes]:
    stack = TrainingStack.open(path)
    place = [subject.id for subject in stack.subjects].index(name)
    return {each: stack.read(each, [place], *WHOLE).tobytes() for each in stack.subjects[place].digests}


def _bytes_of(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file())


def _with_flows(path: Path) -> None:
    (path / "flows").mkdir()
    (path / "flows" / "of somebody").write_bytes(b"found in their pictures")


def test_nothing_is_left_of_a_deleted_person(path: Path) -> None:
    others = {name: _pixels(path, name) for name in ("000", "002", "003")}
    _with_flows(path)
    assert delete_person(path, "001") == ("happy", "neutral", "sad")
    stack = TrainingStack.open(path)
    assert [subject.id for subject in stack.people] == ["000", "002", "003"]
    assert stack.expressions == ("neutral", "happy")
    assert not (path / "sad").exists()
    assert not (path / "flows").exists()
    assert b'"001"' not in _bytes_of(path)
    assert list(stack.samples("happy", "holdout")) == [2]
    assert {name: _pixels(path, name) for name in others} == others
    assert stack.verify() == []
    with StackWriter.open(path) as writer:
        for expression in ("neutral", "happy"):
            assert not writer._arrays.holds(expression, [1])
        writer.append([person(1, "neutral", "happy")])
    assert [subject.id for subject in TrainingStack.open(path).people] == ["000", "002", "003", "001"]


def test_a_replaced_picture_keeps_the_person_and_their_side(path: Path) -> None:
    others = {name: _pixels(path, name) for name in ("000", "001", "003")}
    before, new = _pixels(path, "002"), image(77)
    fingerprint = TrainingStack.open(path).fingerprint(("neutral", "happy"), [0, 3])
    _with_flows(path)
    replace_image(path, "002", "happy", new)
    assert not (path / "flows").exists()
    assert _pixels(path, "002") == before | {"happy": new.tobytes()}
    stack = TrainingStack.open(path)
    assert [subject.id for subject in stack.people if subject.holdout] == ["001", "002"]
    assert {name: _pixels(path, name) for name in others} == others
    assert stack.fingerprint(("neutral", "happy"), [0, 3]) == fingerprint
    assert stack.verify() == []


def test_accents_are_written_in_either_way(tmp_path: Path) -> None:
    with StackWriter.create(tmp_path / "faces", SPEC) as writer:
        writer.append(
            [PendingSubject(name, {"neutral": image(seed)}) for seed, name in enumerate(("Zo\u00eb", "Rene\u0301"))]
        )
    replace_image(tmp_path / "faces", "Zoe\u0308", "neutral", image(3))
    delete_person(tmp_path / "faces", "Ren\u00e9")
    people = [subject for subject in TrainingStack.open(tmp_path / "faces").subjects if not subject.is_nobody]
    assert [subject.id for subject in people] == ["Zo\u00eb"]


def test_what_cannot_be_is_refused(path: Path) -> None:
    content = _bytes_of(path)
    with pytest.raises(NotFoundError, match=r"nobody called 'zoe' in .*; its 4 people: 000, 001"):
        delete_person(path, "zoe")
    with pytest.raises(NotFoundError, match="'000' has no 'sad'"):
        replace_image(path, "000", "sad", image(1))
    with pytest.raises(MismatchError, match=r"is \(3, 2, 2\) uint8; expected"):
        replace_image(path, "000", "happy", np.zeros((3, 2, 2), np.uint8))
    with pytest.raises(MismatchError, match="has these very pixels"):
        replace_image(path, "000", "happy", person(0, "happy").images["happy"])
    assert _bytes_of(path) == content


def test_who_asks_for_nobody_takes_nothing_away(path: Path) -> None:
    delete_person(path, "000")
    _with_flows(path)
    with pytest.raises(NotFoundError):
        delete_person(path, "zoe")
    assert (path / "flows" / "of somebody").exists()


def test_a_share_of_those_who_are_there_is_held_out(tmp_path: Path) -> None:
    with StackWriter.create(tmp_path / "stack.zarr", SPEC) as writer:
        writer.append([person(n, "neutral", "happy") for n in range(4)])
    for name in ("000", "001"):
        delete_person(tmp_path / "stack.zarr", name)
    with StackWriter.open(tmp_path / "stack.zarr") as writer:
        assert len(writer.assign_holdout(0.5)) == 1


def test_an_edit_killed_after_its_commit_is_finished_by_the_next(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(editing, "_erase", lambda *_: None)
        delete_person(path, "000")
    with StackWriter.open(path) as writer:
        assert writer._arrays.holds("happy", [0])
    with pytest.raises(NotFoundError):
        delete_person(path, "000")
    with StackWriter.open(path) as writer:
        assert not writer._arrays.holds("happy", [0])


@pytest.mark.parametrize("edit", ["delete", "replace"])
def test_an_edit_looks_at_the_places_of_earlier_ones_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edit: str
) -> None:
    """A chunk is unpacked for them, and after many edits that is most of the stack."""
    monkeypatch.setattr(stack_format, "_MOST_SAMPLES", 2)
    path = tmp_path / "stack.zarr"
    with StackWriter.create(path, SPEC) as writer:
        for first in range(0, 8, 2):
            writer.append([person(n, "neutral", "happy") for n in (first, first + 1)], 0.2)
    for number in (0, 2, 4):
        delete_person(path, f"{number:03d}")
    read, keys = LocalLocation.read, Counter[str]()

    def counted(location: LocalLocation, key: str, most: int = LARGEST_READ) -> bytes:
        keys[key] += 1
        return read(location, key, most)

    monkeypatch.setattr(LocalLocation, "read", counted)
    if edit == "delete":
        delete_person(path, "006")
    else:
        replace_image(path, "006", "happy", image(77))
    for expression in ("neutral", "happy"):
        assert [keys[f"{expression}/c/{chunk}/0/0/0"] for chunk in range(3)] == [1, 1, 1]
        assert keys[f"{expression}/c/3/0/0/0"]
        with StackWriter.open(path) as writer:
            assert not writer._arrays.holds(expression, [0, 2, 4, 6])
    assert TrainingStack.open(path).verify() == []


def test_a_stack_in_which_nothing_changed_is_not_taken_apart(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles ask one after the other, and the tables of thousands of people take long."""
    before = TrainingStack.open(path)

    def taken_apart(data: bytes, place: str) -> StackContents:
        pytest.fail(f"{place} was taken apart")

    monkeypatch.setattr(StackContents, "decoded", taken_apart)
    check_current(before, [("neutral", [0, 2])])
    check_current(before.keeping(1 << 20), [("neutral", [0, 2])])


def test_whoever_reads_an_image_that_is_taken_out_can_know_it(path: Path) -> None:
    before = TrainingStack.open(path)
    wanted = {"neutral": [0, 2, 3], "happy": [0]}
    delete_person(path, "001")
    with StackWriter.open(path) as writer:
        writer.append([person(0, "sad"), person(20, "neutral")])
    check_current(before, wanted.items())
    replace_image(path, "003", "neutral", image(5))
    with pytest.raises(ChangedError, match=f"neutral of 003 was deleted or replaced in {path} while it was read"):
        check_current(before, wanted.items())
    check_current(before, [("neutral", [0, 2]), ("happy", [0])])
    delete_person(path, "000")
    with pytest.raises(ChangedError, match="happy of 000 was deleted or replaced"):
        check_current(before, [("happy", [0])])
