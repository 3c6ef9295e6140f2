"""A full disk stops a whole run, unlike any other trouble with one file, so it is told apart everywhere."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fesdist.ground.errors import ImageError
from storage.errors import NoSpaceError


@contextmanager
def full_disk_told(path: Path) -> Iterator[None]:
    """Turn an error whose cause is a full disk or a used-up quota, while `path` is written, into NoSpaceError."""
    try:
        yield
    except (OSError, ImageError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        if not (isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT)):
            raise
        raise NoSpaceError(
            f"no space left to write {path}; what was written before is complete and stays. Make room and repeat "
            "the same command, which continues where it stopped, or choose a folder on another disk"
        ) from error
