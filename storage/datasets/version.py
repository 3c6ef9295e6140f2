"""A published version: arrays that are checked as they are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import zarr
from numpy.typing import DTypeLike, NDArray

from storage.blobs.checksums import differing
from storage.blobs.chunks import ChunkedArray
from storage.blobs.guard import GuardedStore
from storage.blobs.location import Location
from storage.blobs.metadata import ArrayFacts
from storage.blobs.names import check_name
from storage.blobs.regions import Region, resolve_region
from storage.datasets.manifest import Manifest, read_checksums
from storage.errors import FormatError, NotFoundError

if TYPE_CHECKING:
    import xarray

LONGEST_SIDE = 256
"""Rows and columns of the largest chunk of pixels, as tiles are planned for small ones."""

_TRUSTED_BYTES = 1 << 24
"""Arrays and chunks of up to so many bytes may be of any shape."""


class WeightVersion:
    """One immutable version of a model; several threads may read it."""

    def __init__(self, location: Location, manifest: Manifest) -> None:
        self.manifest = manifest
        self._location = location
        self._arrays: dict[tuple[str, str], ChunkedArray] = {}

    @cached_property
    def checksums(self) -> dict[str, str]:
        """Return the checksum of every document of the version by its key below the data; raises `FormatError`."""
        return read_checksums(self._location, self.manifest)

    @cached_property
    def group(self) -> zarr.Group:
        """Return the Zarr group, read-only; what is read through it is checked too."""
        try:
            return self._guarded.open_group()
        except FileNotFoundError:
            raise FormatError(
                f"version {self.manifest.reference} has a manifest, but no data at {self._location.uri}/{self._folder}:"
                " they were moved or removed"
            ) from None

    @property
    def attributes(self) -> dict[str, Any]:
        """Return the root attributes: all that is needed to apply the weights."""
        return self.group.attrs.asdict()

    @property
    def input_expression(self) -> str:
        """Return the expression that the model starts from; raises `FormatError` where the version does not say."""
        if not isinstance(found := self.attributes.get("input_expression"), str):
            raise FormatError(f"version {self.manifest.reference} does not say which expression it starts from")
        return found

    @property
    def expressions(self) -> tuple[str, ...]:
        """Return the expressions; each is a group of the same arrays."""
        return self.manifest.expressions

    def read(
        self, group: str, array: str, region: Region | None = None, dtype: DTypeLike | None = None
    ) -> NDArray[Any]:
        """Return a region, or all, of an array, as `dtype`; each chunk is checked the first time that it is read.

        Raises `NotFoundError` for an unknown array, `MismatchError` for a region that does not fit, and
        `CorruptChunkError` naming the version and the chunk.
        """
        source = self._chunked(group, array)
        what = f"array {group}/{array} of {self.manifest.reference}"
        return source.read(resolve_region(region, source.shape, what), dtype=dtype)

    def facts(self, group: str, array: str) -> ArrayFacts:
        """Return what the metadata of an array promise; raises `NotFoundError`."""
        return self._chunked(group, array).facts

    def stored_bytes(self, group: str, array: str) -> int:
        """Return the bytes that an array takes in the store, its metadata included."""
        return self._location.size(f"{self._folder}/{check_name('expression', group)}/{check_name('array', array)}")

    def all_bytes(self) -> int:
        """Return the bytes that the version takes in the store, without its manifest and checksums."""
        return self._location.size(self._folder)

    def verify(self) -> list[str]:
        """Return the keys of all chunks and metadata that are missing or damaged; reads everything."""
        return differing(self._location, self._folder, self.checksums)

    def to_xarray(self) -> xarray.Dataset:
        """Return all arrays in memory, with `expression` as the first dimension and the coordinates of the group."""
        import xarray

        if not self.expressions:
            return xarray.Dataset(attrs=self.attributes)
        names = sorted(self._group(self.expressions[0]).array_keys())
        variables, coordinates = {}, {}
        for name in names:
            first = self._array(self.expressions[0], name)
            dims = tuple(cast(Sequence[str], first.metadata.to_dict()["dimension_names"]))
            if first.ndim == 1:
                coordinates[name] = (dims, self.read(self.expressions[0], name))
            else:
                stacked = np.stack([self.read(expression, name) for expression in self.expressions])
                variables[name] = (("expression", *dims), stacked, dict(first.attrs))
        return xarray.Dataset(
            variables, coords={"expression": list(self.expressions), **coordinates}, attrs=self.attributes
        )

    @property
    def _folder(self) -> str:
        return f"{self.manifest.name}/{self.manifest.data}"

    @cached_property
    def _guarded(self) -> GuardedStore:
        what = f"version {self.manifest.reference}"
        return GuardedStore(self._location, self._folder, what, self._fault, self.checksums)

    @cached_property
    def _chunks_of(self) -> Counter[str]:
        return Counter(key.partition("/c/")[0] for key in self.checksums if "/c/" in key)

    def _fault(self, facts: ArrayFacts) -> str:
        """Return what of an array does not fit the manifest, its checksums or what lies in the store, or ""."""
        n_checked = self._chunks_of[facts.key]
        if facts.packed:
            return "it is packed with Blosc; expected plain values"
        if facts.n_chunks != n_checked:
            return f"its shape {facts.shape} has {facts.n_chunks} chunks, but {n_checked} checksums; expected one each"
        if facts.dims[-2:] == ("row", "col"):
            if facts.shape[-2:] != self.manifest.image_shape:
                return f"its shape is {facts.shape}; expected {self.manifest.image_shape} rows and columns at the end"
            if max(facts.chunks[-2:]) > LONGEST_SIDE and facts.chunk_bytes > _TRUSTED_BYTES:
                return f"its chunks are {facts.chunks}; expected at most {LONGEST_SIDE} rows and columns"
        if facts.n_chunks * facts.chunk_bytes > _TRUSTED_BYTES:
            # What is asked for is allocated before its chunks are read.
            first = f"{self._folder}/{facts.key}/{'/'.join(('c', *('0' * len(facts.shape))))}"
            if (found := self._location.size(first)) != facts.chunk_bytes:
                return f"its first chunk has {found} bytes; expected {facts.chunk_bytes}"
        return ""

    def _group(self, name: str) -> zarr.Group:
        found = self.group.get(check_name("expression", name))
        if not isinstance(found, zarr.Group):
            known = ", ".join(sorted(self.group.group_keys()))
            raise NotFoundError(f"version {self.manifest.reference} has no group {name!r}; it has {known}")
        return found

    def _array(self, group: str, array: str) -> zarr.Array[Any]:
        arrays = self._group(group)
        found = arrays.get(check_name("array", array))
        if not isinstance(found, zarr.Array):
            known = ", ".join(sorted(arrays.array_keys()))
            raise NotFoundError(
                f"version {self.manifest.reference} has no array {group}/{array}; the group has {known}"
            )
        return found

    def _chunked(self, group: str, array: str) -> ChunkedArray:
        if (group, array) not in self._arrays:
            key = self._array(group, array).path
            facts = self._guarded.facts(key)
            if facts is None:  # which Zarr has just opened
                raise FormatError(f"version {self.manifest.reference} has lost {key} while it was opened")
            self._arrays[group, array] = ChunkedArray(self._guarded, facts)
        return self._arrays[group, array]
