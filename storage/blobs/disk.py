"""What a disk refuses, told in words."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.blobs.threads import each
from storage.errors import NoSpaceError, StorageError

SYNCS_AT_ONCE = 16

_FULL = (errno.ENOSPC, errno.EDQUOT)
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)
_NO_FOLDERS = (errno.EINVAL, errno.EBADF)
"""What disks say that sync files and no folders, as some that are shared with other systems."""


@contextmanager
def telling_disk_errors(where: str) -> Iterator[None]:
    """Turn a full disk or quota into `NoSpaceError` and missing permission into `StorageError`, naming `where`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise NoSpaceError(
                f"cannot write to {where}: {error.strerror}; what was complete is kept: free some space or choose"
                " another disk, then run the same command again"
            ) from error
        if error.errno in _REFUSED:
            raise StorageError(
                f"cannot write to {where}: {error.strerror}; choose a folder that you may write to"
            ) from error
        raise


@contextmanager
def naming(path: str) -> Iterator[None]:
    """Give an error of reading the file's name, which the system leaves out once it is open.

    Missing permission is a `StorageError`; whatever else keeps a disk from answering may pass, and stays an OSError.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _REFUSED:
            raise StorageError(
                f"cannot read {path}: {error.strerror}; this account needs permission to read it"
            ) from error
        error.filename = error.filename or path
        raise


ATTEMPTS = 20
"""How often something is done again that only somebody else's removal of an empty folder can have undone."""


def make_folder(path: Path) -> None:
    """Make a folder and those above it, if they are not there; raises `StorageError` where none can be."""
    for attempts_left in reversed(range(ATTEMPTS)):
        try:
            return path.mkdir(parents=True, exist_ok=True)
        except (FileNotFoundError, NotADirectoryError, FileExistsError) as error:
            # With nothing in the way, somebody has removed the folder, as an empty one, in the same instant.
            obstacle = _obstacle(path)
            if attempts_left and not obstacle:
                continue
            raise StorageError(
                f"no folder can be made at {path} ({obstacle or error.strerror}); expected a place on a disk, below "
                "folders only"
            ) from error


def _obstacle(path: Path) -> str:
    """Return what stands in the way of a folder, or ""."""
    for place in (path, *path.parents):
        if place.is_symlink() and not place.exists():
            return f"{place} is a link that leads nowhere"
        if place.exists() and not place.is_dir():
            return f"{place} is a file"
    return ""


def sync(path: Path) -> None:
    """Have a file's content, or a folder's entries as far as its disk can, on the disk before returning."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDERS or not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise
    finally:
        os.close(descriptor)


def sync_files(paths: list[Path]) -> None:
    """Have these files and their entries in their folders on the disk before returning.

    Many at a time: a journaling file system then commits them together.
    """
    each(sync, [*paths, *{path.parent for path in paths}], SYNCS_AT_ONCE)
