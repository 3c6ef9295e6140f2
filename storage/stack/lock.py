"""One writer of a stack at a time: a lock beside its folder, or a lease beside its prefix in a bucket."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from storage.blobs.disk import make_folder, telling_disk_errors
from storage.blobs.lease import Lease
from storage.blobs.local import LocalLocation
from storage.blobs.location import Location
from storage.blobs.locks import held_lock
from storage.blobs.objects import ObjectLocation
from storage.errors import AlreadyExistsError, StorageError


class Lock(Protocol):
    """What the only writer holds."""

    def check(self) -> None:
        """Raise `StorageError` if it may be another's by now."""

    def release(self) -> None:
        """Let others write."""


@dataclass(frozen=True)
class _FolderLock:
    """A lock of the operating system, which nobody else has while the process lives."""

    held: FileLock

    def check(self) -> None:
        """Do nothing."""

    def release(self) -> None:
        self.held.release()


def locked(location: Location) -> Lock:
    """Return the held lock of a stack that is written; raises `StorageError` where another process holds it."""
    if isinstance(location, ObjectLocation):
        if location.uri.count("/") < 3:
            raise StorageError(
                f"{location.uri} is a whole bucket, and what tells that a stack is being written lies beside the stack:"
                f" expected a name in it, such as {location.uri}/stack.zarr"
            )
        return Lease(ObjectLocation(f"{location.uri}.lock"), f"the stack {location.uri}")
    with telling_disk_errors(location.uri):
        make_folder(Path(location.uri).parent)
    held = held_lock(Path(f"{location.uri}.lock"))
    if held is None:
        raise StorageError(
            f"another process is writing to the stack {location.uri}: wait until it has finished"
            " (a process that was killed holds no lock)"
        )
    return _FolderLock(held)


def was_locked(location: Location) -> bool:
    """Return whether somebody writes a stack here, or did; in a bucket nothing stays to tell."""
    return isinstance(location, ObjectLocation) or Path(f"{location.uri}.lock").exists()


def check_empty(location: Location) -> None:
    """Raise `AlreadyExistsError` if there is anything where a stack shall be created."""
    if isinstance(location, LocalLocation):
        folder = Path(location.uri)
        taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    else:
        taken = bool(location.list(""))
    if taken:
        raise AlreadyExistsError(
            f"{location.uri} is no empty folder, in which a stack could be created: choose another path (a stack that"
            " is there is opened, to append to it)"
        )
