"""What was measured, kept beside the versions of a model: one document for each set of images and settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from storage.blobs.documents import Document, decode, encode
from storage.blobs.limits import LARGEST_DOCUMENT
from storage.blobs.location import Location
from storage.blobs.names import check_name
from storage.errors import NotFoundError, StorageError


class Records:
    """Documents by key in one folder of a store; iterating yields them in the order of their keys.

    `kind` is the word for messages, "evaluation" or "comparison"; `check` is asked before anything is kept.
    """

    def __init__(self, location: Location, folder: str, kind: str, check: Callable[[], None] | None = None) -> None:
        self._location = location
        self._folder = folder
        self._kind = kind
        self._check = check

    def put(self, key: str, record: Any) -> None:
        """Keep a dataclass or a dict; it replaces an earlier record of this key."""
        name = f"{check_name(self._kind, key)}.json"
        if self._check is not None:
            self._check()
        self._location.write(f"{self._folder}/{name}", encode(record, f"{self._kind} {key} in {self._folder}"))

    def get(self, key: str) -> Document | None:
        """Return the record of this key, or None; raises `FormatError` for a damaged one."""
        try:
            return self._read(f"{check_name(self._kind, key)}.json")
        except NotFoundError:
            return None

    def where(self, key: str) -> str:
        """Return where the record of this key is, for messages."""
        return self._told(f"{key}.json")

    def readable(self) -> tuple[dict[str, Document], dict[str, StorageError]]:
        """Return the records that can be read by key, in order, and likewise what is wrong with the others."""
        found: dict[str, Document] = {}
        damaged: dict[str, StorageError] = {}
        for file in self._location.list(self._folder):
            key = file.removesuffix(".json")
            try:
                found[key] = self._read(file)
            except StorageError as error:
                damaged[key] = error
        return found, damaged

    def __iter__(self) -> Iterator[Document]:
        return map(self._read, self._location.list(self._folder))

    def _read(self, file: str) -> Document:
        data = self._location.read(f"{self._folder}/{file}", LARGEST_DOCUMENT)
        return decode(Document, data, self._told(file))

    def _told(self, file: str) -> str:
        return f"{self._folder}/{file} in {self._location.uri}"
