"""Drafts of a store in a folder: created, reopened, filled and published."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from storage.blobs.documents import Document
from storage.datasets.draft import WeightDraft
from storage.datasets.spec import ArraySpec, DatasetSpec
from storage.datasets.store import WeightStore
from storage.errors import AlreadyExistsError, MismatchError, NoSpaceError, NotFoundError
from tests.drafts import create_draft
from tests.storage.conftest import FACTS, WEIGHTS, fill, weights

ALL = (slice(None),) * 4


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


def test_a_draft_that_is_published_while_drafts_are_listed_is_none_any_more(
    store: WeightStore, draft: WeightDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    location, checksums = store._location, fill(draft)
    read = location.read

    def late(key: str, most: int = 1 << 31) -> bytes:
        if key.endswith("job.json"):
            draft.publish(FACTS, checksums)
        return read(key, most)

    monkeypatch.setattr(location, "read", late)
    assert store.drafts() == []
    assert store.names() == ["london"]


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


def test_a_draft_is_published_by_who_has_created_or_reopened_it(store: WeightStore, draft: WeightDraft) -> None:
    other, checksums = store.open_draft("london", "job-0"), fill(draft)
    with pytest.raises(MismatchError, match="call `create`, which reopens it, before `publish`"):
        other.publish(FACTS, checksums)
    other.create(WEIGHTS, {})
    assert other.publish(FACTS, checksums) == 1


def test_a_manifest_is_json(draft: WeightDraft) -> None:
    with pytest.raises(MismatchError, match="cannot be written as JSON: Out of range float values"):
        draft.publish(replace(FACTS, metrics={"mse": float("nan")}), fill(draft))


def test_a_specification_is_checked() -> None:
    with pytest.raises(MismatchError, match="expected one length and one chunk length for each of two dimensions"):
        ArraySpec("weights", ("row", "col"), (4, 4), (4,), "float32")
