"""A lock that a process holds by a file, and that ends with the process; some network disks refuse it."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

from filelock import FileLock, Timeout

from storage.blobs.disk import telling_disk_errors
from storage.errors import StorageError

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)


def held_lock(path: Path) -> FileLock | None:
    """Return the lock of the file `path`, held once; None where another process, or this one, holds it.

    Any thread may release it. Raises NoSpaceError and StorageError for a folder that takes no file, and for a disk that
    has no locks.
    """
    lock = FileLock(path, thread_local=False)
    try:
        with telling_disk_errors(str(path.parent)):
            _ask(path)
            lock.acquire(timeout=0)
    except Timeout:
        return None
    except (FileNotFoundError, NotADirectoryError) as error:
        raise StorageError(
            f"no file can be made at {path} ({error.strerror}); expected a place on a disk, below folders only"
        ) from error
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        raise StorageError(
            f"the disk of {path.parent} refuses locks ({error.strerror}), without which two"
            " runs would overwrite each other: choose a folder on a local disk, or have this one mounted with locks"
            " (NFS: start its lock service, or mount it with local_lock=flock if one machine alone writes there;"
            " Lustre: mount it with flock)"
        ) from error
    return lock


def _ask(path: Path) -> None:
    """Make a file, and give back a lock of it that nobody has; raises OSError where there are no files or no locks.

    There the library would try until its time is over, as if somebody else had the lock, or make do with files.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)
