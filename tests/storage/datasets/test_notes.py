"""Notes of a draft: arrays that are kept while work is in progress, and no longer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from storage.datasets.draft import WeightDraft
from storage.datasets.spec import ArraySpec, DatasetSpec
from storage.datasets.store import WeightStore
from storage.errors import BadNameError
from tests.drafts import create_draft


@pytest.fixture
def draft(tmp_path: Path) -> WeightDraft:
    spec = ArraySpec("weights", ("tap", "row"), (2, 4), (2, 4), "float64")
    return create_draft(WeightStore(str(tmp_path)), "london", "one", DatasetSpec({}, {"smiling": (spec,)}), {})


def test_notes_come_back_bit_for_bit(draft: WeightDraft) -> None:
    arrays = {"0/a b": np.random.default_rng(0).random((3, 2)), "file": np.arange(4, dtype=np.uint8)}
    draft.notes.put("products-1", arrays)
    found = draft.notes.get("products-1")
    assert found is not None
    assert list(found) == list(arrays)
    for name, values in arrays.items():
        assert found[name].dtype == values.dtype
        assert np.array_equal(found[name], values)


def test_later_notes_replace_earlier_ones(draft: WeightDraft) -> None:
    draft.notes.put("a", {"x": np.zeros(2)})
    draft.notes.put("a", {"y": np.ones(3)})
    assert list(draft.notes.get("a") or {}) == ["y"]


def test_notes_that_are_absent_or_damaged_are_none(draft: WeightDraft, tmp_path: Path) -> None:
    assert draft.notes.get("a") is None
    draft.notes.put("a", {"x": np.arange(1000.0)})
    (file,) = tmp_path.glob("london/drafts/one/notes/a.npz")
    whole = file.read_bytes()
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 1
    for content in (b"", b"no archive", whole[:-100], bytes(damaged)):
        file.write_bytes(content)
        assert draft.notes.get("a") is None


def test_objects_are_not_kept(draft: WeightDraft) -> None:
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        draft.notes.put("a", {"x": np.array([object()])})
    assert draft.notes.get("a") is None


def test_notes_are_no_receipts(draft: WeightDraft) -> None:
    draft.notes.put("a", {"x": np.zeros(2)})
    assert draft.receipt_keys() == []


def test_names_that_climb_are_refused(draft: WeightDraft) -> None:
    with pytest.raises(BadNameError):
        draft.notes.put("../a", {"x": np.zeros(2)})
