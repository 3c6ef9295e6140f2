"""A store in a bucket: every document is one object, which is replaced or created in one step."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import zarr
from typing_extensions import Buffer as BytesLike
from zarr.abc.buffer import Buffer, BufferPrototype
from zarr.abc.store import ByteRequest
from zarr.storage import ObjectStore, WrapperStore

from storage.blobs.limits import LARGEST_READ, check_size
from storage.blobs.profiles import profile_options
from storage.blobs.proxies import go_round_proxies
from storage.blobs.schemes import service_of, store_class
from storage.blobs.telling import check_variables, told
from storage.blobs.threads import REQUESTS_AT_ONCE
from storage.errors import NotFoundError, StorageError

_MAX_RETRIES = 6
_RETRY_TIMEOUT = timedelta(seconds=60)
"""Long enough for a busy service, short enough for somebody who mistyped the endpoint."""

_IN_PARTS = 1 << 25
"""Bytes of objects that are written in parts, which takes three answers in turn where a whole takes one."""

_PROBE = ".probe"
"""Prefix of the objects by which a store is asked what it heeds, and what time it is there."""

_creating: set[str] = set()
"""Addresses of which this process knows that they create objects only if absent."""

_asking: dict[str, int] = {}
"""The process that has asked stores, by threads of obstore's own, as "process"."""


class ObjectLocation:
    """A prefix of a bucket, reached as the service's variables say; see `storage.blobs.location.Location`."""

    def __init__(self, uri: str) -> None:
        service_of(uri)
        self._uri = uri.rstrip("/")
        self._door = _opened(self._uri)

    @property
    def uri(self) -> str:
        return self._uri

    @property
    def _objects(self) -> Any:
        """Return obstore's door to the prefix; raises `StorageError` where it would wait for ever."""
        if _asking.setdefault("process", own := os.getpid()) != own:
            raise StorageError(
                f"{self.uri} cannot be asked by a process that was forked from one that has asked an object store, as"
                " threads are not forked: start processes by spawn or forkserver, such as those of"
                ' multiprocessing.get_context("spawn")'
            )
        return self._door

    def __reduce__(self) -> tuple[type[ObjectLocation], tuple[str]]:
        return ObjectLocation, (self.uri,)

    @property
    def at_once(self) -> int:
        return REQUESTS_AT_ONCE

    def read(self, key: str, most: int = LARGEST_READ) -> bytes:
        import obstore

        with told(self.uri, key, "read"):
            found = obstore.get(self._objects, key)
            check_size(f"{self.uri}/{key}", found.meta["size"], most)
            return bytes(found.bytes())

    def write(self, key: str, data: bytes) -> None:
        self.put(key, data)

    def put(self, key: str, data: BytesLike) -> None:
        import obstore

        with told(self.uri, key, "write"):
            obstore.put(self._objects, key, data, use_multipart=memoryview(data).nbytes > _IN_PARTS)

    def create(self, key: str, data: bytes) -> None:
        import obstore

        self._check_creation()
        with told(self.uri, key, "write"):
            # In parts, an object could not be refused because it exists.
            obstore.put(self._objects, key, data, mode="create", use_multipart=False)

    def _check_creation(self) -> None:
        """Ask the store, once a process, whether it heeds If-None-Match: without, publishers overwrite each other."""
        import obstore
        from obstore import exceptions

        if self.uri in _creating:
            return
        key = _probe()
        with told(self.uri, key, "write"):
            obstore.put(self._objects, key, b"1", use_multipart=False)
            try:
                obstore.put(self._objects, key, b"2", mode="create", use_multipart=False)
                heeded = False
            except exceptions.AlreadyExistsError:
                heeded = True
        self.delete(key)
        if not heeded:
            raise StorageError(
                f"the object store of {self.uri} overwrites objects that are to be created only if absent: it, or a"
                " proxy before it, ignores the header If-None-Match: * of PUT, without which versions get lost; choose"
                " a store with conditional writes, or a folder"
            )
        _creating.add(self.uri)

    def exists(self, key: str) -> bool:
        return self._head(key) is not None

    def age(self, key: str) -> float:
        """Return the seconds since an object was written, by the store's own clock; raises `NotFoundError`."""
        found, probe = self._head(key), _probe()
        self.write(probe, b"")
        now = self._head(probe)
        self.delete(probe)
        if found is None:
            raise NotFoundError(f"there is no {key} in {self.uri}")
        when: datetime = now["last_modified"] if now else datetime.now(UTC)
        return float((when - found["last_modified"]).total_seconds())

    def list(self, prefix: str) -> list[str]:
        import obstore

        with told(self.uri, prefix, "list"):
            found = obstore.list_with_delimiter(self._objects, prefix or None)
        paths = [*found["common_prefixes"], *(item["path"] for item in found["objects"])]
        # An object without a name of its own marks a folder, as some programs write them.
        names = {path.rstrip("/").rpartition("/")[2] for path in paths if path.strip("/") != prefix}
        return sorted(name for name in names if name and not name.startswith("."))

    def size(self, key: str) -> int:
        import obstore

        if (found := self._head(key)) is not None:
            return int(found["size"])
        with told(self.uri, key, "list"):
            return sum(item["size"] for batch in obstore.list(self._objects, key) for item in batch)

    def delete(self, prefix: str) -> None:
        import obstore

        self._delete(prefix)
        with told(self.uri, prefix, "list"):
            for batch in obstore.list(self._objects, prefix):
                paths = [item["path"] for item in batch if item["path"] not in ("", prefix)]
                try:
                    with told(self.uri, prefix, "delete"):
                        obstore.delete(self._objects, paths)
                except NotFoundError:
                    # One by one, as among them are marks of folders, which are not called as they are listed.
                    for path in paths:
                        self._delete(path)

    def flush(self, keys: Sequence[str]) -> None:
        """Do nothing: an object store keeps an object before it acknowledges it."""

    def confine(self, key: str) -> None:
        """Do nothing: nothing leads out of a bucket."""

    def tidy(self, below: str = "") -> None:
        """Do nothing: an object is there as a whole, or not at all."""

    def zarr_store(self, key: str, read_only: bool) -> _ToldStore:
        return _ToldStore(self._uri, key, read_only)

    def free_bytes(self) -> int | None:
        return None

    def _delete(self, key: str) -> None:
        """Delete an object if there is one: some stores mind that what is to go is not there."""
        import obstore

        with suppress(NotFoundError), told(self.uri, key, "delete"):
            obstore.delete(self._objects, key)

    def _head(self, key: str) -> Any:
        """Return what the store says of an object, or None where there is none."""
        import obstore

        try:
            with told(self.uri, key, "read"):
                return obstore.head(self._objects, key)
        except NotFoundError:
            return None


