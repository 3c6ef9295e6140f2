"""A draft in one step, for tests that claim none: runs claim theirs before they create it."""

from __future__ import annotations

from storage.blobs.documents import Document
from storage.datasets.draft import WeightDraft
from storage.datasets.spec import DatasetSpec
from storage.datasets.store import WeightStore


def create_draft(store: WeightStore, name: str, draft_id: str, spec: DatasetSpec, job: Document) -> WeightDraft:
    """Return a draft that exists from now on; see `WeightStore.draft` and `WeightDraft.create`."""
    draft = store.draft(name, draft_id)
    draft.create(spec, job)
    return draft
