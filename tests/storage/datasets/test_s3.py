"""The weight store in a bucket: the same calls, the same results."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from storage.blobs.documents import Document
from storage.blobs.location import open_location
from storage.datasets.store import WeightStore
from storage.errors import AlreadyExistsError, CorruptChunkError, NotFoundError
from tests.drafts import create_draft
from tests.storage.conftest import FACTS, WEIGHTS, fill, publish, weights


def test_a_version_in_a_bucket(s3_uri: str) -> None:
    store = WeightStore(s3_uri)
    assert (store.names(), store.drafts(), store.free_bytes()) == ([], [], None)
    worker = pickle.loads(pickle.dumps(create_draft(store, "london", "job", WEIGHTS, {"tiles": 4})))
    draft = create_draft(store, "london", "job", WEIGHTS, {})
    assert draft.job == worker.job == {"tiles": 4}
    draft.put_receipt("tile-0", {"seconds": 1.0})
    assert draft.receipt("tile-0", Document) == {"seconds": 1.0}
    assert [info.id for info in store.drafts()] == ["job"]
    checksums = fill(worker)
    assert draft.check(checksums) == []
    assert draft.publish(FACTS, checksums) == 1
    assert store.drafts() == []
    with pytest.raises(AlreadyExistsError, match="draft job was published as london@1"):
        create_draft(store, "london", "job", WEIGHTS, {})

    version = store.open("london")
    np.testing.assert_array_equal(version.read("smiling", "weights"), weights())
    assert version.attributes == WEIGHTS.attributes
    assert version.verify() == []


def test_versions_and_aliases_in_a_bucket(s3_uri: str) -> None:
    store = WeightStore(s3_uri)
    assert [publish(store, "london", f"job-{number}") for number in range(3)] == [1, 2, 3]
    aliases = store.aliases("london")
    for version in (1, 3):
        aliases.promote(version, "production")
    assert store.resolve("london@production") == ("london", 3)
    assert aliases.rollback("production").version == 1
    assert dict(aliases) == {"production": 1}
    with pytest.raises(NotFoundError, match="there is nothing to roll back to"):
        aliases.rollback("production")
    store.evaluations("london", 1).put("f" * 16, {"mse": 1.0})
    assert list(store.evaluations("london", 1)) == [{"mse": 1.0}]


def test_damage_in_a_bucket_is_found(s3_uri: str) -> None:
    store = WeightStore(s3_uri)
    publish(store, "london", "job")
    location = open_location(s3_uri)
    key = "london/data/job/sad/status/c/0/0/0"
    location.write(key, b"\1" + location.read(key)[1:])
    location.delete("london/data/job/smiling/status/c")
    with pytest.raises(CorruptChunkError, match="chunk sad/status/c/0/0/0 does not match its checksum"):
        store.open("london").read("sad", "status")
    with pytest.raises(CorruptChunkError, match=r"chunk smiling/status/c/0/\d/\d is missing"):
        store.open("london").read("smiling", "status")
    assert len(store.open("london").verify()) == 5


def test_drafts_in_a_bucket_are_cleaned(s3_uri: str) -> None:
    store = WeightStore(s3_uri)
    publish(store, "london", "job-0")
    create_draft(store, "london", "job-1", WEIGHTS, {})
    assert [draft.id for draft in store.clean()] == ["job-1"]
    assert open_location(s3_uri).list("london/data") == ["job-0"]
