"""Which models a store has, and errors for what it has not: they tell what is there instead."""

from __future__ import annotations

from pathlib import Path

from storage.blobs.local import LocalLocation
from storage.blobs.location import Location
from storage.blobs.names import is_name
from storage.datasets.keys import PARTS
from storage.datasets.manifest import taken_numbers, version_numbers
from storage.errors import AlreadyExistsError, FormatError, NotFoundError

_ZARR = "zarr.json"
_EXPECTED = "expected the folder, or the prefix of a bucket, that `fesdist train` wrote to"
_SHOWN = 3


def folders(location: Location) -> list[str]:
    """Return the folders of a store that may be a model's, sorted: whatever else is there is not ours."""
    return [name for name in location.list("") if is_name("model", name) and _is_folder(location, name)]


def published_models(location: Location) -> list[str]:
    """Return the models that have a version, sorted."""
    return [name for name in folders(location) if version_numbers(location, name)]


def is_model(location: Location, name: str) -> bool:
    """Return whether a folder is a model's: with versions, or what is left of them, or runs on their way."""
    return not set(PARTS).isdisjoint(location.list(name))


def check_store(location: Location) -> None:
    """Raise `NotFoundError` where no store is; an empty folder is one in which nothing was trained yet."""
    if any(is_model(location, name) for name in folders(location)):
        return
    found = location.list("")
    if _ZARR in found:
        raise NotFoundError(
            f"{location.uri} is no weight store: it holds a Zarr group, as training stacks do, of which `fesdist show"
            f" {location.uri}` tells; {_EXPECTED}"
        )
    if found:
        some = ", ".join(found[:_SHOWN]) + (", ..." if len(found) > _SHOWN else "")
        raise NotFoundError(f"{location.uri} is no weight store: it holds {some}, and no model; {_EXPECTED}")
    if not (isinstance(location, LocalLocation) and Path(location.uri).is_dir()):
        raise NotFoundError(f"there is no weight store in {location.uri}; {_EXPECTED}")


def check_may_be_store(location: Location) -> None:
    """Raise `AlreadyExistsError` where a Zarr group is, such as a training stack, in which models would be lost."""
    if location.exists(_ZARR):
        raise AlreadyExistsError(
            f"{location.uri} holds a Zarr group, as training stacks do; expected another place for weights, which is"
            " created if absent"
        )


def no_such_model(location: Location, name: str) -> NotFoundError:
    """Return the error for a model without a version, telling which ones there are; raises `check_store`'s."""
    check_store(location)
    known = ", ".join(published_models(location)) or "none"
    return NotFoundError(f"{location.uri} has no published model {name!r}; its models: {known}")


def no_such_version(location: Location, name: str, what: str) -> NotFoundError:
    """Return the error for a version that does not exist, telling which ones do, or that there is no such model."""
    numbers, gone = taken_numbers(location, name)
    if not (numbers or gone):
        return no_such_model(location, name)
    known = ", ".join(map(str, numbers)) or "none"
    deleted = f"; deleted: {', '.join(map(str, gone))}" if gone else ""
    return NotFoundError(f"{what} does not exist; versions of {name!r} in {location.uri}: {known}{deleted}")


def _is_folder(location: Location, name: str) -> bool:
    try:
        return not location.exists(name)
    except FormatError:
        return False
