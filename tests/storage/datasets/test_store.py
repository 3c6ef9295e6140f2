"""Drafts, versions, aliases and evaluations of a store in a folder."""

from __future__ import annotations

import json
import os
import pickle
import socket
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from storage.blobs.documents import Document
from storage.datasets import claims
from storage.datasets.draft import WeightDraft
from storage.datasets.spec import ArraySpec, DatasetSpec
from storage.datasets.store import WeightStore
from storage.errors import AlreadyExistsError, FormatError, MismatchError, NoSpaceError, NotFoundError
from tests.drafts import create_draft
from tests.storage.conftest import FACTS, WEIGHTS, fill, publish, weights
from tests.storage.processes import wait_until

ALL = (slice(None),) * 4


@pytest.fixture
def draft(store: WeightStore) -> WeightDraft:
    return create_draft(store, "london", "job-0", WEIGHTS, {"tiles": 4})


def test_a_store_creates_nothing_until_something_is_written(store: WeightStore) -> None:
    assert (store.names(), store.versions("london"), store.drafts(), store.clean()) == ([], [], [], [])
    assert not Path(store.uri).exists()
    free = store.free_bytes()
    assert free is not None
    assert free > 0


def test_a_draft_becomes_a_version(store: WeightStore, draft: WeightDraft) -> None:
    assert store.names() == []
    number = draft.publish(FACTS, fill(draft))
    assert number == 1
    assert store.names() == ["london"]
    manifest = store.versions("london")[0]
    assert (manifest.name, manifest.version, manifest.data) == ("london", 1, "data/job-0")
    assert manifest.image_shape == (20, 24)
    assert manifest.expressions == ("sad", "smiling")
    assert (manifest.model, manifest.stack, manifest.metrics) == (FACTS.model, FACTS.stack, FACTS.metrics)
    assert (manifest.colour, manifest.channels, manifest.job_digest) == ("per-channel", 3, "0" * 64)
    assert manifest.created.endswith("+00:00")
    assert "@" in manifest.created_by
    assert store.published_with("london", "job-0") == [1]
    assert store.drafts() == []


def test_each_run_of_a_job_has_the_next_draft(store: WeightStore) -> None:
    for version in (1, 2):
        draft = store.next_draft("london", "job")
        draft.create(WEIGHTS, {})
        assert store.next_draft("london", "job").id == draft.id, "a run that was interrupted is continued"
        assert draft.publish(FACTS, fill(draft)) == version
    assert draft.id == "job-1"
    store.delete("london", 1)
    assert store.next_draft("london", "job").id == "job-2", "what was deleted was published"
    assert store.next_draft("london", "other").id == "other-0"


def test_a_draft_is_its_address(store: WeightStore, draft: WeightDraft) -> None:
    copy = pickle.loads(pickle.dumps(draft))
    copy.write("sad", "weights", ALL, weights())
    np.testing.assert_array_equal(draft.read("sad", "weights"), weights())
    assert copy.job == {"tiles": 4}
    assert len(pickle.dumps(draft)) < 500


def test_a_draft_is_reopened_by_its_id(store: WeightStore, draft: WeightDraft) -> None:
    draft.put_receipt("tile-000001", {"seconds": 1.5})
    draft.put_receipt("tile-000000", {"seconds": 2.5})
    again = create_draft(store, "london", "job-0", WEIGHTS, {"tiles": 4})
    assert again.receipt_keys() == ["tile-000000", "tile-000001"]
    assert again.receipt("tile-000000", Document) == {"seconds": 2.5}
    assert store.open_draft("london", "job-0").receipt("tile-000001", Document) == {"seconds": 1.5}
    assert again.receipt("tile-000002", Document) is None
    (info,) = store.drafts("london")
    assert (info.name, info.id, info.job, info.n_receipts) == ("london", "job-0", {"tiles": 4}, 2)
    assert info.bytes > 1000


