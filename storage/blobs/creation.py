"""Documents that are written once, by one of many who try: whose it became, and the numbers that are taken."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from storage.blobs.location import Location
from storage.errors import AlreadyExistsError, NotFoundError, StorageError

NUMBERS_TRIED = 1000
"""How often somebody tries the next number before giving up; each attempt that fails is somebody else's success."""


def mark() -> str:
    """Return a random text that tells one document from all others of the same content."""
    return uuid.uuid4().hex


def created(location: Location, key: str, data: bytes) -> bool:
    """Create a document, and return whether it is there now with these bytes; False if it is somebody else's.

    An object store may have kept a document although its answer was lost: then a repeated request finds it taken.
    So `data` must hold a `mark`, by which one's own is recognised. Raises `StorageError` where nothing was kept.
    """
    try:
        location.create(key, data)
    except AlreadyExistsError:
        return _holds(location, key, data)
    except StorageError:
        if not _holds(location, key, data):
            raise
    return True


def _holds(location: Location, key: str, data: bytes) -> bool:
    """Return whether a document has these bytes; whoever created another one may have removed it since."""
    try:
        return location.read(key) == data
    except NotFoundError:
        return False


def numbers_in(names: Iterable[str], ending: str = ".json") -> list[int]:
    """Return the numbers of the documents among `names` that are called by a number and `ending`, ascending.

    >>> numbers_in(["10.json", "9.json", "9.deleted.json", "notes.json"])
    [9, 10]
    """
    stems = (name.removesuffix(ending) for name in names if name.endswith(ending))
    return sorted(int(stem) for stem in stems if stem.isdecimal())


def too_many(what: str) -> StorageError:
    """Return the error for `what` that found `NUMBERS_TRIED` numbers taken, one after the other."""
    return StorageError(
        f"{what} found {NUMBERS_TRIED} numbers taken, one after the other, by somebody else: run the same command again"
        " when fewer processes write here, and check that the store lists what was written"
    )
