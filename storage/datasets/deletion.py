"""Deleting a version: a tombstone is the instant that counts, then what it names goes, again after any crash."""

from __future__ import annotations

from contextlib import suppress

from storage.blobs.documents import decode, encode
from storage.blobs.location import Location
from storage.blobs.provenance import now, who
from storage.datasets.aliases import Aliases
from storage.datasets.claims import claimants
from storage.datasets.keys import PARTS, draft_folder
from storage.datasets.manifest import (
    Manifest,
    Tombstone,
    checksums_key,
    deleted_numbers,
    manifest_key,
    read_manifest,
    read_manifests,
    tombstone_key,
)
from storage.errors import FormatError, MismatchError, NotFoundError

_UNKNOWN = "data/unknown"
"""Of a version whose documents cannot be read."""


def delete_version(location: Location, aliases: Aliases, name: str, number: int, note: str) -> Tombstone:
    """Delete a version that exists, and return what is left of it.

    Raises `MismatchError` while an alias names it, `FormatError` if its manifest, or another one, cannot be read, as
    nobody knows then which data is whose. Readers find the version as it was, or none.
    """
    # Asked first: who publishes a draft works on it until its manifest is out.
    working = worked_on(location, name)
    manifest = read_manifest(location, name, number)
    others = [other for other in readable_or_raise(location, name) if other.version != number]
    _check_aliases(aliases, manifest)
    tombstone = Tombstone(name, number, manifest.data, manifest.checksums_digest, now(), who(), note)
    location.write(tombstone_key(name, number), encode(tombstone, f"tombstone of {name}@{number}"))
    try:
        # Promoting looks for the version after it wrote its move: one of the two sees the other.
        _check_aliases(aliases, manifest)
    except MismatchError:
        location.delete(tombstone_key(name, number))
        raise
    remove_deleted(location, tombstone, others, working)
    return tombstone


def delete_model(location: Location, name: str, note: str) -> list[Tombstone]:
    """Delete all versions of a model, its aliases and its drafts, readable or not, and return what is left.

    Raises `MismatchError` while a process works on one of its drafts. Interrupted, the same call goes on.
    """
    for draft in location.list(f"{name}/drafts"):
        if working := claimants(location, draft_folder(name, draft)):
            raise MismatchError(
                f"model {name!r} is being trained by {', '.join(working)}; expected a model on which nobody works: stop"
                " that run first"
            )
    for number, found in read_manifests(location, name).items():
        data, checksums = (found.data, found.checksums_digest) if isinstance(found, Manifest) else (_UNKNOWN, "")
        tombstone = Tombstone(name, number, data, checksums, now(), who(), note)
        for key in (tombstone_key(name, number), manifest_key(name, number)):
            location.write(key, encode(tombstone, f"tombstone of {name}@{number}"))
    for folder in PARTS:
        if folder != "versions":  # where the tombstones are
            location.delete(f"{name}/{folder}")
    return read_tombstones(location, name)


def read_tombstones(location: Location, name: str) -> list[Tombstone]:
    """Return what is left of the deleted versions of a model, ascending."""
    return [_read_tombstone(location, name, number) for number in deleted_numbers(location, name)]


def _read_tombstone(location: Location, name: str, number: int) -> Tombstone:
    """Return what is left of a version: of two equal documents the one that can be read, or that there was one."""
    for key in (tombstone_key(name, number), manifest_key(name, number)):
        with suppress(FormatError, NotFoundError):
            return decode(Tombstone, location.read(key), f"{key} in {location.uri}")
    return Tombstone(name, number, _UNKNOWN, "", "", "", "its tombstone is damaged")


def worked_on(location: Location, name: str) -> set[str]:
    """Return the data of drafts of a model that processes work on, as manifests name them."""
    drafts = location.list(f"{name}/drafts")
    return {f"data/{draft}" for draft in drafts if claimants(location, draft_folder(name, draft))}


def remove_deleted(location: Location, tombstone: Tombstone, others: list[Manifest], working: set[str]) -> None:
    """Remove what a deleted version had, first its manifest; what the `others` of its model name stays.

    So does, until it is called again, the data that processes were `working` on before the others were listed: they may
    publish it as a further version.
    """
    name, number = tombstone.name, tombstone.version
    # Not deleted, so that a publisher who is late finds the number taken.
    location.write(manifest_key(name, number), encode(tombstone, f"tombstone of {name}@{number}"))
    if tombstone.checksums_digest not in {"", *(other.checksums_digest for other in others)}:
        _remove_checksums(location, name, tombstone.checksums_digest)
    if tombstone.data not in {*working, *(other.data for other in others)}:
        location.delete(f"{name}/{tombstone.data}")
    location.delete(f"{name}/evaluations/{number}")


def _remove_checksums(location: Location, name: str, digest: str) -> None:
    """Remove the checksums of deleted versions, unless another with the same is published meanwhile.

    Publishing looks for them after it wrote the manifest: one of the two sees the other.
    """
    key = checksums_key(name, digest)
    with suppress(NotFoundError):
        content = location.read(key)
        location.delete(key)
        versions = read_manifests(location, name).values()
        if any(isinstance(found, Manifest) and found.checksums_digest == digest for found in versions):
            location.write(key, content)


def readable_or_raise(location: Location, name: str) -> list[Manifest]:
    """Return the manifests of all versions; raises `FormatError` if one cannot be read, as its data may be any."""
    others = []
    for found in read_manifests(location, name).values():
        if not isinstance(found, Manifest):
            raise FormatError(f"nothing of model {name!r} is removed while a manifest cannot be read: {found}")
        others.append(found)
    return others


def _check_aliases(aliases: Aliases, manifest: Manifest) -> None:
    # By `get`, as an alias that has lost its moves names nothing.
    naming = sorted(alias for alias in aliases if aliases.get(alias) == manifest.version)
    if naming:
        raise MismatchError(
            f"version {manifest.reference} is named by the alias{'es' if len(naming) > 1 else ''} {', '.join(naming)};"
            " expected a version without: promote another version to that name first"
        )
