"""Versions copied to other stores: the same bytes under the next number there, or nothing."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from storage.blobs.local import LocalLocation
from storage.datasets.store import WeightStore
from storage.errors import AlreadyExistsError, CorruptChunkError, NotFoundError
from tests.conftest import REPOSITORY
from tests.storage.conftest import publish, weights


@pytest.fixture
def other(tmp_path: Path) -> WeightStore:
    return WeightStore(str(tmp_path / "other"))


def test_a_copy_is_the_next_version_there(store: WeightStore, other: WeightStore) -> None:
    publish(store, "london", "job-1", seed=1)
    publish(store, "london", "job-2", seed=2)
    publish(other, "london", "job-9", seed=9)
    assert store.copy("london@2", other) == ("london", 2)
    assert store.copy("london@2", other, "paris") == ("paris", 1)
    copied, original = other.open("london@2"), store.open("london@2")
    assert copied.verify() == []
    assert copied.checksums == original.checksums
    assert (copied.manifest.stack, copied.manifest.metrics) == (original.manifest.stack, original.manifest.metrics)
    np.testing.assert_array_equal(other.open("paris@1").read("sad", "weights"), weights(2))
    with pytest.raises(NotFoundError):
        store.copy("london@7", other)


def test_a_copy_that_is_repeated_is_the_version_that_it_was_and_puts_it_right(
    store: WeightStore, other: WeightStore
) -> None:
    publish(store, "london", "job-1", seed=1)
    assert [store.copy("london@1", other) for _ in range(2)] == [("london", 1)] * 2
    (Path(other.uri) / "london/data/job-1/sad/weights/c/0/0/0/0").write_bytes(b"damaged")
    assert other.open("london").verify() != []
    assert store.copy("london@1", other) == ("london", 1)
    assert other.open("london").verify() == []
    assert [manifest.version for manifest in other.versions("london")] == [1]


def test_so_is_a_copy_of_a_version_whose_manifest_holds_its_checksums(other: WeightStore) -> None:
    """As those of the first releases do."""
    first = WeightStore(str(REPOSITORY / "tests/formats/v1/weights"))
    assert [first.copy("golden@1", other) for _ in range(2)] == [("golden", 1)] * 2
    assert other.open("golden").verify() == []


def test_what_was_deleted_there_or_is_something_else_is_refused(store: WeightStore, other: WeightStore) -> None:
    publish(store, "london", "job-1", seed=1)
    publish(other, "london", "job-1", seed=9)
    with pytest.raises(AlreadyExistsError, match="or has others under that name; expected another store"):
        store.copy("london@1", other)
    assert store.copy("london@1", other, "paris") == ("paris", 1)
    other.delete("paris", 1)
    with pytest.raises(AlreadyExistsError, match="had the weights of london@1 as paris@1"):
        store.copy("london@1", other, "paris")


def test_a_damaged_version_is_not_copied_and_a_copy_goes_on(store: WeightStore, other: WeightStore) -> None:
    publish(store, "london", "job-1", seed=1)
    chunk = Path(store.uri) / "london/data/job-1/sad/weights/c/0/0/0/0"
    content = chunk.read_bytes()
    chunk.write_bytes(content[:-1])
    with pytest.raises(CorruptChunkError, match=r"of version london@1 in .* does not match its checksum"):
        store.copy("london@1", other)
    assert other.names() == []
    chunk.write_bytes(content)
    arrived = {path: path.stat().st_ino for path in Path(other.uri, "london/data").rglob("c/**/*") if path.is_file()}
    assert arrived
    assert store.copy("london@1", other) == ("london", 1)
    assert {path: path.stat().st_ino for path in arrived} == arrived
    assert other.open("london").verify() == []


def test_what_a_killed_copy_left_ends_with_the_next(store: WeightStore, other: WeightStore) -> None:
    publish(store, "london", "job-1", seed=1)
    chunks = Path(other.uri) / "london/data/job-1/sad/weights/c"
    chunks.mkdir(parents=True)
    old, fresh = (chunks / f"0.{name}.partial" for name in ("old", "fresh"))
    for file in (old, fresh):
        file.write_bytes(b"half of it")
    os.utime(old, (0, 0))
    store.copy("london@1", other)
    assert not old.exists()
    assert fresh.exists(), "another copy may be writing it"


def test_what_arrives_damaged_is_not_published(
    store: WeightStore, other: WeightStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, "london", "job-1", seed=1)
    put = LocalLocation.put

    def cut(location: LocalLocation, key: str, data: bytes) -> None:
        put(location, key, data[:-1] if key.endswith("sad/weights/c/0/0/0/0") else data)

    with monkeypatch.context() as damaging:
        damaging.setattr(LocalLocation, "put", cut)
        with pytest.raises(CorruptChunkError, match=r"1 documents arrived damaged in .*sad/weights/c/0/0/0/0; nothing"):
            store.copy("london@1", other)
    assert other.names() == []
    assert store.copy("london@1", other) == ("london", 1)
