"""Where a store lives: a folder or a prefix in an object store, behind the few calls that both can keep.

Object stores cannot rename, so nothing here does: what is atomic is to replace or to create one document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from urllib.parse import unquote, urlsplit

from typing_extensions import Buffer
from zarr.abc.store import Store

from storage.blobs.limits import LARGEST_READ
from storage.blobs.local import LocalLocation
from storage.blobs.schemes import EXPECTED, SERVICES, service_of
from storage.errors import NotFoundError, StorageError


class Location(Protocol):
    """Documents by key ("name/versions/1.json") and Zarr stores below a key; pickled, no more than its `uri`."""

    @property
    def uri(self) -> str:
        """Return the address that `open_location` takes."""

    @property
    def at_once(self) -> int:
        """Return how many documents are read or written at once."""

    def read(self, key: str, most: int = LARGEST_READ) -> bytes:
        """Return a document; raises `NotFoundError`, and `FormatError` for more than `most` bytes, read or not.

        On disks every call raises `FormatError` for a key that links lead out of the location.
        """

    def write(self, key: str, data: bytes) -> None:
        """Write or replace a document: a reader sees the old bytes or the new ones; raises `NoSpaceError`."""

    def create(self, key: str, data: bytes) -> None:
        """Write a document that must not exist yet; of all who try at once, one succeeds.

        Raises `AlreadyExistsError` for the others, and `NoSpaceError`.
        """

    def put(self, key: str, data: Buffer) -> None:
        """Write or replace a document as `write` does; it may be lost with the power until `flush` returned."""

    def exists(self, key: str) -> bool:
        """Return whether there is a document of this key."""

    def list(self, prefix: str) -> list[str]:
        """Return the sorted names of the documents and folders directly below `prefix`, if there are any."""

    def size(self, key: str) -> int:
        """Return the bytes of a document or of all documents below a key; 0 if there is neither."""

    def delete(self, prefix: str) -> None:
        """Delete the document of this key, or all documents below it, if there are any."""

    def flush(self, keys: Sequence[str]) -> None:
        """Return when these documents would survive a power failure."""

    def confine(self, key: str) -> None:
        """Raise `FormatError` if links lead this key out of the location."""

    def tidy(self, below: str = "") -> None:
        """Remove what killed writers left that is no document; only where nobody writes.

        With `below`, a folder in which somebody may write, remove what was left there an hour ago or more.
        """

    def zarr_store(self, key: str, read_only: bool) -> Store:
        """Return the Zarr store whose root is `key`."""

    def free_bytes(self) -> int | None:
        """Return the free bytes of the disk, or None where that has no meaning."""


def open_location(uri: str) -> Location:
    """Return the location of an "s3://bucket/prefix", a "file://" address or a path; nothing is created yet.

    `storage.blobs.schemes` has the other object stores. Raises `StorageError` for other schemes, for variables that
    cannot work, and if the package that speaks to object stores is not installed.
    """
    scheme, separator, _ = uri.partition("://")
    if not uri or "\0" in uri:
        raise NotFoundError(f"{uri!r} is no place for a store: expected {EXPECTED}")
    if not separator:
        scheme, colon, _ = uri.partition(":")
        if colon and scheme in (*SERVICES, "file"):
            raise StorageError(f"{uri!r} has lost a slash: expected {EXPECTED}, or ./{uri}")
        return LocalLocation(uri)
    if scheme == "file":
        split = urlsplit(uri)
        if split.netloc not in ("", "localhost") or not split.path:
            raise StorageError(f"{uri!r} names no folder, as a host is what follows two slashes: expected {EXPECTED}")
        return LocalLocation(unquote(split.path))
    service_of(uri)
    from storage.blobs.objects import ObjectLocation

    return ObjectLocation(uri)
