"""Where a stack lies: a folder, whose lock and next root document lie beside it, or a prefix of a bucket."""

from __future__ import annotations

from pathlib import Path

from storage.blobs.limits import LARGEST_DOCUMENT
from storage.blobs.local import LocalLocation
from storage.blobs.location import Location, open_location
from storage.blobs.metadata import ArrayFacts, Rule
from storage.errors import NotFoundError
from storage.stack.format import DIMENSIONS, StackContents, StackSpec

ROOT = "zarr.json"
"""Key of the document that commits a stack."""

_MOST_SAMPLES = 1 << 24
_SHOWN = 3


def stack_location(path: str | Path) -> Location:
    """Return the location of a stack: a folder, or an address as `open_location` takes it."""
    location = open_location(str(path))
    if isinstance(location, LocalLocation):
        # A document that is being written inside a Zarr group makes other readers of it warn.
        return LocalLocation(location.uri, pending=f"{location.uri}.commit")
    return location


def read_contents(location: Location) -> StackContents:
    """Return what the root attributes of a stack commit; raises `NotFoundError` and `FormatError`."""
    return StackContents.decoded(read_root(location), location.uri)


def read_root(location: Location) -> bytes:
    """Return the document that commits a stack; raises `NotFoundError`, which tells what is there instead."""
    try:
        return location.read(ROOT, LARGEST_DOCUMENT)
    except NotFoundError:
        raise NotFoundError(_no_stack(location)) from None


def _no_stack(location: Location) -> str:
    expected = "expected the folder, or the prefix of a bucket, that `fesdist ingest` wrote to"
    if isinstance(location, LocalLocation) and Path(location.uri).is_file():
        return f"{location.uri} is a file, and no training stack; {expected}"
    if found := location.list(""):
        some = ", ".join(found[:_SHOWN]) + (", ..." if len(found) > _SHOWN else "")
        return f"{location.uri} is no training stack: it holds {some}; {expected}"
    return f"there is no training stack in {location.uri}: ingest photographs into it first"


def array_rule(spec: StackSpec, n_samples: int, most: int = _MOST_SAMPLES) -> Rule:
    """Return what an expression's array must be: of these images, `n_samples` of them to `most`, in chunks as ours."""

    def fault(facts: ArrayFacts) -> str:
        n_found, *image_shape = facts.shape
        if facts.dims != DIMENSIONS:
            return f"its dimensions are {facts.dims}; expected {DIMENSIONS}"
        if not (tuple(image_shape) == spec.image_shape and facts.dtype == spec.dtype and n_samples <= n_found <= most):
            return (
                f"it is {facts.shape} {facts.dtype}; expected from {n_samples} to {most} samples of {spec.image_shape}"
                f" {spec.dtype}"
            )
        if not (facts.packed and spec.may_have(facts.chunks)):
            return f"it has chunks of {facts.chunks}; expected Blosc and chunks of about {spec.chunks()}"
        return ""

    return fault
