"""A lock that a process holds by a file, and that ends with the process; some network disks refuse it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from filelock import FileLock, Timeout

from storage.blobs.disk import telling_disk_errors
from storage.errors import StorageError

_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP)


def held_lock(path: Path) -> FileLock | None:
    """Return the lock of the file `path`, held once; None where another process, or this one, holds it.

    Any thread may release it. Raises NoSpaceError and StorageError for a folder that takes no file, and for a disk that
    has no locks.
    """
    lock = FileLock(path, thread_local=False)
    try:
        with telling_disk_errors(str(path.parent)):
            # Where no file can be, the lock would be tried until its time is over, as if somebody else had it.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o644))
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
            " (NFS: start its lock service, or mount it with local_lock=flock if one machine alone writes there)"
        ) from error
    return lock
