"""A published version: arrays that are checked as they are read."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.abc.buffer import Buffer, BufferPrototype
from zarr.abc.store import ByteRequest, Store
from zarr.storage import WrapperStore

from storage.blobs.checksums import differing, sha256
from storage.blobs.location import Location
from storage.blobs.names import check_name
from storage.blobs.regions import Region, resolve_region
from storage.datasets.manifest import Manifest
from storage.errors import CorruptChunkError, FormatError, NotFoundError

if TYPE_CHECKING:
    import xarray


class WeightVersion:
    """One immutable version of a model; several threads may read it."""

    def __init__(self, location: Location, manifest: Manifest) -> None:
        self.manifest = manifest
        self._location = location
        self._arrays: dict[tuple[str, str], zarr.Array[Any]] = {}

    @cached_property
    def group(self) -> zarr.Group:
        """Return the Zarr group, read-only; what is read through it is checked too."""
        store = self._location.zarr_store(self._folder, read_only=True)
        checked = CheckedStore(store, self.manifest.checksums, f"version {self.manifest.reference}")
        try:
            return zarr.open_group(checked, mode="r")
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
        """Return the expression that the model starts from."""
        return str(self.attributes["input_expression"])

    @property
    def expressions(self) -> tuple[str, ...]:
        """Return the expressions; each is a group of the same arrays."""
        return self.manifest.expressions

    def read(self, group: str, array: str, region: Region | None = None) -> NDArray[Any]:
        """Return a region, or all, of an array; each chunk is checked the first time that it is read.

        Raises `NotFoundError` for an unknown array, `MismatchError` for a region that does not fit, and
        `CorruptChunkError` naming the version and the chunk.
        """
        source = self._array(group, array)
        values = source[resolve_region(region, source.shape, f"array {group}/{array} of {self.manifest.reference}")]
        return np.asarray(values)

    def stored_bytes(self, group: str, array: str) -> int:
        """Return the bytes that an array takes in the store, its metadata included."""
        return self._location.size(f"{self._folder}/{check_name('expression', group)}/{check_name('array', array)}")

    def verify(self) -> list[str]:
        """Return the keys of all chunks and metadata that are missing or damaged; reads everything."""
        return differing(self._location, self._folder, self.manifest.checksums)

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

    def _group(self, name: str) -> zarr.Group:
        found = self.group.get(check_name("expression", name))
        if not isinstance(found, zarr.Group):
            known = ", ".join(sorted(self.group.group_keys()))
            raise NotFoundError(f"version {self.manifest.reference} has no group {name!r}; it has {known}")
        return found

    def _array(self, group: str, array: str) -> zarr.Array[Any]:
        if (group, array) not in self._arrays:
            arrays = self._group(group)
            found = arrays.get(check_name("array", array))
            if not isinstance(found, zarr.Array):
                known = ", ".join(sorted(arrays.array_keys()))
                raise NotFoundError(
                    f"version {self.manifest.reference} has no array {group}/{array}; the group has {known}"
                )
            self._arrays[group, array] = found
        return self._arrays[group, array]


class CheckedStore(WrapperStore[Store]):
    """A read-only store that refuses bytes which are not those of the checksums; a missing chunk is no zeros."""

    def __init__(self, store: Store, checksums: Mapping[str, str], what: str) -> None:
        super().__init__(store)
        self._checksums = checksums
        self._what = what
        self._checked: set[str] = set()

    def _with_store(self, store: Store) -> CheckedStore:
        return CheckedStore(store, self._checksums, self._what)

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        if key in self._checksums and key not in self._checked:
            whole = await self._store.get(key, prototype)
            await asyncio.to_thread(self._check, key, whole)
            if byte_range is None:
                return whole
        return await self._store.get(key, prototype, byte_range)

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    def _check(self, key: str, buffer: Buffer | None) -> None:
        if buffer is None or sha256(buffer.as_buffer_like()) != self._checksums[key]:
            fault = "is missing" if buffer is None else "does not match its checksum"
            raise CorruptChunkError(
                f"{self._what}: chunk {key} {fault}; restore {self._store} from a copy, or use another version"
            )
        self._checked.add(key)
