"""A version becomes one of another store: each document is compared with its checksum here, and again there."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields

from storage.blobs.checksums import differing, is_there, matches
from storage.blobs.location import Location
from storage.blobs.threads import each
from storage.datasets.manifest import Facts, publish_manifest
from storage.datasets.version import WeightVersion
from storage.errors import CorruptChunkError, NotFoundError, StorageError


def copy_version(
    source: Location, version: WeightVersion, target: Location, name: str, number: int | None = None
) -> int:
    """Copy a version to another location, as the next version of the model `name` there, and return its number.

    Interrupted, the same call goes on: what is there with its checksum is not copied again. With the `number` that it
    has there already no manifest is written. Raises `CorruptChunkError` for a document that is damaged here or there,
    and what the locations raise.
    """
    checksums, data = version.checksums, version.manifest.data
    here, there = f"{version.manifest.name}/{data}", f"{name}/{data}"

    def copy(key: str) -> None:
        if is_there(target, f"{there}/{key}", checksums[key]):
            return
        try:
            content = source.read(f"{here}/{key}")
        except NotFoundError:
            content = b""
        if not matches(content, checksums[key]):
            raise CorruptChunkError(
                f"{key} of version {version.manifest.reference} in {source.uri} is missing or does not match its"
                " checksum; nothing was published: restore that file from a copy"
            )
        target.put(f"{there}/{key}", content)

    each(copy, list(checksums), max(source.at_once, target.at_once))
    target.flush([f"{there}/{key}" for key in checksums])
    if wrong := differing(target, there, checksums):
        raise CorruptChunkError(
            f"{len(wrong)} documents arrived damaged in {target.uri}, the first is {wrong[0]}; nothing was published:"
            " run the same command again"
        )
    if number is None:
        facts = Facts(**{part.name: getattr(version.manifest, part.name) for part in fields(Facts)})
        number = publish_manifest(target, name, data, facts, checksums)
    # The version is out; what killed writers left does no harm where it cannot be removed.
    with suppress(StorageError, OSError):
        target.tidy(there)
    return number