def test_a_draft_of_other_arrays_is_another_draft(store: WeightStore, draft: WeightDraft) -> None:
    for other in (
        DatasetSpec({"model": "rr"}, WEIGHTS.groups, WEIGHTS.coordinates),
        DatasetSpec(
            WEIGHTS.attributes, WEIGHTS.groups, {**WEIGHTS.coordinates, "dcol": ("tap", np.zeros(3, np.int32))}
        ),
    ):
        with pytest.raises(MismatchError, match=r"draft job-0 of model 'london' exists in .* with another"):
            create_draft(store, "london", "job-0", other, {})


def test_a_published_draft_never_changes(store: WeightStore, draft: WeightDraft) -> None:
    draft.publish(FACTS, fill(draft))
    with pytest.raises(AlreadyExistsError, match="draft job-0 was published as london@1, which never changes"):
        create_draft(store, "london", "job-0", WEIGHTS, {})
    with pytest.raises(NotFoundError, match=r"there is no london/drafts/job-0/job\.json"):
        store.open_draft("london", "job-0")


def test_zeros_have_chunks_and_checksums_too(store: WeightStore, draft: WeightDraft) -> None:
    checksums = draft.write("sad", "status", (slice(None),) * 3, np.zeros((3, 20, 24), np.uint8))
    assert sorted(checksums) == [f"sad/status/c/0/{row}/{col}" for row in (0, 1) for col in (0, 1)]
    for key in checksums:
        assert (Path(store.uri) / "london/data/job-0" / key).stat().st_size == 3 * 16 * 16
    assert draft.check(checksums) == []


def test_writing_twice_gives_the_same_bytes(draft: WeightDraft) -> None:
    assert draft.write("sad", "weights", ALL, weights()) == draft.write("sad", "weights", ALL, weights())


def test_chunks_that_changed_are_found(store: WeightStore, draft: WeightDraft) -> None:
    checksums = draft.write("sad", "weights", ALL, weights())
    folder = Path(store.uri) / "london/data/job-0/sad/weights/c/0/0"
    (folder / "0/1").write_bytes(b"x")
    (folder / "1/0").unlink()
    assert draft.check(checksums) == ["sad/weights/c/0/0/0/1", "sad/weights/c/0/0/1/0"]


@pytest.mark.parametrize(
    ("rows", "cols"), [(slice(0, 8), slice(0, 16)), (slice(0, 16), slice(8, 24)), (slice(0, 20), slice(0, 20))]
)
def test_parts_of_chunks_are_never_written(draft: WeightDraft, rows: slice, cols: slice) -> None:
    values = weights()[:, :, rows, cols]
    with pytest.raises(MismatchError, match=r"is not a whole number of chunks of 16; write whole chunks only"):
        draft.write("sad", "weights", (slice(None), slice(None), rows, cols), values)


def test_values_must_fit_their_array(draft: WeightDraft) -> None:
    for dtype in (np.int64, np.float16):
        given = np.dtype(dtype).name
        with pytest.raises(MismatchError, match=rf"\(3, 3, 20, 24\) {given} were given .* that shape and float32"):
            draft.write("sad", "weights", ALL, weights().astype(dtype))
    with pytest.raises(MismatchError, match=r"\(3, 20, 24\) float32 were given for a region of shape \(3, 3, 20, 24\)"):
        draft.write("sad", "weights", ALL, weights()[0])
    for group, array in (("angry", "weights"), ("sad", "support")):
        with pytest.raises(NotFoundError, match=f"draft job-0 of model 'london' has no array {group}/{array}"):
            draft.write(group, array, ALL, weights())


def test_float64_is_rounded_where_an_array_is_float32(draft: WeightDraft) -> None:
    exact = weights().astype(np.float64) + 1e-9
    draft.write("sad", "weights", ALL, exact)
    assert np.array_equal(draft.read("sad", "weights"), exact.astype(np.float32))


def test_a_full_disk_is_told_and_the_run_continued(small_disk: Path) -> None:
    arrays = (ArraySpec("weights", ("tap", "row", "col"), (9, 128, 128), (9, 64, 64), "float64"),)
    spec = DatasetSpec({}, {"sad": arrays})
    draft = create_draft(WeightStore(str(small_disk / "weights")), "london", "job", spec, {})
    upper, left = slice(0, 64), slice(0, 64)
    values = np.ones((9, 64, 64))
    checksums = draft.write("sad", "weights", (slice(None), upper, left), values)
    blocker = small_disk / "blocker"
    blocker.write_bytes(bytes(600_000))
    with pytest.raises(NoSpaceError, match=r"cannot write to .*/weights: No space left on device; .* free some space"):
        draft.write("sad", "weights", (slice(None), upper, slice(64, 128)), values)
    assert draft.check(checksums) == []
    blocker.unlink()
    assert draft.write("sad", "weights", (slice(None), upper, slice(64, 128)), values)


