"""The files of a folder by keys, none of which leads out of it: others may have made that folder."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence

from storage.blobs.disk import naming
from storage.blobs.limits import check_size
from storage.errors import BadNameError, FormatError

_READING = os.O_RDONLY | os.O_NONBLOCK
"""A pipe in a file's place would else keep the reader waiting for ever."""

_NO_FILE = (errno.ENOENT, errno.ENOTDIR, errno.ENXIO)
"""Nothing is there, or something that cannot be read, as a socket."""

_MOST_FOLDERS = 4096
"""Remembered as looked at."""


class ConfinedFolder:
    """A folder, and what is below it; folders that are there are looked at once, as chunks are many in each.

    Every call of the system lets another thread have Python, which takes as long to come back as a chunk to be read.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self._entered: set[str] = set()

    def path(self, key: str) -> str:
        """Return the path of a key, "" for the folder itself, whether or not something is there.

        Raises `BadNameError` for a key that climbs, and `FormatError` for a link that leads out of the folder.
        """
        if not key:
            return self.root
        path = self._below(key)
        if os.path.islink(path):
            self._follow(path)
        return path

    def read(self, key: str, most: int) -> bytes | None:
        """Return what a file holds, or None where there is none; raises as `path` does, and of more than `most` bytes.

        What a disk refuses is told in words that name the file.
        """
        path = self._below(key)
        try:
            with naming(path):
                descriptor = self._open(path)
                try:
                    found = os.fstat(descriptor)
                    if not stat.S_ISREG(found.st_mode):
                        return None
                    check_size(path, found.st_size, most)
                    return _content(descriptor, found.st_size)
                finally:
                    os.close(descriptor)
        except OSError as error:
            if error.errno not in _NO_FILE:
                raise
            return None

    def _open(self, path: str) -> int:
        try:
            return os.open(path, _READING | os.O_NOFOLLOW)
        except OSError as error:
            if error.errno != errno.ELOOP:  # a link
                raise
        self._follow(path)
        return os.open(path, _READING)

    def _below(self, key: str) -> str:
        """Return the path of a key whose folders do not lead out; names were checked before, so others are mistakes."""
        parts = key.split("/")
        if any(part in ("", ".", "..") or "\0" in part or os.sep in part for part in parts):
            raise BadNameError(f"{key!r} is no key of a store: expected names joined by single slashes")
        self._enter(parts[:-1])
        return os.path.join(self.root, *parts)

    def _enter(self, folders: Sequence[str]) -> None:
        path = os.path.join(self.root, *folders)
        if path in self._entered:
            return
        whole, path = path, self.root
        for folder in folders:
            path = os.path.join(path, folder)
            try:
                found = os.lstat(path)
            except OSError:
                return  # Who makes it later, and how, is not known.
            if stat.S_ISLNK(found.st_mode):
                self._follow(path)
        if len(self._entered) >= _MOST_FOLDERS:
            self._entered.clear()
        self._entered.add(whole)

    def _follow(self, path: str) -> None:
        root, target = os.path.realpath(self.root), os.path.realpath(path)
        if os.path.commonpath((root, target)) != root:
            raise FormatError(
                f"{path} is a link to {target}, out of {self.root}; expected files of its own: put a copy in its place,"
                " or mount that folder there"
            )


def _content(descriptor: int, n_bytes: int) -> bytes:
    """Return what an open file of so many bytes holds; one call may return fewer of them."""
    data = os.read(descriptor, n_bytes)
    if len(data) == n_bytes:
        return data
    parts = [data]
    while part := os.read(descriptor, n_bytes):
        parts.append(part)
    return b"".join(parts)
