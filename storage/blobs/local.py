"""A store in a folder: documents appear whole, and stay after a power failure."""

from __future__ import annotations

import errno
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from typing_extensions import Buffer
from zarr.storage import LocalStore

from storage.blobs.confined import ConfinedFolder
from storage.blobs.direct import write_file
from storage.blobs.disk import ATTEMPTS, make_folder, naming, sync, sync_files, telling_disk_errors
from storage.blobs.limits import LARGEST_READ
from storage.blobs.threads import AT_ONCE
from storage.errors import AlreadyExistsError, NotFoundError, StorageError

_PENDING = ".pending"
"""Folder for documents being written, at the root unless told otherwise: on the same disk, away from Zarr readers."""

_PARTIAL = ".partial"
"""Ending of a chunk that is being written, in its own folder, as Zarr calls its own."""

_ABANDONED_SECONDS = 3600
"""A document takes moments to be written: whoever was at it so long ago was killed."""

_IN_USE = (errno.ENOTEMPTY, errno.EEXIST, errno.EBUSY)
"""What a disk says of a folder with a new file, and one of a network of a file that somebody has open."""

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


class LocalLocation:
    """A folder on a local or shared disk; see `storage.blobs.location.Location`."""

    def __init__(self, path: str | Path, pending: str | Path | None = None) -> None:
        self._root = Path(path).expanduser().absolute()
        self._folder = ConfinedFolder(str(self._root))
        self._pending = self._root / _PENDING if pending is None else Path(pending).expanduser().absolute()

    @property
    def uri(self) -> str:
        return str(self._root)

    @property
    def at_once(self) -> int:
        return AT_ONCE

    def __reduce__(self) -> tuple[type[LocalLocation], tuple[str]]:
        return LocalLocation, (self.uri,)

    def read(self, key: str, most: int = LARGEST_READ) -> bytes:
        data = self._folder.read(key, most)
        if data is None:
            raise NotFoundError(f"there is no {key} in {self.uri}")
        return data

    def write(self, key: str, data: bytes) -> None:
        target = self._path(key)
        with self._written(target, data) as pending:
            pending.replace(target)
        sync(target.parent)

    def put(self, key: str, data: Buffer) -> None:
        target = self._path(key)
        pending = target.with_name(f"{target.name}.{uuid.uuid4().hex}{_PARTIAL}")
        with telling_disk_errors(self.uri):
            try:
                try:
                    write_file(pending, data)
                except (FileNotFoundError, NotADirectoryError):
                    make_folder(target.parent)
                    write_file(pending, data)
                pending.replace(target)
            except BaseException:
                with suppress(OSError):
                    pending.unlink()
                raise

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
        path = self._path(prefix)
        with suppress(FileNotFoundError, NotADirectoryError), naming(str(path)):
            return sorted(name for name in os.listdir(path) if not name.startswith("."))
        return []

    def size(self, key: str) -> int:
        path = self._path(key)
        if path.is_file():
            return path.stat().st_size
        return sum(_size_of_file(os.path.join(folder, name)) for folder, _, names in os.walk(path) for name in names)

    def delete(self, prefix: str) -> None:
        path = self._path(prefix)
        with telling_disk_errors(self.uri), suppress(FileNotFoundError, NotADirectoryError):
            if path.is_file():
                path.unlink()
            else:
                _remove_folder(path)

    def flush(self, keys: Sequence[str]) -> None:
        sync_files([self._path(key) for key in keys])

    def confine(self, key: str) -> None:
        self._path(key)

    def tidy(self, below: str = "") -> None:
        found = [*self._path(below).rglob(f"*{_PARTIAL}"), *self._pending.glob("*")]
        # What people have named may be a folder of such a name.
        leftovers = [file for file in found if not file.is_dir() and (not below or _abandoned(file))]
        # The first stacks had a file of this name.
        for leftover in (*leftovers, self._pending) if self._pending.is_file() else leftovers:
            leftover.unlink(missing_ok=True)
        with suppress(OSError):
            self._pending.rmdir()

    def zarr_store(self, key: str, read_only: bool) -> LocalStore:
        return LocalStore(self._path(key), read_only=read_only)

    def free_bytes(self) -> int | None:
        existing = next(folder for folder in (self._root, *self._root.parents) if folder.exists())
        usage = shutil.disk_usage(existing)
        return usage.free if usage.total else None  # such as /proc, where nothing can be stored at all

    def _path(self, key: str) -> Path:
        return Path(self._folder.path(key))

    @contextmanager
    def _written(self, target: Path, data: bytes) -> Iterator[Path]:
        """Write `data` to a file of its own, for the caller to put in place in the target's folder."""
        pending = self._pending / uuid.uuid4().hex
        with telling_disk_errors(self.uri):
            make_folder(pending.parent)
            try:
                _write_new(pending, data)
                sync(pending)
                make_folder(target.parent)
                yield pending
            finally:
                pending.unlink(missing_ok=True)
                if not self._pending.is_relative_to(self._root):
                    # Beside the folder it would be in somebody's way.
                    with suppress(OSError):
                        self._pending.rmdir()


def _write_new(file: Path, data: bytes) -> None:
    """Write a file into a folder that whoever finds it empty may remove."""
    for attempts_left in reversed(range(ATTEMPTS)):
        try:
            file.write_bytes(data)
            return
        except FileNotFoundError:
            if not attempts_left:
                raise
            make_folder(file.parent)


def _remove_folder(path: Path) -> None:
    """Remove a folder and all that is in it, also what others put there or remove from it meanwhile."""
    for attempts_left in reversed(range(ATTEMPTS)):
        try:
            return shutil.rmtree(path)
        except FileNotFoundError:
            if not path.exists():
                return
        except OSError as error:
            if error.errno not in _IN_USE:
                raise
            if not attempts_left:
                raise StorageError(
                    f"{path} cannot be removed, as somebody is using it ({error.strerror}): wait until nobody is, then"
                    " run the same command again"
                ) from error


def _abandoned(file: Path) -> bool:
    with suppress(FileNotFoundError):
        return time.time() - file.stat().st_mtime > _ABANDONED_SECONDS
    return False


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
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            except BaseException:
                target.unlink(missing_ok=True)
                raise


def _size_of_file(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0
