"""Files that people asked for: written whole, or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from fesdist.ground.errors import BadParameterError


def write_whole(path: Path, data: bytes, what: str) -> None:
    """Write `data` to `path`, in one step and to the disk; missing folders are made.

    Raises BadParameterError, which begins with `what` is written, when that is impossible.
    """
    # Beside the target, as a rename is atomic within one file system only.
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise BadParameterError(
            f"{what} cannot be written to {path} ({error.strerror}); expected a writable folder with room"
        ) from error


def check_writable(folder: Path) -> None:
    """Raise BadParameterError for a folder that takes no file: hours of work must not end there."""
    if not os.access(folder.absolute(), os.W_OK):
        raise BadParameterError(f"no file can be written in {folder.absolute()}; give --out in a writable folder")
