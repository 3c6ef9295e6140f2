"""What comparisons measured of a model, kept beside its versions: one document for each set of images and settings."""

from __future__ import annotations

from storage.blobs.documents import Document, decode, encode
from storage.blobs.location import Location
from storage.blobs.names import check_name
from storage.errors import NotFoundError


def write_comparison(location: Location, name: str, key: str, record: Document) -> None:
    """Keep what was measured; it replaces an earlier record of this key."""
    location.write(_key(name, key), encode(record, f"comparison {key} of {name}"))


def read_comparison(location: Location, name: str, key: str) -> Document | None:
    """Return what was measured, or None; raises `FormatError` for a damaged record."""
    try:
        return decode(location.read(_key(name, key)), f"{_key(name, key)} in {location.uri}")
    except NotFoundError:
        return None


def _key(name: str, key: str) -> str:
    return f"{name}/comparisons/{check_name('comparison', key)}.json"