def test_a_draft_with_gaps_is_not_published(store: WeightStore, draft: WeightDraft) -> None:
    checksums = fill(draft)
    del checksums["sad/weights/c/0/0/1/1"]
    with pytest.raises(
        MismatchError, match=r"has 1 of 16 chunks without a checksum, the first is sad/weights/c/0/0/1/1"
    ):
        draft.publish(FACTS, checksums)
    assert store.versions("london") == []


def test_a_manifest_is_json(draft: WeightDraft) -> None:
    with pytest.raises(MismatchError, match="cannot be written as JSON: Out of range float values"):
        draft.publish(replace(FACTS, metrics={"mse": float("nan")}), fill(draft))


def test_a_specification_is_checked() -> None:
    with pytest.raises(MismatchError, match="expected one length and one chunk length for each of two dimensions"):
        ArraySpec("weights", ("row", "col"), (4, 4), (4,), "float32")


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
        ("london@13", "version london@13 does not exist: .* it has the versions 1, 2, 3"),
        ("london@candidate", "model 'london' in .* has no alias 'candidate'; its aliases: production"),
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
        with pytest.raises(NotFoundError, match=r"version london@2 does not exist: .* it has the versions 1"):
            call()


def test_evaluations_are_kept_by_stack(store: WeightStore) -> None:
    publish(store, "london", "job")
    evaluations = store.evaluations("london", 1)
    for key, mse in (("bbbb", 2.0), ("aaaa", 1.0), ("bbbb", 3.0)):
        evaluations.put(key, {"mse": mse})
    assert list(evaluations) == [{"mse": 1.0}, {"mse": 3.0}]
    assert list(store.evaluations("london", 2)) == []


def test_cleaning_spares_a_draft_that_a_process_works_on(store: WeightStore, draft: WeightDraft) -> None:
    folder = Path(store.uri) / "london/drafts/job-0/claims"
    other = subprocess.Popen(["sleep", "60"])
    try:
        with draft.claimed():
            (own,) = folder.glob("*/claim.json")
            claim = json.loads(own.read_text())
            (folder / "other").mkdir()
            (folder / "other/claim.json").write_text(json.dumps({**claim, "process": other.pid}))
        assert not own.exists()
        assert store.drafts()[0].claimants == (f"process {other.pid} on {socket.gethostname()}",)
        assert store.clean() == []
    finally:
        other.kill()
        other.wait()
    assert [removed.id for removed in store.clean()] == ["job-0"]


def test_two_runs_of_one_process_have_a_claim_each(store: WeightStore, draft: WeightDraft) -> None:
    other = store.open_draft("london", "job-0")
    with other.claimed():
        with draft.claimed():
            draft.publish(FACTS, fill(draft))
        assert other.job == {"tiles": 4}
        store.clean()
        assert (Path(store.uri) / "london/drafts/job-0/job.json").exists()
    store.clean()
    assert not (Path(store.uri) / "london/drafts/job-0").exists()


def test_what_killed_writers_left_ends_with_the_draft(store: WeightStore, draft: WeightDraft) -> None:
    checksums = fill(draft)
    root = Path(store.uri)
    torn = [root / "london/data/job-0/sad/weights/c" / f"{name}.partial" for name in ("one", "two")]
    fresh, old = (root / ".pending" / name for name in ("fresh", "old"))
    for file in (*torn, fresh, old):
        file.write_bytes(b"half of it")
    for file in (torn[0], old):
        os.utime(file, (0, 0))
    with store.open_draft("london", "job-0").claimed():
        draft.publish(FACTS, checksums)
        assert all(file.exists() for file in torn), "others may be writing"
    draft.publish(FACTS, checksums)
    assert not any(file.exists() for file in (torn[0], old))
    assert all(file.exists() for file in (torn[1], fresh)), "another run may be writing them"


