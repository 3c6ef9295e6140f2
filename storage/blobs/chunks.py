"""An array's chunks straight from a location and into it: each is one document, and a few are under way at once.

Zarr reads and writes the same bytes; its pipeline costs several times what the bytes themselves cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise, product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from storage.blobs.checksums import checksum
from storage.blobs.direct import aligned_bytes
from storage.blobs.guard import GuardedStore
from storage.blobs.kept import KeptChunks
from storage.blobs.location import Location
from storage.blobs.metadata import ArrayFacts
from storage.blobs.regions import Region, chunk_keys
from storage.blobs.threads import each
from storage.blobs.unpacking import blocks_around, scratch, unpack

Fault = Callable[[str, RuntimeError | None], Exception]
"""Makes an error of the key of a chunk, and of what Blosc said of it; None if it is not there."""

_WRITTEN_BYTES = 1 << 25
"""What chunks may take that are being written, beside the values that they are made of; large and small ones each."""
_LEAST_AT_ONCE = 2

_Cut = tuple[int, slice | NDArray[np.int64], slice]
"""Along one dimension: the number of a chunk, what is wanted in it, and where that belongs in what is asked for."""


_Inside = tuple[slice | NDArray[np.int64], ...]


class _Part(NamedTuple):
    """What of one chunk belongs where."""

    coordinates: tuple[int, ...]
    inside: _Inside
    """Its place in the chunk."""
    outside: tuple[slice, ...]
    """Its place in the region."""


class ChunkedArray:
    """One array of a guarded store; every byte is checked there before it is unpacked here."""

    def __init__(self, store: GuardedStore, facts: ArrayFacts, kept: KeptChunks | None = None) -> None:
        self._store = store
        self.facts = facts
        self._kept = kept

    @property
    def shape(self) -> tuple[int, ...]:
        return self.facts.shape

    @property
    def chunks(self) -> tuple[int, ...]:
        return self.facts.chunks

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self.facts.dtype)

    def read(self, region: Region, fault: Fault | None = None, dtype: DTypeLike | None = None) -> NDArray[Any]:
        """Return the values of a region with explicit bounds; see `read_at`."""
        first, *others = region
        return self.read_at(np.arange(first.start, first.stop), tuple(others), fault, dtype)

    def read_at(
        self, places: NDArray[np.int64], region: Region, fault: Fault | None = None, dtype: DTypeLike | None = None
    ) -> NDArray[Any]:
        """Return the values at ascending `places` of the first dimension, and in `region` of the others, as `dtype`.

        Raises what `fault` says of a chunk that is missing or cannot be unpacked, and what the guarded store raises;
        without `fault`, a chunk that is not there is zeros.
        """
        shape = (len(places), *(part.stop - part.start for part in region))
        values = (np.empty if fault else np.zeros)(shape, dtype or self.dtype)
        whole = tuple(slice(0, length) for length in self.chunks)

        def fill(part: _Part) -> None:
            key = self.key(part.coordinates)
            if self._kept is None:
                found = self._stored(key, part.inside, fault)
            else:
                found = self._kept.part(key, part.inside, lambda: self._stored(key, whole, fault))
            if found is not None:
                values[part.outside] = found
            elif fault:
                raise fault(key, None)

        there, to_read = list[_Part](), list[_Part]()
        for part in self._parts(places, region):
            is_there = self._kept is not None and self.key(part.coordinates) in self._kept
            (there if is_there else to_read).append(part)
        each(fill, to_read, self._store.at_once)
        # Handing them to other threads would take longer.
        for part in there:
            fill(part)
        return values

    def whole_chunks(self, region: Region, values: NDArray[Any]) -> list[WholeChunk]:
        """Return the chunks that a region of whole chunks consists of; `values` has its shape."""
        first, *others = region
        parts = self._parts(np.arange(first.start, first.stop), tuple(others))
        return [WholeChunk(self, part, values) for part in parts]

    def key(self, coordinates: Iterable[int]) -> str:
        """Return the key of a chunk below the store: "smiling/weights/c/0/0/1"."""
        return "/".join((self.facts.key, "c", *map(str, coordinates)))

    def all_keys(self) -> list[str]:
        """Return the keys of all chunks below the store."""
        whole = tuple(slice(0, length) for length in self.shape)
        return [f"{self.facts.key}/{key}" for key in chunk_keys(whole, self.chunks)]

    def _parts(self, places: NDArray[np.int64], region: Region) -> Iterator[_Part]:
        cuts = [list(_picked(places, self.chunks[0]))]
        cuts += [list(_cut(part, chunk)) for part, chunk in zip(region, self.chunks[1:], strict=True)]
        for along in product(*cuts):
            numbers, inside, outside = zip(*along, strict=True)
            yield _Part(numbers, inside, outside)

    def _stored(self, key: str, inside: _Inside, fault: Fault | None) -> NDArray[Any] | None:
        """Return the values in a place of a chunk, or None where there is no such chunk.

        They are in memory of this thread that lasts until it asks for the next.
        """
        data = self._store.checked(key)
        if data is None:
            return None
        little, (places, *others) = self.dtype.newbyteorder("<"), inside
        if not self.facts.packed:
            return np.frombuffer(data, little).reshape(self.chunks)[inside]
        if isinstance(places, slice):
            first, stop, picked = places.start, places.stop, slice(None)
        else:
            first, stop, picked = int(places[0]), int(places[-1]) + 1, places - places[0]
        of_place = self.facts.chunk_bytes // self.chunks[0]
        packed, begin, end = blocks_around(data, first * of_place, stop * of_place)
        unpacked = scratch("chunk", end - begin)
        try:
            unpack(packed, unpacked)
        except RuntimeError as error:  # of Blosc, which does not know the file
            if fault is None:
                raise
            raise fault(key, error) from error
        wanted = unpacked[first * of_place - begin : stop * of_place - begin]
        values = wanted.view(little).reshape(stop - first, *self.chunks[1:])
        return values[(picked, *others)]


class WholeChunk(NamedTuple):
    """A chunk that is to be written, not packed."""

    array: ChunkedArray
    part: _Part
    values: NDArray[Any]
    """Of a whole region."""

    def contents(self) -> memoryview[int]:
        """Return its bytes, in memory of this thread that lasts until it asks for the next.

        Where the array ends within the chunk, zeros fill it up.
        """
        data = aligned_bytes(self.array.facts.chunk_bytes)
        chunk = data.view(self.array.dtype.newbyteorder("<")).reshape(self.array.chunks)
        values = self.values[self.part.outside]
        if values.shape != chunk.shape:
            chunk[...] = 0
        chunk[self.part.inside] = values
        return data.data


def write_chunks(location: Location, folder: str, chunks: Sequence[WholeChunk]) -> dict[str, str]:
    """Write chunks of any arrays below `folder`, and return the checksum of each by key; `flush` them after."""

    def put(chunk: WholeChunk) -> tuple[str, str]:
        key, data = chunk.array.key(chunk.part.coordinates), chunk.contents()
        location.put(f"{folder}/{key}", data)
        return key, checksum(data)

    large, small = list[WholeChunk](), list[WholeChunk]()
    for chunk in chunks:
        (large if chunk.array.facts.chunk_bytes * location.at_once > _WRITTEN_BYTES else small).append(chunk)
    # By other threads, as those that write large chunks are few, and each keeps memory for one.
    largest = max((chunk.array.facts.chunk_bytes for chunk in large), default=_WRITTEN_BYTES)
    of_large = max(_LEAST_AT_ONCE, _WRITTEN_BYTES // largest)
    return dict(each(put, large, of_large) + each(put, small, location.at_once))


def _cut(part: slice, chunk: int) -> Iterator[_Cut]:
    for number in range(part.start // chunk, -(-part.stop // chunk)):
        start, stop = max(part.start, number * chunk), min(part.stop, (number + 1) * chunk)
        inside = slice(start - number * chunk, stop - number * chunk)
        yield number, inside, slice(start - part.start, stop - part.start)


def _picked(places: NDArray[np.int64], chunk: int) -> Iterator[_Cut]:
    of_chunk = places // chunk
    starts = [0, *(np.flatnonzero(np.diff(of_chunk)) + 1).tolist(), len(places)]
    for start, stop in pairwise(starts):
        number = int(of_chunk[start])
        inside = places[start:stop] - number * chunk
        first, last = int(inside[0]), int(inside[-1])
        # Places that follow each other are read without a copy.
        yield number, slice(first, last + 1) if last - first == len(inside) - 1 else inside, slice(start, stop)
