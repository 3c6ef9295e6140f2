"""Regions of arrays, one slice a dimension, and the chunks that a region covers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from storage.errors import MismatchError

Region = tuple[slice, ...]


def resolve_region(region: Region | None, shape: Sequence[int], what: str) -> Region:
    """Return `region` with explicit bounds, one slice for each length of `shape`; None is all of the array.

    Raises `MismatchError` naming `what` for a wrong number of slices, a step, an empty slice or one too long.

    >>> resolve_region((slice(None), slice(2, None)), (3, 5), "weights")
    (slice(0, 3, None), slice(2, 5, None))
    """
    if region is None:
        return tuple(slice(0, length) for length in shape)
    if len(region) != len(shape):
        raise MismatchError(f"{what}: {len(region)} slices were given for an array of shape {tuple(shape)}")
    return tuple(
        _resolve_slice(part, length, what, dimension)
        for dimension, (part, length) in enumerate(zip(region, shape, strict=True))
    )


def _resolve_slice(part: slice, length: int, what: str, dimension: int) -> slice:
    start = 0 if part.start is None else part.start
    stop = length if part.stop is None else part.stop
    if part.step not in (None, 1) or not 0 <= start < stop <= length:
        raise MismatchError(
            f"{what}: {part} of dimension {dimension}, which has the length {length};"
            " expected 0 <= start < stop <= length without a step"
        )
    return slice(int(start), int(stop))


def check_whole_chunks(region: Region, shape: Sequence[int], chunks: Sequence[int], what: str) -> None:
    """Refuse a region with parts of chunks: tasks that share a chunk lose each other's values without an error.

    `region` has explicit bounds; only the array's end may cut a chunk. Raises `MismatchError` naming `what`.

    >>> check_whole_chunks((slice(64, 100),), (100,), (64,), "weights")
    >>> check_whole_chunks((slice(0, 50),), (100,), (64,), "weights")
    Traceback (most recent call last):
    storage.errors.MismatchError: weights: 0:50 of dimension 0...; write whole chunks only
    """
    for dimension, (part, length, chunk) in enumerate(zip(region, shape, chunks, strict=True)):
        if part.start % chunk or (part.stop % chunk and part.stop != length):
            raise MismatchError(
                f"{what}: {part.start}:{part.stop} of dimension {dimension}, which has the length {length}, is not"
                f" a whole number of chunks of {chunk}; write whole chunks only"
            )


def chunk_keys(region: Region, chunks: Sequence[int]) -> Iterator[str]:
    """Yield the keys, below the array, of the chunks that `region` touches: "c/0/0/1", Zarr's default encoding.

    >>> list(chunk_keys((slice(0, 3), slice(64, 100)), (3, 64)))
    ['c/0/1']
    """
    counts = (range(part.start // chunk, -(-part.stop // chunk)) for part, chunk in zip(region, chunks, strict=True))
    for coordinates in product(*counts):
        yield "/".join(("c", *map(str, coordinates)))