def test_a_claim_is_renewed_while_it_is_held(
    store: WeightStore, draft: WeightDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "RENEWAL_SECONDS", 0.01)
    with draft.claimed():
        (own,) = (Path(store.uri) / "london/drafts/job-0/claims").glob("*/claim.json")
        written = own.read_text()
        wait_until(lambda: own.read_text() != written)
    assert not own.exists()


def test_claims_of_other_hosts_count_for_an_hour_after_their_renewal(store: WeightStore, draft: WeightDraft) -> None:
    with draft.claimed():
        (own,) = (Path(store.uri) / "london/drafts/job-0/claims").glob("*/claim.json")
        claim = json.loads(own.read_text())
    own.parent.mkdir()
    own.write_text(json.dumps({**claim, "host": "elsewhere"}))
    assert store.clean() == []
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    own.write_text(json.dumps({**claim, "host": "elsewhere", "renewed": an_hour_ago.isoformat()}))
    assert [removed.id for removed in store.clean()] == ["job-0"]


def test_a_draft_that_another_trainer_fills_keeps_its_job(store: WeightStore, draft: WeightDraft) -> None:
    folder = Path(store.uri) / "london/drafts/job-0"
    other = subprocess.Popen(["sleep", "60"])
    try:
        with draft.claimed():
            (own,) = (folder / "claims").glob("*/claim.json")
            claim = json.loads(own.read_text())
            (folder / "claims/other").mkdir()
            (folder / "claims/other/claim.json").write_text(json.dumps({**claim, "process": other.pid}))
            draft.publish(FACTS, fill(draft))
        assert store.open_draft("london", "job-0").job == {"tiles": 4}
    finally:
        other.kill()
        other.wait()
    assert store.clean() == []
    assert not folder.exists()
    assert store.open("london").verify() == []


def test_cleaning_removes_old_drafts_and_nothing_else(store: WeightStore, draft: WeightDraft) -> None:
    publish(store, "london", "job-1")
    foreign = Path(store.uri) / "london/data/holiday"
    foreign.mkdir()
    (foreign / "photo.jpg").write_bytes(b"jpg")
    assert store.clean(older_than=3600) == []
    (removed,) = store.clean()
    assert (removed.name, removed.id) == ("london", "job-0")
    assert sorted(path.name for path in (Path(store.uri) / "london/data").iterdir()) == ["holiday", "job-1"]
    assert list((Path(store.uri) / "london/drafts").iterdir()) == []
    assert store.open("london").verify() == []


def test_a_run_that_is_just_starting_is_left_alone(store: WeightStore) -> None:
    draft = store.draft("london", "job-0")
    with draft.claimed():
        # As by somebody who cleans up before, between and after each step of the start.
        assert store.clean() == []
        draft.create(WEIGHTS, {"tiles": 4})
        assert store.clean() == []
        assert draft.publish(FACTS, fill(draft)) == 1
    assert store.open("london").verify() == []


def test_a_claim_without_a_run_is_removed(store: WeightStore, draft: WeightDraft) -> None:
    claims_folder = Path(store.uri) / "london/drafts/job-1/claims/other"
    claims_folder.mkdir(parents=True)
    claim = {"host": socket.gethostname(), "process": 1 << 30, "renewed": datetime.now(UTC).isoformat()}
    (claims_folder / "claim.json").write_text(json.dumps(claim))
    store.clean()
    assert not (Path(store.uri) / "london/drafts/job-1").exists()


def test_other_files_and_links_in_a_store_are_not_ours(store: WeightStore, tmp_path: Path) -> None:
    publish(store, "london", "job")
    (Path(store.uri) / "README").write_text("weights of the group")
    (tmp_path / "elsewhere").mkdir()
    (Path(store.uri) / "link").symlink_to(tmp_path / "elsewhere")
    assert (store.names(), store.drafts(), store.clean()) == (["london"], [], [])
    with pytest.raises(FormatError, match="link is a link to"):
        store.open("link")
