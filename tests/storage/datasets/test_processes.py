"""Publishers and promoters that race, and publishers that are killed."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import pytest

from storage.datasets.store import WeightStore
from tests.drafts import create_draft
from tests.storage.conftest import FACTS, WEIGHTS, fill, publish
from tests.storage.processes import (
    instants,
    promote_some,
    publish_for_ever,
    publish_shared,
    publish_some,
    run_together,
    running,
    wait_until,
)


def test_publishers_at_once_get_different_numbers(store: WeightStore) -> None:
    run_together([(publish_some, store.uri, f"trainer-{label}", 5) for label in range(4)])
    versions = store.versions("london")
    assert [manifest.version for manifest in versions] == list(range(1, 21))
    assert len({manifest.data for manifest in versions}) == 20
    assert all(store.open(manifest.reference).verify() == [] for manifest in versions)


def test_trainers_of_the_same_draft_both_publish_it(store: WeightStore) -> None:
    draft = create_draft(store, "london", "shared", WEIGHTS, {})
    checksums = fill(draft)
    twin = create_draft(store, "london", "shared", WEIGHTS, {})
    assert (draft.publish(FACTS, checksums), twin.publish(FACTS, checksums)) == (1, 2)
    assert store.published_with("london", "shared") == [1, 2]
    assert store.open("london@1").checksums == store.open("london@2").checksums
    assert store.clean() == []
    assert store.open("london@1").verify() == []


def test_trainers_that_create_a_draft_at_once_share_it(store: WeightStore) -> None:
    for attempt in range(4):
        draft_id = f"shared-{attempt}"
        run_together([(publish_shared_or_find_published, store.uri, draft_id)] * 3)
        assert store.published_with("london", draft_id)
        assert store.drafts() == []


def publish_shared_or_find_published(uri: str, draft_id: str) -> None:
    """Train a shared draft unless another trainer has published it already."""
    from storage.errors import AlreadyExistsError

    try:
        publish_shared(uri, draft_id)
    except AlreadyExistsError:
        assert WeightStore(uri).published_with("london", draft_id)


def test_promotions_at_once_all_stay_in_the_history(store: WeightStore) -> None:
    for version in range(3):
        publish(store, "london", f"job-{version}")
    run_together([(promote_some, store.uri, version, 8) for version in (1, 2, 3)])
    history, damaged = store.aliases("london").readable_history("production")
    assert not damaged
    assert [entry.sequence for entry in history] == list(range(1, 25))
    assert [entry.previous for entry in history] == [None, *range(1, 24)]
    assert {version: [e.version for e in history].count(version) for version in (1, 2, 3)} == {1: 8, 2: 8, 3: 8}
    assert store.aliases("london") == {"production": history[-1].version}


def _has_versions(store: WeightStore, n_versions: int) -> bool:
    # By listing alone, so that whoever waits leaves the processor to who is waited for.
    return len(list(Path(store.uri).glob("london/versions/*.json"))) >= n_versions


@pytest.mark.slow
def test_a_publisher_killed_at_any_instant_leaves_whole_versions(store: WeightStore) -> None:
    for kill, (progress_first, instant) in enumerate(instants(longest=0.08)):
        wanted = len(store.versions("london")) + progress_first
        with running(publish_for_ever, store.uri, f"trainer-{kill}"):
            wait_until(partial(_has_versions, store, wanted))
            time.sleep(instant)
        versions = store.versions("london")
        assert [manifest.version for manifest in versions] == list(range(1, len(versions) + 1))
        assert all(store.open(manifest.reference).verify() == [] for manifest in versions[-3:])
    published = {manifest.data for manifest in versions}
    assert all(f"data/{draft.id}" not in published for draft in store.drafts())
    store.clean()
    assert store.drafts() == []
    assert all(store.open(manifest.reference).verify() == [] for manifest in versions)
    assert publish(store, "london", "after") == len(versions) + 1


def test_a_killed_run_is_continued_to_the_same_bytes(store: WeightStore) -> None:
    with running(publish_shared, store.uri, "job"):
        wait_until((Path(store.uri) / "london/drafts/job/job.json").exists)
    if not store.published_with("london", "job"):
        draft = create_draft(store, "london", "job", WEIGHTS, {})
        draft.publish(FACTS, fill(draft))
    undisturbed = WeightStore(f"{store.uri}-undisturbed")
    publish(undisturbed, "london", "job")
    assert store.open("london@1").checksums == undisturbed.open("london@1").checksums
