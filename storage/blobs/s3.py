"""A store in a bucket: every document is one object, which is replaced or created in one step."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from typing_extensions import Buffer
from zarr.storage import ObjectStore

from storage.blobs.limits import LARGEST_READ, check_size
from storage.errors import AlreadyExistsError, NotFoundError, StorageError

_MAX_RETRIES = 6
_RETRY_TIMEOUT = timedelta(seconds=60)
"""Long enough for a busy service, short enough for somebody who mistyped the endpoint."""

_PROBE = ".probe"
"""Prefix of the objects by which a store is asked what it heeds."""

_creating: set[str] = set()
"""Addresses of which this process knows that they create objects only if absent."""


class ObjectLocation:
    """A prefix of an S3 bucket, reached as the AWS_* variables say; see `storage.blobs.location.Location`."""

    def __init__(self, uri: str) -> None:
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        if not bucket:
            raise StorageError(f"{uri!r} names no bucket: expected s3://bucket/prefix")
        self._uri = f"s3://{bucket}/{prefix}".rstrip("/")
        self._objects = _open_prefix(self._uri)

    @property
    def uri(self) -> str:
        return self._uri

    def __reduce__(self) -> tuple[type[ObjectLocation], tuple[str]]:
        return ObjectLocation, (self.uri,)

    def read(self, key: str, most: int = LARGEST_READ) -> bytes:
        import obstore

        with self._told(key):
            found = obstore.get(self._objects, key)
            check_size(f"{self.uri}/{key}", found.meta["size"], most)
            return bytes(found.bytes())

    def write(self, key: str, data: bytes) -> None:
        import obstore

        with self._told(key), self._bucket_exists():
            obstore.put(self._objects, key, data)

    def put(self, key: str, data: Buffer) -> None:
        self.write(key, bytes(data))

    def create(self, key: str, data: bytes) -> None:
        import obstore

        self._check_creation()
        with self._told(key), self._bucket_exists():
            # In parts, an object could not be refused because it exists.
            obstore.put(self._objects, key, data, mode="create", use_multipart=False)

    def _check_creation(self) -> None:
        """Ask the store, once a process, whether it heeds If-None-Match: without, publishers overwrite each other."""
        import obstore
        from obstore import exceptions

        if self.uri in _creating:
            return
        key = f"{_PROBE}/{uuid.uuid4().hex}"
        with self._told(key), self._bucket_exists():
            obstore.put(self._objects, key, b"1", use_multipart=False)
            try:
                obstore.put(self._objects, key, b"2", mode="create", use_multipart=False)
                heeded = False
            except exceptions.AlreadyExistsError:
                heeded = True
            obstore.delete(self._objects, key)
        if not heeded:
            raise StorageError(
                f"the object store of {self.uri} overwrites objects that are to be created only if absent: it, or a"
                " proxy before it, ignores the header If-None-Match: * of PUT, without which versions get lost; choose"
                " a store with conditional writes, or a folder"
            )
        _creating.add(self.uri)

    def exists(self, key: str) -> bool:
        import obstore

        try:
            with self._told(key):
                obstore.head(self._objects, key)
        except NotFoundError:
            return False
        return True

    def list(self, prefix: str) -> list[str]:
        import obstore

        with self._told(prefix):
            found = obstore.list_with_delimiter(self._objects, prefix or None)
        paths = [*found["common_prefixes"], *(item["path"] for item in found["objects"])]
        names = (path.rstrip("/").rpartition("/")[2] for path in paths)
        return sorted(name for name in names if not name.startswith("."))

    def size(self, key: str) -> int:
        import obstore

        try:
            with self._told(key):
                return int(obstore.head(self._objects, key)["size"])
        except NotFoundError:
            with self._told(key):
                return sum(item["size"] for batch in obstore.list(self._objects, key) for item in batch)

    def delete(self, prefix: str) -> None:
        import obstore

        with self._told(prefix):
            obstore.delete(self._objects, prefix)
            for batch in obstore.list(self._objects, prefix):
                obstore.delete(self._objects, [item["path"] for item in batch])

    def flush(self, keys: Sequence[str]) -> None:
        """Do nothing: an object store keeps an object before it acknowledges it."""

    def tidy(self) -> None:
        """Do nothing: an object is there as a whole, or not at all."""

    def zarr_store(self, key: str, read_only: bool) -> ObjectStore[Any]:
        return ObjectStore(_open_prefix(f"{self._uri}/{key}"), read_only=read_only)

    def free_bytes(self) -> int | None:
        return None

    @contextmanager
    def _told(self, key: str) -> Iterator[None]:
        from obstore import exceptions

        try:
            yield
        except (exceptions.NotFoundError, FileNotFoundError):
            raise NotFoundError(f"there is no {key} in {self.uri}") from None
        except exceptions.AlreadyExistsError:
            raise AlreadyExistsError(f"{key} exists in {self.uri} and is never overwritten") from None
        except exceptions.BaseError as error:
            reason = str(error).partition("\n")[0]
            raise StorageError(
                f"{self.uri} did not answer as an object store should, for {key!r}: {reason}; check the bucket and the"
                " variables AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            ) from error

    @contextmanager
    def _bucket_exists(self) -> Iterator[None]:
        """Say of a document that cannot be written for want of its bucket that it is the bucket."""
        try:
            yield
        except FileNotFoundError:
            raise StorageError(f"there is no bucket for {self.uri}: create it first, or choose another") from None


def _open_prefix(uri: str) -> Any:
    try:
        from obstore.store import S3Store
    except ImportError as error:
        raise StorageError(
            f"{uri} is in an object store, but the package obstore is missing: pip install 'fesdist[s3]'"
        ) from error
    return S3Store.from_url(uri, retry_config={"max_retries": _MAX_RETRIES, "retry_timeout": _RETRY_TIMEOUT})
