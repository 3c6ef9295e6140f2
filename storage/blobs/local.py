"""A store in a folder: documents appear whole, and stay after a power failure."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from zarr.storage import LocalStore

from storage.blobs.disk import sync, sync_files, telling_disk_errors
from storage.errors import AlreadyExistsError, BadNameError, NotFoundError

_PENDING = ".pending"
"""Folder at the root for documents being written: on the same disk, and where no Zarr reader looks."""

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


class LocalLocation:
    """A folder on a local or shared disk; see `storage.blobs.location.Location`."""

    def __init__(self, path: str | Path) -> None:
        self._root = Path(path).expanduser().absolute()

    @property
    def uri(self) -> str:
        return str(self._root)

    def __reduce__(self) -> tuple[type[LocalLocation], tuple[str]]:
        return LocalLocation, (self.uri,)

    def read(self, key: str) -> bytes:
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise NotFoundError(f"there is no {key} in {self.uri}") from None

    def write(self, key: str, data: bytes) -> None:
        target = self._path(key)
        with self._written(target, data) as pending:
            pending.replace(target)
        sync(target.parent)

    def create(self, key: str, data: bytes) -> None:
        target = self._path(key)
        with self._written(target, data) as pending:
            try:
                _link(pending, target, data)
            except FileExistsError:
                raise AlreadyExistsError(f"{key} exists in {self.uri} and is never overwritten") from None
        sync(target.parent)

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def list(self, prefix: str) -> list[str]:
        try:
            return sorted(name for name in os.listdir(self._path(prefix)) if not name.startswith("."))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def size(self, key: str) -> int:
        path = self._path(key)
        if path.is_file():
            return path.stat().st_size
        return sum(_size_of_file(os.path.join(folder, name)) for folder, _, names in os.walk(path) for name in names)

    def delete(self, prefix: str) -> None:
        with telling_disk_errors(self.uri), suppress(FileNotFoundError):
            shutil.rmtree(self._path(prefix))

    def flush(self, keys: Sequence[str]) -> None:
        sync_files([self._path(key) for key in keys])

    def zarr_store(self, key: str, read_only: bool) -> LocalStore:
        return LocalStore(self._path(key), read_only=read_only)

    def free_bytes(self) -> int | None:
        existing = next(folder for folder in (self._root, *self._root.parents) if folder.exists())
        return shutil.disk_usage(existing).free

    def _path(self, key: str) -> Path:
        """Return the path of a key; names were checked before, so one that climbs is a mistake in this room."""
        if not key:
            return self._root
        parts = key.split("/")
        if any(part in ("", ".", "..") or "\0" in part or os.sep in part for part in parts):
            raise BadNameError(f"{key!r} is no key of a store: expected names joined by single slashes")
        return self._root.joinpath(*parts)

    @contextmanager
    def _written(self, target: Path, data: bytes) -> Iterator[Path]:
        """Write `data` to a file of its own, for the caller to put in place in the target's folder."""
        pending = self._root / _PENDING / uuid.uuid4().hex
        with telling_disk_errors(self.uri):
            pending.parent.mkdir(parents=True, exist_ok=True)
            try:
                pending.write_bytes(data)
                sync(pending)
                target.parent.mkdir(parents=True, exist_ok=True)
                yield pending
            finally:
                pending.unlink(missing_ok=True)


def _link(pending: Path, target: Path, data: bytes) -> None:
    """Give a finished file its name unless that is taken; raises `FileExistsError`."""
    try:
        os.link(pending, target)
    except FileExistsError:
        # A network file system may repeat a request whose answer was lost: then the file that exists is ours.
        if not os.path.samefile(pending, target):
            raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # Without hard links one writer still wins, but for a moment a reader may find half a document.
        with target.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())


def _size_of_file(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0
