"""Documents that are written once: lost answers, stores that overwrite, and numbers that never end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from storage.blobs import creation, objects
from storage.blobs.creation import created
from storage.blobs.location import open_location
from storage.datasets.store import WeightStore
from storage.errors import AlreadyExistsError, StorageError
from tests.drafts import create_draft
from tests.storage.conftest import FACTS, WEIGHTS, fill, publish

Create = Callable[[str, bytes], None]


def losing_answers(create: Create, how: type[StorageError]) -> Create:
    """Return a `create` that keeps the document and then says that it failed."""

    def lossy(key: str, data: bytes) -> None:
        create(key, data)
        raise how("the answer was lost")

    return lossy


@pytest.mark.parametrize("how", [AlreadyExistsError, StorageError])
def test_a_lost_answer_makes_one_version(
    store: WeightStore, monkeypatch: pytest.MonkeyPatch, how: type[StorageError]
) -> None:
    draft = create_draft(store, "london", "job", WEIGHTS, {})
    checksums = fill(draft)
    location = draft._location
    monkeypatch.setattr(location, "create", losing_answers(location.create, how))
    assert draft.publish(FACTS, checksums) == 1
    assert [manifest.version for manifest in store.versions("london")] == [1]
    monkeypatch.setattr(store._location, "create", losing_answers(store._location.create, how))
    aliases = store.aliases("london")
    aliases.promote(1, "production")
    aliases.promote(1, "production")
    assert [entry.sequence for entry in aliases.readable_history("production")[0]] == [1, 2]


def test_what_was_not_kept_is_an_error(store: WeightStore, monkeypatch: pytest.MonkeyPatch) -> None:
    location = store._location

    def refuse(key: str, data: bytes) -> None:
        raise StorageError("no connection")

    monkeypatch.setattr(location, "create", refuse)
    with pytest.raises(StorageError, match="no connection"):
        created(location, "a.json", b"1")


def test_numbers_that_are_always_taken_end(store: WeightStore, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(store, "london", "job")
    monkeypatch.setattr(creation, "NUMBERS_TRIED", 3)
    monkeypatch.setattr("storage.datasets.aliases.NUMBERS_TRIED", 3)
    monkeypatch.setattr("storage.datasets.aliases.created", lambda *arguments: False)
    with pytest.raises(StorageError, match="found 3 numbers taken, one after the other, by somebody else"):
        store.aliases("london").promote(1, "production")


def test_one_of_two_creates_a_document(tmp_path: Path) -> None:
    location = open_location(str(tmp_path))
    assert created(location, "a.json", b"mine")
    assert created(location, "a.json", b"mine")
    assert not created(location, "a.json", b"another's")


def test_a_document_that_another_created_and_removed_is_not_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = open_location(str(tmp_path))

    def taken(key: str, data: bytes) -> None:
        raise AlreadyExistsError("a.json exists")

    monkeypatch.setattr(location, "create", taken)
    assert not created(location, "a.json", b"mine")


def test_an_object_store_is_asked_once(s3_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    obstore = pytest.importorskip("obstore", reason="obstore is not installed")
    keys: list[str] = []
    put = obstore.put

    def noting(store: object, key: str, *arguments: object, **options: object) -> object:
        keys.append(key)
        return put(store, key, *arguments, **options)

    monkeypatch.setattr(obstore, "put", noting)
    location = open_location(s3_uri)
    location.create("a.json", b"1")
    location.create("b.json", b"1")
    assert [key for key in keys if not key.startswith(".probe")] == ["a.json", "b.json"]
    assert len(keys) == 4
    assert location.list("") == ["a.json", "b.json"]
    assert location.list(".probe") == []


def test_a_store_that_overwrites_is_refused_before_the_first_draft(
    s3_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    obstore = pytest.importorskip("obstore", reason="obstore is not installed")
    put = obstore.put

    def ignoring(store: object, key: str, data: bytes, mode: str = "overwrite", **options: object) -> object:
        return put(store, key, data, **options)

    monkeypatch.setattr(obstore, "put", ignoring)
    assert s3_uri not in objects._creating
    with pytest.raises(StorageError, match=r"ignores the header If-None-Match: \* of PUT, .* choose a store with"):
        create_draft(WeightStore(s3_uri), "london", "job", WEIGHTS, {})
    assert open_location(s3_uri).list("") == []
