"""Who works on a draft has claimed it, and cleaning takes nothing away from under a run."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, current_thread, main_thread

import pytest

from storage.blobs.provenance import where
from storage.datasets import claims
from storage.datasets.draft import WeightDraft
from storage.datasets.store import WeightStore
from storage.errors import StorageError
from tests.storage.conftest import FACTS, WEIGHTS, fill, publish
from tests.storage.processes import wait_until


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


def test_a_renewal_that_is_on_its_way_while_the_draft_is_published_leaves_no_claim(
    store: WeightStore, draft: WeightDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, removed, write, delete = Event(), Event(), draft._location.write, draft._location.delete

    def write_late(key: str, data: bytes) -> None:
        if current_thread() is not main_thread():
            begun.set()
            removed.wait(1)  # which does not come where the removal waits for the renewal
        write(key, data)

    def delete_now(prefix: str) -> None:
        delete(prefix)
        removed.set()

    monkeypatch.setattr(claims, "RENEWAL_SECONDS", 0.01)
    with draft.claimed():
        checksums = fill(draft)
        monkeypatch.setattr(draft._location, "write", write_late)
        monkeypatch.setattr(draft._location, "delete", delete_now)
        assert begun.wait(60)
        draft.publish(FACTS, checksums)
    assert list((Path(store.uri) / "london/drafts").iterdir()) == []


def test_a_claim_that_cannot_be_removed_hides_no_other_error(
    store: WeightStore, draft: WeightDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(prefix: str) -> None:
        raise StorageError("no permission to delete")

    monkeypatch.setattr(draft._location, "delete", refuse)
    with draft.claimed():
        pass
    with pytest.raises(StorageError, match="the disk is full"), draft.claimed():
        raise StorageError("the disk is full")


def test_a_claim_whose_answer_was_lost_holds_nothing(
    store: WeightStore, draft: WeightDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = draft._location.write

    def unanswered(key: str, data: bytes) -> None:
        write(key, data)
        raise StorageError("nobody answers")

    with monkeypatch.context() as lost:
        lost.setattr(draft._location, "write", unanswered)
        with pytest.raises(StorageError, match="nobody answers"), draft.claimed():
            pass
    assert store.drafts()[0].claimants == ()
    assert [removed.id for removed in store.clean()] == ["job-0"]


@pytest.mark.parametrize(
    "place", ["elsewhere", f"{where()} of a container", ""], ids=["host", "container", "earlier version"]
)
def test_claims_from_elsewhere_count_for_an_hour_after_their_renewal(
    store: WeightStore, draft: WeightDraft, place: str
) -> None:
    with draft.claimed():
        (own,) = (Path(store.uri) / "london/drafts/job-0/claims").glob("*/claim.json")
        claim = json.loads(own.read_text())
    own.parent.mkdir()
    claim |= {"process": 1 << 30, "where": place}
    own.write_text(json.dumps(claim))
    assert store.clean() == []
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    own.write_text(json.dumps({**claim, "renewed": an_hour_ago.isoformat()}))
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


@pytest.mark.parametrize("damage", [{}, {"process": 1 << 40}, {"where": "elsewhere", "renewed": "yesterday"}])
def test_a_claim_without_a_run_is_removed(store: WeightStore, draft: WeightDraft, damage: dict[str, object]) -> None:
    claims_folder = Path(store.uri) / "london/drafts/job-1/claims/other"
    claims_folder.mkdir(parents=True)
    claim = {"host": "here", "where": where(), "process": 1 << 30, "renewed": datetime.now(UTC).isoformat()}
    (claims_folder / "claim.json").write_text(json.dumps(claim | damage))
    store.clean()
    assert not (Path(store.uri) / "london/drafts/job-1").exists()
