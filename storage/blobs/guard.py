"""The one door to Zarr: every byte that it gets was read here, within a limit, and found to be what is expected."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import zarr
from zarr.abc.buffer import Buffer, BufferPrototype
from zarr.abc.store import ByteRequest, Store
from zarr.core.sync import sync

import storage.blobs.optimised  # noqa: F401  before Zarr reads a group
from storage.blobs.checksums import matches
from storage.blobs.limits import LARGEST_DOCUMENT
from storage.blobs.location import Location
from storage.blobs.metadata import ArrayFacts, Rule, parse_node
from storage.blobs.threads import threads
from storage.errors import CorruptChunkError, FormatError, NotFoundError, StorageError

_METADATA = "zarr.json"
_OLD_METADATA = (".zarray", ".zgroup", ".zattrs", ".zmetadata")


class GuardedStore(Store):
    """The Zarr group at `folder` of a location: its metadata, types and sizes are checked before Zarr sees them.

    `rule` tells what else an array must be. With `checksums`, all that is read must have one, and match it; a chunk
    that is missing is then no zeros. With `only`, no other array is listed. Raises `FormatError` and
    `CorruptChunkError` naming `what` and the file. Whatever else Zarr may learn to ask of a store is done by these few
    methods: forwarded, it would go past the door.
    """

    supports_writes = True
    supports_deletes = True
    supports_listing = True

    def __init__(
        self,
        location: Location,
        folder: str,
        what: str,
        rule: Rule,
        checksums: Mapping[str, str] | None = None,
        read_only: bool = True,
        only: str | None = None,
    ) -> None:
        super().__init__(read_only=read_only)
        self._store = location.zarr_store(folder, read_only=read_only)
        self._location = location
        self._folder = folder
        self._what = what
        self._rule = rule
        self._checksums = checksums
        self._only = only
        self._checked: set[str] = set()
        self._facts: dict[str, ArrayFacts] = {}
        self._writes = 0
        self._stopped = False

    def __eq__(self, other: object) -> bool:
        return self is other

    def __str__(self) -> str:
        return f"{self._location.uri}/{self._folder}".rstrip("/")

    def open_group(self) -> zarr.Group:
        """Return the root group; raises `FileNotFoundError`."""
        return zarr.open_group(self, mode="r" if self.read_only else "r+", zarr_format=3, use_consolidated=False)

    def open_array(self, path: str) -> zarr.Array[Any]:
        """Return an array; raises `FileNotFoundError`."""
        return zarr.open_array(self, path=path, mode="r" if self.read_only else "r+", zarr_format=3)

    @property
    def at_once(self) -> int:
        """Return how many chunks are read at once."""
        return self._location.at_once

    def facts(self, array: str) -> ArrayFacts | None:
        """Return what the metadata of an array promise, or None where there is none."""
        if array not in self._facts:
            self.checked(f"{array}/{_METADATA}")
        return self._facts.get(array)

    def admit(self, key: str, data: bytes) -> ArrayFacts | None:
        """Take the metadata of this key, which are at hand, as if they had been read; return an array's facts."""
        array, what = key.removesuffix(_METADATA).rstrip("/"), f"{self._what}: {key}"
        facts = parse_node(data, array, what)
        if facts is not None:
            if fault := self._rule(facts):
                raise FormatError(f"{what}: {fault}: it was damaged, or not written by fesdist")
            self._facts[array] = facts
        return facts

    def checked(self, key: str) -> bytes | None:
        """Return a document or chunk, or None where there is none, once it was found to be what it must be."""
        array, _, name = key.rpartition("/")
        if name in _OLD_METADATA:
            return None
        if name == _METADATA:
            return self._read_metadata(key, array)
        array = key.partition("/c/")[0]
        facts = self.facts(array)
        if facts is None:
            raise FormatError(f"{self._what}: chunk {key} belongs to no array")
        data = self._read_checked(key, facts.most_stored)
        if data is not None:
            facts.check_chunk(data, f"{self._what}: chunk {key}")
        return data

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        data = await asyncio.get_running_loop().run_in_executor(threads(self.at_once), self.checked, key)
        if data is None or byte_range is None:
            return None if data is None else prototype.buffer.from_bytes(data)
        return await self._store.get(key, prototype, byte_range)

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    async def exists(self, key: str) -> bool:
        return await self._store.exists(key)

    async def set(self, key: str, value: Buffer) -> None:
        if self._stopped:
            raise StorageError(f"{self._what}: {key} is not written, as an earlier write has failed")
        self._writes += 1
        try:
            # Where links lead out of the location, this raises before anything is written there.
            await asyncio.to_thread(self._location.confine, self._key(key))
            await self._store.set(key, value)
        finally:
            self._writes -= 1

    def stop(self) -> None:
        """Refuse all further writes, and return when none is under way: those of chunks outlast one that fails."""

        async def settled() -> None:
            self._stopped = True
            while self._writes:
                await asyncio.sleep(0.001)

        # Where Zarr writes, in one thread, so that nothing changes meanwhile.
        sync(settled())

    async def delete(self, key: str) -> None:
        await self._store.delete(key)

    def list(self) -> AsyncIterator[str]:
        return self._store.list()

    def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        return self._store.list_prefix(prefix)

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        async for name in self._store.list_dir(prefix):
            if name not in _OLD_METADATA and (self._only is None or name in (self._only, _METADATA)):
                yield name

    def _read_metadata(self, key: str, array: str) -> bytes | None:
        if self._checksums is not None and key not in self._checksums:
            return None
        data = self._read_checked(key, LARGEST_DOCUMENT)
        if data is None:
            for old in _OLD_METADATA[:2]:
                if self._location.exists(self._key(f"{array}/{old}".lstrip("/"))):
                    what = f"{self._what}: {key}"
                    raise FormatError(f"{what} is missing, {old} of Zarr format 2 is in its place; expected format 3")
            return None
        self.admit(key, data)
        return data

    def _read_checked(self, key: str, most: int) -> bytes | None:
        try:
            data = self._location.read(self._key(key), most)
        except NotFoundError:
            data = None
        if self._checksums is not None and key not in self._checked:
            if key not in self._checksums:
                raise CorruptChunkError(f"{self._what}: chunk {key} has no checksum; expected one for all that is read")
            if data is None or not matches(data, self._checksums[key]):
                fault = "is missing" if data is None else "does not match its checksum"
                raise CorruptChunkError(
                    f"{self._what}: chunk {key} {fault}; restore {self._location.uri}/{self._key(key)} from a copy, or"
                    " use another version"
                )
            self._checked.add(key)
        return data

    def _key(self, key: str) -> str:
        return f"{self._folder}/{key}".lstrip("/")

    def with_read_only(self, read_only: bool = False) -> GuardedStore:
        return GuardedStore(
            self._location, self._folder, self._what, self._rule, self._checksums, read_only, self._only
        )

    async def _open(self) -> None:
        await self._store._ensure_open()
        await super()._open()

    def close(self) -> None:
        self._store.close()
        super().close()
