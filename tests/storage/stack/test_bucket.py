"""Stacks in a bucket are written with the guarantees of those on a disk."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from storage.blobs import objects as opened
from storage.blobs.lease import EXPIRY_SECONDS, Lease
from storage.errors import AlreadyExistsError, FormatError, StorageError
from storage.stack.editing import relabel
from storage.stack.format import StackContents
from storage.stack.reading import TrainingStack
from storage.stack.writer import StackWriter
from tests.conftest import REPOSITORY
from tests.objects.server import Answer, ObjectServer
from tests.storage.conftest import SPEC, person

URI = "s3://faces/people/stack.zarr"


def _filled(uri: str) -> TrainingStack:
    with StackWriter.create(uri, SPEC) as writer:
        writer.append([person(number, "neutral", "smiling") for number in range(4)])
        writer.assign_holdout(ids=["001"])
    return TrainingStack.open(uri)


@pytest.mark.parametrize("scheme", ["s3", "gs", "az"])
def test_a_stack_is_written_appended_to_and_read(objects: ObjectServer, scheme: str) -> None:
    uri = f"{scheme}://faces/stack.zarr"
    _filled(uri)
    with StackWriter.open(uri) as writer:
        outcome = writer.append([person(3, "neutral", "smiling", "sad"), person(4, "neutral", "sad")])
    assert outcome.unchanged == [("003", "neutral"), ("003", "smiling")]
    stack = TrainingStack.open(uri)
    assert [subject.id for subject in stack.subjects] == ["000", "001", "002", "003", "004"]
    assert stack.verify() == []
    expected = person(4, "sad").images["sad"]
    np.testing.assert_array_equal(stack.read("sad", [4], slice(0, 20), slice(0, 24))[0], expected)
    assert stack.to_xarray()["holdout"].to_numpy().tolist() == [False, True, False, False, False]
    with pytest.raises(AlreadyExistsError, match=r"stack\.zarr is no empty folder, in which a stack"):
        StackWriter.create(uri, SPEC)


def test_images_become_those_of_other_expressions(objects: ObjectServer) -> None:
    before = _filled(URI)
    relabel(URI, {"smiling": {0: "closed", 1: "open", 2: "open", 3: "closed"}})
    stack = TrainingStack.open(URI)
    assert stack.expressions == ("neutral", "closed", "open")
    assert [sorted(subject.digests) for subject in stack.subjects] == [
        ["closed", "neutral"],
        ["neutral", "open"],
        ["neutral", "open"],
        ["closed", "neutral"],
    ]
    assert stack.verify() == []
    assert not stack.location.list("smiling")
    relabel(URI, {"closed": {0: "smiling", 3: "smiling"}, "open": {1: "smiling", 2: "smiling"}})
    assert TrainingStack.open(URI).subjects == before.subjects


def test_one_process_writes_at_a_time(objects: ObjectServer) -> None:
    with StackWriter.create(URI, SPEC):
        for attempt in (lambda: StackWriter.open(URI), lambda: StackWriter.create(URI, SPEC)):
            with pytest.raises(StorageError, match=f"has been writing to the stack {URI} since"):
                attempt()
    StackWriter.open(URI).close()


def test_a_whole_bucket_is_no_stack(objects: ObjectServer) -> None:
    with pytest.raises(StorageError, match=r"expected a name in it, such as s3://faces/stack\.zarr"):
        StackWriter.create("s3://faces", SPEC)
    assert objects.objects == {}


@pytest.mark.parametrize("last", ["neutral/c/0/0/0/0", "sad/zarr.json", "holdout/c/0", "zarr.json"])
def test_a_batch_that_breaks_off_leaves_what_was_there(
    objects: ObjectServer, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    monkeypatch.setattr(opened, "_MAX_RETRIES", 0)
    _filled(URI)
    answer, down = objects.answer, False

    def breaking(method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        nonlocal down
        down = down or (method == "PUT" and target.endswith(f"stack.zarr/{last}"))
        return Answer(503) if down else answer(method, target, headers, body)

    writer = StackWriter.open(URI)
    monkeypatch.setattr(objects, "answer", breaking)
    with pytest.raises(StorageError, match="did not answer"):
        writer.append([person(4, "neutral", "sad")])
    writer.close()
    assert down
    monkeypatch.setattr(objects, "answer", answer)
    assert [subject.id for subject in TrainingStack.open(URI).subjects] == ["000", "001", "002", "003"]
    assert TrainingStack.open(URI).verify() == []
    # The same batch again, by a process that comes when this one is gone, as its lease could not be given up.
    with StackWriter.open(URI) as again:
        again.append([person(4, "neutral", "sad")])
    stack = TrainingStack.open(URI)
    assert len(stack.subjects) == 5
    assert stack.verify() == []


def test_who_has_lost_the_lease_writes_nothing(objects: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    _filled(URI)
    with StackWriter.open(URI) as writer:
        before = dict(objects.objects)

        def lost() -> None:
            raise StorageError("lost")

        monkeypatch.setattr(writer._lock, "check", lost)
        with pytest.raises(StorageError, match="lost"):
            writer.append([person(4, "neutral")])
    chunks = {key: value for key, value in before.items() if "/c/" in key and "neutral" in key}
    assert {key: objects.objects[key] for key in chunks} == chunks
    assert len(TrainingStack.open(URI).subjects) == 4


def test_who_has_lost_the_lease_leaves_alone_what_the_next_writer_is_writing(
    objects: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _filled(URI)
    with StackWriter.open(URI) as late:
        assert isinstance(late._lock, Lease)
        (key,) = (key for key in objects.objects if "stack.zarr.lock" in key)
        data, when = objects.objects[key]
        elsewhere = json.dumps({**json.loads(data), "where": "elsewhere"}).encode()
        objects.objects[key] = elsewhere, when - EXPIRY_SECONDS - 1
        late._lock._renewed -= EXPIRY_SECONDS + 1
        with StackWriter.open(URI) as other:
            commit = other._arrays.commit

            def meanwhile(contents: StackContents) -> None:
                with pytest.raises(StorageError, match="has not been able to say for 301 s that it writes"):
                    late.append([person(5, "neutral")])
                commit(contents)

            monkeypatch.setattr(other._arrays, "commit", meanwhile)
            other.append([person(4, "neutral", "sad")])
    stack = TrainingStack.open(URI)
    assert [subject.id for subject in stack.subjects] == ["000", "001", "002", "003", "004"]
    assert stack.verify() == []


def test_a_lost_chunk_is_damage(objects: ObjectServer) -> None:
    stack = _filled(URI)
    del objects.objects["faces/people/stack.zarr/smiling/c/0/0/0/0"]
    with pytest.raises(FormatError, match=r"chunk smiling/c/0/0/0/0 of s3://.* is missing: the stack was damaged"):
        stack.read("smiling", [0], slice(0, 20), slice(0, 24))


_DYING = """
import os, sys
from storage.blobs.objects import ObjectLocation
from storage.stack.writer import StackWriter
from tests.storage.conftest import person

write = ObjectLocation.write

def dying(self, key, data):
    if key == "zarr.json":
        os._exit(9)
    write(self, key, data)

with StackWriter.open(sys.argv[1]) as writer:
    ObjectLocation.write = dying
    writer.append([person(4, "neutral", "sad")])
"""


def test_what_a_killed_writer_left_is_removed_by_the_next(objects: ObjectServer) -> None:
    _filled(URI)
    died = subprocess.run([sys.executable, "-c", _DYING, URI], cwd=REPOSITORY, check=False)
    assert died.returncode == 9
    assert any("sad/c/" in key for key in objects.objects)
    assert len(TrainingStack.open(URI).subjects) == 4
    # At once, as its process is seen to be gone.
    with StackWriter.open(URI) as writer:
        assert not any("sad/c/" in key for key in objects.objects)
        writer.append([person(4, "neutral", "sad")])
    assert TrainingStack.open(URI).verify() == []
