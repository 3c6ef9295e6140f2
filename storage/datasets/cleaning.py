"""Drafts that were not published, and the removal of what nobody needs: theirs, and that of deleted versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from storage.blobs.location import Location
from storage.blobs.provenance import seconds_since
from storage.datasets.claims import claimants
from storage.datasets.deletion import read_tombstones, readable_or_raise, remove_deleted, worked_on
from storage.datasets.draft import DraftJob, read_job
from storage.datasets.keys import data_folder, draft_folder, job_key, receipt_keys
from storage.datasets.manifest import Manifest, read_manifests
from storage.errors import FormatError, NotFoundError

_LONG_AGO = "1970-01-01T00:00:00+00:00"


@dataclass(frozen=True)
class DraftInfo:
    """A draft that was not published."""

    name: str
    id: str
    created: str
    """ISO 8601, UTC."""
    job: dict[str, Any]
    n_receipts: int
    bytes: int
    claimants: tuple[str, ...]
    """Processes that are working on it now."""
    damaged: str = ""
    """What is wrong with the document that describes it, so that nobody can continue it."""


def read_drafts(location: Location, name: str) -> list[DraftInfo]:
    """Return the unpublished drafts of a model, which are those with a job: other folders are not ours."""
    published = {found.draft for found in read_manifests(location, name).values() if isinstance(found, Manifest)}
    found = (
        _read_draft(location, name, draft_id)
        for draft_id in location.list(f"{name}/drafts")
        if draft_id not in published
    )
    return [draft for draft in found if draft is not None]


def clean_model(location: Location, name: str, older_than: float) -> list[DraftInfo]:
    """Remove the unpublished drafts of a model created `older_than` seconds ago or earlier, and return what they were.

    Data that a manifest names is never removed, nor a draft on which a process is working. What a deletion that was
    interrupted left, and what two trainers left who published one draft, is removed too. Raises `FormatError`.
    """
    drafts = read_drafts(location, name)
    old = [draft for draft in drafts if not draft.claimants and seconds_since(draft.created) >= older_than]
    removed = []
    for draft in old:
        # Asked again, in this order: it may have been continued, or published, since it was listed.
        if claimants(location, draft_folder(name, draft.id)):
            continue
        if draft.id not in {manifest.draft for manifest in readable_or_raise(location, name)}:
            location.delete(data_folder(name, draft.id))
        # Last, as a draft without its job is not seen any more.
        location.delete(draft_folder(name, draft.id))
        removed.append(draft)
    working, versions = worked_on(location, name), readable_or_raise(location, name)
    for tombstone in read_tombstones(location, name):
        remove_deleted(location, tombstone, versions, working)
    published = {manifest.draft for manifest in versions}
    for draft_id in location.list(f"{name}/drafts"):
        folder = draft_folder(name, draft_id)
        # Without a job, it was claimed by a run that died before it began.
        needless = draft_id in published or not location.exists(job_key(name, draft_id))
        if needless and not claimants(location, folder):
            location.delete(folder)
    return removed


def _read_draft(location: Location, name: str, draft_id: str) -> DraftInfo | None:
    """Return what there is of a draft, or None where it has no job: it may be published while it is looked at."""
    damaged = ""
    try:
        described = read_job(location, name, draft_id)
    except NotFoundError:
        return None
    except FormatError as error:
        described, damaged = DraftJob(_LONG_AGO, {}), str(error)
    return DraftInfo(
        name,
        draft_id,
        described.created,
        described.job,
        len(receipt_keys(location, name, draft_id)),
        location.size(draft_folder(name, draft_id)) + location.size(data_folder(name, draft_id)),
        tuple(claimants(location, draft_folder(name, draft_id))),
        damaged,
    )
