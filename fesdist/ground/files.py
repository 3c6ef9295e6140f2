"""Files that people asked for: written whole, or not at all."""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from fesdist.ground.errors import BadParameterError

_LEFTOVER = re.compile(r"\.[0-9a-f]{16}\.partial")


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file to be written that appears under its name, in one step and on the disk, when the block ends well.

    Missing folders are made. What is no file but takes what is written, such as /dev/stdout, is written to as it is.
    Raises OSError; a reader, a crash or a full disk never leaves half a file there.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        with path.open("wb") as file:
            yield file
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, as a rename is atomic within one file system only; hidden, so that no folder scan takes it; and
    # of its own name, as the target's may be as long as the disk allows.
    partial = path.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left of files that they wrote in a folder; nobody may be writing there now."""
    for leftover in folder.glob(".*.partial"):
        if _LEFTOVER.fullmatch(leftover.name):
            leftover.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes, what: str) -> None:
    """Write `data` to `path` as `whole_file` does.

    Raises BadParameterError, which begins with `what` is written, when that is impossible.
    """
    try:
        with whole_file(path) as file:
            file.write(data)
    except OSError as error:
        raise BadParameterError(
            f"{what} cannot be written to {path} ({error.strerror}); expected a writable folder with room"
        ) from error


def check_writable(folder: Path) -> None:
    """Raise BadParameterError for a folder that takes no file: hours of work must not end there."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BadParameterError(
            f"no file can be written in {folder.absolute()} ({error.strerror}); choose a writable folder for it"
        ) from error


def check_replaceable(file: Path) -> None:
    """Raise BadParameterError where `whole_file` could not write a file, as `check_writable` does for its folder."""
    if file.is_dir():
        raise BadParameterError(f"{file} is a folder; give --out the name of a file, such as {file / 'NAME'}")
    if file.is_file() or not file.exists():
        check_writable(file.parent)
