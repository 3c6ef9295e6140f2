"""Checksums of stored documents, a few read at once because object stores answer slowly."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from storage.blobs.location import Location
from storage.blobs.threads import each
from storage.errors import NotFoundError


def sha256(data: bytes | bytearray | memoryview[int]) -> str:
    """Return the SHA-256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def checksums_of(location: Location, folder: str, keys: Iterable[str]) -> dict[str, str | None]:
    """Return the SHA-256 of each document below `folder`, None for those that are missing."""

    def checksum(key: str) -> str | None:
        try:
            return sha256(location.read(f"{folder}/{key}"))
        except NotFoundError:
            return None

    wanted = list(keys)
    return dict(zip(wanted, each(checksum, wanted, location.at_once), strict=True))


def differing(location: Location, folder: str, checksums: Mapping[str, str]) -> list[str]:
    """Return the sorted keys of documents that are missing or do not have the checksum they should have."""
    found = checksums_of(location, folder, checksums)
    return sorted(key for key, expected in checksums.items() if found[key] != expected)
