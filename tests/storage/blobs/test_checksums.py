"""Checksums tell damage, and those that older releases took are still compared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.blobs.checksums import checksum, checksums_of, differing, matches
from storage.blobs.location import open_location

KNOWN = {b"": "99aa06d3014798d86001c324468d497f", b"a": "a96faf705af16834e6c632b61e964e1f"}
"""As its authors' `xxhsum -H2` prints them."""


@pytest.mark.parametrize("data", KNOWN)
def test_checksums_are_those_of_the_reference(data: bytes) -> None:
    assert checksum(data) == KNOWN[data]
    assert checksum(memoryview(bytearray(data))) == KNOWN[data]


@pytest.mark.parametrize("taken", [checksum, lambda data: hashlib.sha256(data).hexdigest()])
@pytest.mark.parametrize("place", [0, 500, 999])
def test_one_changed_bit_is_told_of_either_kind(taken: Callable[[bytes], str], place: int) -> None:
    data = bytearray(range(250)) * 4
    expected = taken(data)
    assert matches(data, expected)
    data[place] ^= 1
    assert not matches(data, expected)


@pytest.mark.parametrize("nonsense", ["", "0" * 32, "0" * 64, "0" * 40, "xxh3"])
def test_nonsense_is_no_checksum(nonsense: str) -> None:
    assert not matches(b"pixels", nonsense)


def test_documents_that_differ_or_are_missing_are_named(tmp_path: Path) -> None:
    location = open_location(str(tmp_path))
    for name in ("a", "b", "old"):
        location.write(f"data/{name}", name.encode())
    found = checksums_of(location, "data", ["a", "b", "gone"])
    assert found == {"a": checksum(b"a"), "b": checksum(b"b"), "gone": None}
    old = hashlib.sha256(b"old").hexdigest()
    assert differing(location, "data", {"a": checksum(b"a"), "old": old}) == []
    location.write("data/b", b"B")
    assert differing(location, "data", {"old": old, "gone": old, "b": checksum(b"b"), "a": checksum(b"a")}) == [
        "b",
        "gone",
    ]
