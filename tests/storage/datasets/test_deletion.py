"""Deleting versions: what is refused, what goes, what stays, and what a crash leaves."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from storage.datasets import deletion
from storage.datasets.aliases import Aliases
from storage.datasets.manifest import Manifest
from storage.datasets.store import WeightStore
from storage.errors import AlreadyExistsError, FormatError, MismatchError, NotFoundError
from tests.drafts import create_draft
from tests.storage.conftest import FACTS, WEIGHTS, fill, publish, weights


@pytest.fixture
def three(store: WeightStore) -> WeightStore:
    """Return a store with the versions 1, 2 and 3 of london."""
    for number in range(1, 4):
        publish(store, "london", f"job-{number}", seed=number)
    return store


def test_a_deleted_version_leaves_its_number_and_nothing_else(three: WeightStore) -> None:
    three.evaluations("london", 2).put("aaaa", {"mse": 1.0})
    three.delete("london", 2, note="the wrong people")
    root = Path(three.uri) / "london"
    assert [manifest.version for manifest in three.versions("london")] == [1, 3]
    assert sorted(path.name for path in (root / "data").iterdir()) == ["job-1", "job-3"]
    assert len(list((root / "checksums").iterdir())) == 2
    assert not (root / "evaluations/2").exists()
    assert "ann" not in (root / "versions/2.json").read_text()
    with pytest.raises(NotFoundError, match=r"london@2 does not exist; versions of .* in .*: 1, 3; deleted: 2"):
        three.open("london@2")
    (tombstone,) = three.deleted("london")
    assert (tombstone.version, tombstone.note) == (2, "the wrong people")
    assert "@" in tombstone.deleted_by
    np.testing.assert_array_equal(three.open("london@3").read("sad", "weights"), weights(3))
    assert three.open("london@1").verify() == three.open("london@3").verify() == []


def test_numbers_and_drafts_are_never_used_again(three: WeightStore) -> None:
    three.delete("london", 3)
    assert three.resolve("london") == ("london", 2)
    with pytest.raises(AlreadyExistsError, match="draft job-3 was published as london@3"):
        create_draft(three, "london", "job-3", WEIGHTS, {})
    assert publish(three, "london", "job-4") == 4


def test_a_version_that_an_alias_names_stays(three: WeightStore) -> None:
    aliases = three.aliases("london")
    aliases.promote(2, "production")
    aliases.promote(3, "production")
    with pytest.raises(MismatchError, match=r"version london@3 is named by the alias production; .* promote another"):
        three.delete("london", 3)
    assert three.open("london@production").verify() == []
    three.delete("london", 2)
    with pytest.raises(NotFoundError, match="there is nothing to roll back to"):
        aliases.rollback("production")
    with pytest.raises(NotFoundError, match="version london@2 does not exist"):
        aliases.promote(2, "production")


def test_a_rollback_passes_over_deleted_versions(three: WeightStore) -> None:
    aliases = three.aliases("london")
    for number in (1, 2, 3):
        aliases.promote(number, "production")
    three.delete("london", 2)
    assert aliases.rollback("production").version == 1


def test_an_alias_that_comes_at_the_last_moment_keeps_the_version(
    three: WeightStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = deletion._check_aliases

    def late(aliases: Aliases, manifest: Manifest) -> None:
        check(aliases, manifest)
        # By somebody who had seen the version before.
        Aliases(three._location, "london", lambda number: None).promote(2, "production")

    monkeypatch.setattr(deletion, "_check_aliases", late)
    with pytest.raises(MismatchError, match="version london@2 is named by the alias production"):
        three.delete("london", 2)
    assert three.open("london@production").verify() == []


@pytest.fixture
def deleted_meanwhile(three: WeightStore, monkeypatch: pytest.MonkeyPatch) -> Aliases:
    """Return aliases at version 3, whose next move is kept when somebody else has just deleted version 2."""
    aliases, create = three.aliases("london"), three._location.create
    for number in (1, 2, 3):
        aliases.promote(number, "production")

    def late(key: str, data: bytes) -> None:
        monkeypatch.undo()
        WeightStore(three.uri).delete("london", 2)
        create(key, data)

    monkeypatch.setattr(three._location, "create", late)
    return aliases


def test_a_rollback_to_a_version_that_goes_meanwhile_leads_to_the_one_before(deleted_meanwhile: Aliases) -> None:
    assert deleted_meanwhile.rollback("production").version == 1
    assert dict(deleted_meanwhile) == {"production": 1}
    assert deleted_meanwhile.broken() == {}


def test_a_promotion_of_a_version_that_goes_meanwhile_leaves_the_alias_where_it_was(deleted_meanwhile: Aliases) -> None:
    with pytest.raises(NotFoundError, match=r"version london@2 does not exist.*; deleted"):
        deleted_meanwhile.promote(2, "production")
    assert dict(deleted_meanwhile) == {"production": 3}
    assert deleted_meanwhile.rollback("production").version == 1


def test_data_that_two_versions_share_goes_with_the_last(store: WeightStore) -> None:
    draft = create_draft(store, "london", "shared", WEIGHTS, {})
    checksums = fill(draft)
    twin = create_draft(store, "london", "shared", WEIGHTS, {})
    assert (draft.publish(FACTS, checksums), twin.publish(FACTS, checksums)) == (1, 2)
    store.delete("london", 1)
    assert store.open("london@2").verify() == []
    store.delete("london", 2)
    assert store.names() == []
    assert not (Path(store.uri) / "london/data/shared").exists()


def test_data_that_somebody_still_works_on_goes_when_nobody_does(store: WeightStore) -> None:
    draft, twin = (create_draft(store, "london", "shared", WEIGHTS, {}) for _ in range(2))
    checksums = fill(draft)
    with twin.claimed():
        assert draft.publish(FACTS, checksums) == 1
        store.delete("london", 1)
        assert store.names() == []
        store.clean()
        assert twin.publish(FACTS, checksums) == 2
    assert store.open("london@2").verify() == []
    with create_draft(store, "london", "left", WEIGHTS, {}).claimed():
        store.delete("london", 2)
    assert not (Path(store.uri) / "london/data/shared").exists()


@pytest.mark.parametrize("listed", ["before", "after"])
def test_equal_weights_that_are_published_meanwhile_keep_their_checksums(
    three: WeightStore, monkeypatch: pytest.MonkeyPatch, listed: str
) -> None:
    location, delete = three._location, three._location.delete

    def late(key: str) -> None:
        if "/checksums/" in key:
            monkeypatch.undo()
            publish(WeightStore(three.uri), "london", "job-4", seed=2)
        delete(key)

    def early(key: str, data: bytes) -> None:
        if key == "london/versions/4.json":
            monkeypatch.undo()
            WeightStore(three.uri).delete("london", 2)
        create(key, data)

    if listed == "before":
        monkeypatch.setattr(location, "delete", late)
        three.delete("london", 2)
    else:
        draft = create_draft(three, "london", "job-4", WEIGHTS, {})
        checksums, create = fill(draft, 2), draft._location.create
        monkeypatch.setattr(draft._location, "create", early)
        assert draft.publish(FACTS, checksums) == 4
    assert three.open("london@4").verify() == []
    assert [manifest.version for manifest in three.versions("london")] == [1, 3, 4]


@pytest.mark.parametrize("step", [0, 1, 2, 3])
def test_a_deletion_that_was_killed_is_finished_by_cleaning(
    three: WeightStore, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    class KilledError(BaseException):
        pass

    location = three._location
    left = iter(range(step))

    def die(key: str) -> None:
        if next(left, None) is None:
            raise KilledError
        type(location).delete(location, key)

    monkeypatch.setattr(location, "delete", die)
    with pytest.raises(KilledError) if step < 3 else nullcontext():
        three.delete("london", 2)
    monkeypatch.undo()
    again = WeightStore(three.uri)
    assert [manifest.version for manifest in again.versions("london")] == [1, 3]
    again.clean()
    assert sorted(path.name for path in (Path(three.uri) / "london/data").iterdir()) == ["job-1", "job-3"]
    assert len(list((Path(three.uri) / "london/checksums").iterdir())) == 2
    assert again.open("london@1").verify() == again.open("london@3").verify() == []


def test_nothing_is_deleted_beside_a_manifest_that_nobody_can_read(three: WeightStore) -> None:
    (Path(three.uri) / "london/versions/1.json").write_text("{")
    with pytest.raises(FormatError, match="nothing of model 'london' is removed while a manifest cannot be read"):
        three.delete("london", 2)
    assert three.open("london@2").verify() == []


def test_a_late_publisher_does_not_get_a_deleted_number(three: WeightStore) -> None:
    three.delete("london", 3)
    document = json.loads((Path(three.uri) / "london/versions/3.json").read_text())
    assert document["deleted_by"]
    with pytest.raises(AlreadyExistsError):
        three._location.create("london/versions/3.json", b"{}")


def test_versions_in_a_bucket_are_deleted(s3_uri: str) -> None:
    store = WeightStore(s3_uri)
    for number in range(2):
        publish(store, "london", f"job-{number}", seed=number)
    store.delete("london", 1)
    assert store._location.list("london/data") == ["job-1"]
    assert [manifest.version for manifest in store.versions("london")] == [2]
    assert store.open("london").verify() == []
