"""Objects are written in as few requests as their size allows, since each of them takes an answer."""

from __future__ import annotations

import os

import pytest

from storage.blobs.location import open_location
from storage.blobs.objects import _IN_PARTS
from storage.errors import StorageError
from tests.objects.server import ObjectServer


@pytest.mark.parametrize(
    ("n_bytes", "in_parts"), [(0, False), (6 << 20, False), (_IN_PARTS, False), (_IN_PARTS + 1, True)]
)
def test_only_large_objects_are_written_in_parts(objects: ObjectServer, n_bytes: int, in_parts: bool) -> None:
    location, data = open_location("s3://faces/weights"), bytes(range(256)) * (n_bytes // 256) + bytes(n_bytes % 256)
    location.put("chunk", data)
    if in_parts:
        assert objects.requests["POST"] == 2  # the first and the last
        assert objects.requests["PUT"] > 1
    else:
        assert (objects.requests["POST"], objects.requests["PUT"]) == (0, 1)
    assert location.read("chunk") == data


def test_a_process_that_is_forked_is_told_that_it_would_wait_for_ever(
    objects: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = open_location("s3://faces/weights")
    location.write("key", b"value")
    monkeypatch.setattr(os, "getpid", lambda: -1)
    for each in (location, open_location("s3://faces/others")):
        with pytest.raises(StorageError, match=r"forked from one that has asked .* by spawn or forkserver"):
            each.read("key")
    monkeypatch.undo()
    assert location.read("key") == b"value"