class _ToldStore(WrapperStore[ObjectStore[Any]]):
    """Zarr's own door to a prefix of a bucket; what the store refuses is told in our words."""

    def __init__(self, uri: str, key: str, read_only: bool) -> None:
        self._uri = f"{uri}/{key}".rstrip("/")
        super().__init__(ObjectStore(_opened(self._uri), read_only=read_only))

    def __str__(self) -> str:
        # Zarr asks for it, and obstore's own panics where the environment names the account.
        return self._uri

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        with told(self._uri, key, "read"):
            return await self._store.get(key, prototype, byte_range)

    async def set(self, key: str, value: Buffer) -> None:
        with told(self._uri, key, "write"):
            await self._store.set(key, value)

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        with told(self._uri, key, "write"):
            await self._store.set_if_not_exists(key, value)

    async def delete(self, key: str) -> None:
        with told(self._uri, key, "delete"):
            await self._store.delete(key)

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        with told(self._uri, prefix, "list"):
            async for name in self._store.list_dir(prefix):
                yield name


def _probe() -> str:
    return f"{_PROBE}/{uuid.uuid4().hex}"


def _opened(uri: str) -> Any:
    """Return obstore's door to a prefix, made once for each state of the environment; raises `StorageError`."""
    prefix = service_of(uri).prefix
    return _opened_with(uri, tuple(sorted((k, v) for k, v in os.environ.items() if k.startswith(prefix))))


@lru_cache(maxsize=64)
def _opened_with(uri: str, variables: tuple[tuple[str, str], ...]) -> Any:
    service, given = service_of(uri), dict(variables)
    opened = store_class(service.store, uri)
    options = profile_options(given) if uri.startswith("s3://") else {}
    check_variables(uri, given, options.get("endpoint", ""))
    go_round_proxies()
    # Where Zarr itself reads and writes, which is where stacks are filled.
    zarr.config.set({"async.concurrency": REQUESTS_AT_ONCE})
    with told(uri, "", "read"):
        return opened.from_url(
            uri, retry_config={"max_retries": _MAX_RETRIES, "retry_timeout": _RETRY_TIMEOUT}, **options
        )
