"""Large documents written past the system's cache, which would copy each, and drive out what others read."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

_ALIGNED = mmap.PAGESIZE
"""Address and length that any disk takes."""

_LEAST = 1 << 20
"""Smaller documents wait longer for the disk than they take to copy, and the maps among them are soon read again."""

_NOT_SO = (errno.EINVAL, errno.EOPNOTSUPP)
"""What a file system says that takes no such length, or nothing of the kind."""

_DIRECT = getattr(os, "O_DIRECT", 0)

_kept = threading.local()


def aligned_bytes(n_bytes: int) -> NDArray[np.uint8]:
    """Return memory of this thread that `write_file` takes past the cache; it lasts until the thread asks again."""
    kept: NDArray[np.uint8] | None = getattr(_kept, "buffer", None)
    if kept is None or len(kept) < n_bytes:
        kept = _kept.buffer = np.frombuffer(mmap.mmap(-1, max(n_bytes, 1)), np.uint8)
    return kept[:n_bytes]


def write_file(path: Path, data: Buffer) -> None:
    """Write a new file, or over an old one; past the cache where memory, length and file system allow it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        left = memoryview(data).cast("B")
        direct = _may_be_direct(left) and _set_direct(descriptor, on=True)
        while left:
            try:
                left = left[os.write(descriptor, left) :]
            except OSError as error:
                if not direct or error.errno not in _NOT_SO:
                    raise
                direct = _set_direct(descriptor, on=False)
    finally:
        os.close(descriptor)


def _may_be_direct(data: memoryview[int]) -> bool:
    if not _DIRECT or len(data) < _LEAST or len(data) % _ALIGNED:
        return False
    return np.frombuffer(data, np.uint8).ctypes.data % _ALIGNED == 0


def _set_direct(descriptor: int, *, on: bool) -> bool:
    """Turn writing past the cache on or off, and return whether it is on: not every file system has it."""
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | _DIRECT if on else flags & ~_DIRECT)
    except OSError:
        return False
    return on
