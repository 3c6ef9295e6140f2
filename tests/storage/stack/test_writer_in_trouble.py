"""What a stack is left with by a writer that fails, is killed, or finds it damaged."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zarr
from zarr.abc.buffer import Buffer
from zarr.storage import LocalStore

from storage.blobs import local
from storage.errors import FormatError, NoSpaceError
from storage.stack.arrays import StackArrays
from storage.stack.editing import delete_person, replace_image
from storage.stack.format import StackContents, StackSpec
from storage.stack.reading import TrainingStack
from storage.stack.writer import PendingSubject, StackWriter
from tests.storage.conftest import image, person


def test_a_batch_that_does_not_fit_the_disk_leaves_the_stack_as_it_was(small_disk: Path) -> None:
    spec = StackSpec(128, 128, 3, "uint8", "none")
    with StackWriter.create(small_disk / "faces", spec) as writer:
        writer.append([PendingSubject("ann", {"neutral": image(0, (3, 128, 128))})])
        before = (small_disk / "faces" / "zarr.json").read_bytes()
        with pytest.raises(NoSpaceError, match="No space left on device; what was complete is kept"):
            writer.append([PendingSubject(f"{i}", {"neutral": image(i, (3, 128, 128))}) for i in range(1, 40)])
        assert (small_disk / "faces" / "zarr.json").read_bytes() == before
        assert writer.append([PendingSubject("bob", {"neutral": image(1, (3, 128, 128))})]).added
    found = TrainingStack.open(small_disk / "faces").read("neutral", [0, 1], slice(0, 128), slice(0, 128))
    np.testing.assert_array_equal(found, np.stack([image(i, (3, 128, 128)) for i in range(2)]))


def test_after_a_failure_nothing_is_written_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came to the disk after all was cleared away would be found in the next person's place, or be the next's."""
    put, clear = LocalStore.set, StackArrays.remove_uncommitted
    started, ended, under_way = [], [], []

    async def fail_beside_another(store: LocalStore, key: str, value: Buffer) -> None:
        if "/c/" in key:
            started.append(key)
            while len(started) < 2:
                await asyncio.sleep(0.001)
            if started[0] == key and len(ended) == 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            await asyncio.sleep(0.1)
        await put(store, key, value)
        ended.extend([key] if "/c/" in key else [])

    def clear_away(arrays: StackArrays, contents: StackContents) -> None:
        under_way.append(len(started) - len(ended) - 1)
        clear(arrays, contents)

    people = [PendingSubject(name, {"neutral": image(number, (3, 128, 128))}) for number, name in enumerate("abc")]
    with StackWriter.create(tmp_path / "faces", StackSpec(128, 128, 3, "uint8", "none")) as writer:
        writer.append(people[:1])
        with monkeypatch.context() as patch:
            patch.setattr(LocalStore, "set", fail_beside_another)
            patch.setattr(StackArrays, "remove_uncommitted", clear_away)
            with pytest.raises(NoSpaceError):
                writer.append(people[1:2])
            assert under_way == [0]
        writer.append(people[2:])
    group = zarr.open_group(tmp_path / "faces", mode="r")
    np.testing.assert_array_equal(group["neutral"][:], np.stack([image(number, (3, 128, 128)) for number in (0, 2)]))


def test_a_killed_batch_leaves_no_image_to_the_next_person(stack_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class KilledError(BaseException):
        pass

    def die(path: Path) -> None:
        raise KilledError

    with monkeypatch.context() as patch, StackWriter.open(stack_path) as writer:
        patch.setattr(local, "sync", die)
        with pytest.raises(KilledError):
            writer.append([person(70, "neutral", "smiling", "sad")])
    assert zarr.open_array(stack_path / "smiling", mode="r").shape[0] == 11
    with StackWriter.open(stack_path) as writer:
        writer.append([person(71, "neutral")])
    group = zarr.open_group(stack_path, mode="r")
    assert not np.asarray(group["smiling"])[10].any()
    assert sorted(group.array_keys()) == ["holdout", "neutral", "smiling", "subject"]
    assert np.asarray(group["subject"])[10] == "071"


def test_a_failure_at_the_last_moment_leaves_no_trace(stack_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise OSError(28, "No space left on device")

    files = sorted(path.relative_to(stack_path) for path in stack_path.rglob("*"))
    with StackWriter.open(stack_path) as writer:
        with monkeypatch.context() as patch:
            patch.setattr(local, "sync", refuse)
            with pytest.raises(NoSpaceError):
                writer.append([person(60, "neutral", "sad")])
        assert sorted(path.relative_to(stack_path) for path in stack_path.rglob("*")) == files
        assert writer.append([person(60, "neutral", "sad")]).added == [("060", "neutral"), ("060", "sad")]


@pytest.mark.parametrize(
    "edit",
    [
        lambda path: _append(path, person(10, "neutral", "smiling")),
        lambda path: delete_person(path, "001"),
        lambda path: replace_image(path, "001", "smiling", image(77)),
    ],
    ids=["append", "delete", "replace"],
)
def test_a_chunk_that_cannot_be_unpacked_is_told_by_whoever_writes_beside_it(
    stack_path: Path, edit: Callable[[Path], object]
) -> None:
    chunk = stack_path / "smiling/c/0/0/0/0"
    data = chunk.read_bytes()
    chunk.write_bytes(data[:30] + bytes(255 - value for value in data[30:60]) + data[60:])
    with pytest.raises(FormatError, match=r"a chunk of 'smiling' in .*faces cannot be unpacked .*: the stack was dam"):
        edit(stack_path)
    chunk.write_bytes(data)
    _append(stack_path, person(11, "neutral", "smiling"))
    assert TrainingStack.open(stack_path).verify() == []


def _append(path: Path, *people: PendingSubject) -> None:
    with StackWriter.open(path) as writer:
        writer.append(people)


def test_images_of_a_damaged_stack_are_never_removed(stack_path: Path) -> None:
    (stack_path / "neutral" / "zarr.json").unlink()
    with pytest.raises(FormatError, match=r"holds images, but its zarr\.json is missing"):
        StackWriter.open(stack_path)
    assert any(path.is_file() for path in (stack_path / "neutral").rglob("*"))


def test_what_a_killed_writer_left_is_removed(stack_path: Path) -> None:
    beside = stack_path.with_name("faces.commit")
    beside.write_text("the next root document, as the first fesdist wrote it")
    (stack_path / "neutral/c/0/0/0/0.1234.partial").write_bytes(b"half a chunk")
    with StackWriter.open(stack_path) as writer:
        assert writer.append([person(80, "neutral")]).added
    assert not beside.exists()
    assert list(stack_path.rglob("*.partial")) == []
