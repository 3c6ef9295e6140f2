"""Where the parts of a model, and of its drafts, are in a store."""

from __future__ import annotations

from storage.blobs.location import Location

PARTS = ("aliases", "checksums", "comparisons", "data", "drafts", "evaluations", "versions")
"""The folders of a model."""


def draft_folder(name: str, draft_id: str) -> str:
    """Return the key of a draft's job, receipts, notes and claims."""
    return f"{name}/drafts/{draft_id}"


def data_folder(name: str, draft_id: str) -> str:
    """Return the key of a draft's Zarr group, which a version keeps."""
    return f"{name}/data/{draft_id}"


def job_key(name: str, draft_id: str) -> str:
    """Return the key of the document that describes a draft."""
    return f"{draft_folder(name, draft_id)}/job.json"


def receipt_keys(location: Location, name: str, draft_id: str) -> list[str]:
    """Return the keys of all receipts of a draft, sorted."""
    return [file.removesuffix(".json") for file in location.list(f"{draft_folder(name, draft_id)}/receipts")]
