"""Versions of a store in a folder: manifests, references, aliases and evaluations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from storage.datasets.store import WeightStore
from storage.errors import FormatError, NotFoundError
from tests.storage.conftest import publish


def test_a_store_creates_nothing_until_something_is_written(store: WeightStore) -> None:
    assert (store.names(), store.versions("london"), store.drafts(), store.clean()) == ([], [], [], [])
    assert not Path(store.uri).exists()
    free = store.free_bytes()
    assert free is not None
    assert free > 0


def test_newer_manifests_are_refused(store: WeightStore) -> None:
    publish(store, "london", "job")
    path = Path(store.uri) / "london/versions/1.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "format_version": 9}))
    message = (
        "version london@1 .* has format version 9, but this fesdist reads fesdist-weights up to version 4: upgrade"
    )
    with pytest.raises(FormatError, match=message):
        store.open("london")
    del document["metrics"]
    path.write_text(json.dumps(document))
    with pytest.raises(FormatError, match=r"missing required field `metrics`; a part is missing"):
        store.versions("london")


def test_a_damaged_manifest_hides_no_other_version(store: WeightStore) -> None:
    for number in range(3):
        publish(store, "london", f"job-{number}")
    (Path(store.uri) / "london/versions/2.json").write_bytes(b"{")
    manifests, damaged = store.readable_versions("london")
    assert [manifest.version for manifest in manifests] == [1, 3]
    assert list(damaged) == [2]
    assert "version london@2 in" in str(damaged[2])
    assert store.drafts() == []
    with pytest.raises(FormatError, match=r"version london@2 .* is no JSON"):
        store.clean()


def test_references(store: WeightStore) -> None:
    for number in range(12):
        publish(store, "london", f"job-{number}")
    store.aliases("london").promote(3, "production")
    assert store.resolve("london") == ("london", 12)
    assert store.resolve("london@3") == ("london", 3)
    assert store.resolve("london@production") == ("london", 3)
    assert [manifest.version for manifest in store.versions("london")] == list(range(1, 13))
    for reference, message in (
        ("london@13", "version london@13 does not exist; versions of .* in .*: 1, 2, 3"),
        ("london@candidate", "model 'london' in .* has no alias 'candidate'; its aliases: production"),
        # Python reads no number of so many digits.
        (f"london@{'9' * 5000}", "version london@9+ does not exist; versions of .* in .*: 1, 2, 3"),
        ("paris", "has no published model 'paris'; its models: london"),
    ):
        with pytest.raises(NotFoundError, match=message):
            store.resolve(reference)


def test_aliases_move_and_roll_back(store: WeightStore) -> None:
    for number in range(3):
        publish(store, "london", f"job-{number}")
    aliases = store.aliases("london")
    for version in (1, 2, 3):
        aliases.promote(version, "production", note="looks good")
    assert aliases.rollback("production").version == 2
    aliases.promote(1, "production")
    assert aliases.rollback("production").version == 2
    assert aliases.rollback("production").version == 1
    with pytest.raises(NotFoundError, match="names version 1 and named nothing before: there is nothing to roll back"):
        aliases.rollback("production")
    history, _ = aliases.readable_history("production")
    assert [entry.version for entry in history] == [1, 2, 3, 2, 1, 2, 1]
    assert [entry.sequence for entry in history] == list(range(1, 8))
    assert [entry.action for entry in history] == [*["promote"] * 3, "rollback", "promote", *["rollback"] * 2]
    assert history[2].note == "looks good"
    assert dict(aliases) == {"production": 1}
    assert aliases.readable_history("candidate") == ([], {})


def test_only_versions_are_promoted_and_evaluated(store: WeightStore) -> None:
    publish(store, "london", "job")
    for call in (
        lambda: store.aliases("london").promote(2, "production"),
        lambda: store.evaluations("london", 2).put("f" * 16, {}),
    ):
        with pytest.raises(NotFoundError, match=r"version london@2 does not exist; versions of .* in .*: 1"):
            call()


def test_evaluations_are_kept_by_stack(store: WeightStore) -> None:
    publish(store, "london", "job")
    evaluations = store.evaluations("london", 1)
    for key, mse in (("bbbb", 2.0), ("aaaa", 1.0), ("bbbb", 3.0)):
        evaluations.put(key, {"mse": mse})
    assert list(evaluations) == [{"mse": 1.0}, {"mse": 3.0}]
    assert list(store.evaluations("london", 2)) == []


def test_other_files_and_links_in_a_store_are_not_ours(store: WeightStore, tmp_path: Path) -> None:
    publish(store, "london", "job")
    (Path(store.uri) / "README").write_text("weights of the group")
    (tmp_path / "elsewhere").mkdir()
    (Path(store.uri) / "link").symlink_to(tmp_path / "elsewhere")
    assert (store.names(), store.drafts(), store.clean()) == (["london"], [], [])
    with pytest.raises(FormatError, match="link is a link to"):
        store.open("link")
