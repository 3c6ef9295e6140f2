"""Checksums of stored documents, a few read at once because object stores answer slowly."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import xxhash

from storage.blobs.location import Location
from storage.blobs.threads import each
from storage.errors import NotFoundError

_SHA256_DIGITS = 64


def checksum(data: bytes | bytearray | memoryview[int]) -> str:
    """Return the XXH3 of `data`, 128 bits in 32 hexadecimal digits: it tells damage, and is taken as memory is read."""
    return xxhash.xxh3_128_hexdigest(data)


def sha256(data: bytes | bytearray | memoryview[int]) -> str:
    """Return the SHA-256 of `data` in hexadecimal, 64 digits."""
    return hashlib.sha256(data).hexdigest()


def matches(data: bytes | bytearray | memoryview[int], expected: str) -> bool:
    """Return whether `expected` is the checksum of `data`; releases before 0.6 took SHA-256, told by its length."""
    return (sha256 if is_sha256(expected) else checksum)(data) == expected


def is_sha256(checksum: str) -> bool:
    """Return whether a checksum is one of those that releases before 0.6 took."""
    return len(checksum) == _SHA256_DIGITS


def checksums_of(location: Location, folder: str, keys: Iterable[str]) -> dict[str, str | None]:
    """Return the checksum of each document below `folder`, None for those that are missing."""

    def found(key: str) -> str | None:
        try:
            return checksum(location.read(f"{folder}/{key}"))
        except NotFoundError:
            return None

    wanted = list(keys)
    return dict(zip(wanted, each(found, wanted, location.at_once), strict=True))


def is_there(location: Location, key: str, expected: str) -> bool:
    """Return whether a document is there and has the checksum that it should have."""
    try:
        return matches(location.read(key), expected)
    except NotFoundError:
        return False


def differing(location: Location, folder: str, checksums: Mapping[str, str]) -> list[str]:
    """Return the sorted keys of documents that are missing or do not have the checksum they should have."""

    def sound(key: str) -> bool:
        return is_there(location, f"{folder}/{key}", checksums[key])

    wanted = sorted(checksums)
    return [key for key, good in zip(wanted, each(sound, wanted, location.at_once), strict=True) if not good]
