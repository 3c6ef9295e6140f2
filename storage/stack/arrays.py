"""The arrays of a stack on disk, and the one write that commits what was put into them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import BloscCodec
from zarr.storage import LocalStore

from storage.blobs.disk import sync, sync_files
from storage.blobs.documents import decode, encode
from storage.blobs.names import RESERVED_ARRAYS
from storage.blobs.regions import chunk_keys, resolve_region
from storage.errors import FormatError
from storage.stack.format import ATTRIBUTE, DIMENSIONS, StackContents

_LABEL_CHUNK = 4096


class StackArrays:
    """Arrays that may hold more than was committed; only the holder of the stack's lock may use this."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._group = zarr.open_group(LocalStore(folder), mode="r+")

    @staticmethod
    def create(folder: Path, contents: StackContents) -> StackArrays:
        """Create a stack without samples in an empty or new folder."""
        zarr.create_group(LocalStore(folder), attributes={ATTRIBUTE: contents.to_document()})
        return StackArrays(folder)

    def resize(self, contents: StackContents) -> None:
        """Give every expression an array with room for all subjects; chunks that nobody writes take no space."""
        shape = (len(contents.subjects), *contents.spec.image_shape)
        stored = set(self._group.array_keys())
        for expression in contents.expressions:
            if expression not in stored:
                self._group.create_array(
                    expression,
                    shape=shape,
                    chunks=contents.spec.chunks(),
                    dtype=contents.spec.dtype,
                    compressors=BloscCodec(cname="zstd", clevel=1, shuffle="bitshuffle"),
                    fill_value=0,
                    dimension_names=DIMENSIONS,
                )
            elif self._array(expression).shape != shape:
                self._array(expression).resize(shape)
            sync_files([self._folder / expression / "zarr.json"])

    def write(self, expression: str, images: Mapping[int, NDArray[Any]]) -> None:
        """Write images (channel, row, col) by sample index, and have their chunks on the disk before returning."""
        array = self._array(expression)
        samples = sorted(images)
        array.oindex[np.array(samples)] = np.stack([images[sample] for sample in samples])
        firsts = sorted({sample - sample % array.chunks[0] for sample in samples})
        whole = resolve_region(None, array.shape[1:], expression)
        keys = [key for first in firsts for key in chunk_keys((slice(first, first + 1), *whole), array.chunks)]
        paths = [self._folder / expression / key for key in keys]
        sync_files(paths)

    def commit(self, contents: StackContents) -> None:
        """Write the labels, then replace the root document: the one instant that counts."""
        self._write_labels(contents)
        root = self._folder / "zarr.json"
        document = decode(root.read_bytes(), str(root))
        document["attributes"][ATTRIBUTE] = contents.to_document()
        self._pending.write_bytes(encode(document, f"stack {self._folder}"))
        sync(self._pending)
        self._pending.replace(root)
        sync(self._folder)

    def remove_uncommitted(self, contents: StackContents) -> None:
        """Remove what a killed or failed writer left: arrays, samples and half-written files never committed."""
        for leftover in (self._pending, *self._folder.rglob("*.partial")):
            leftover.unlink(missing_ok=True)
        for child in self._folder.iterdir():
            # Killed while it was created or removed, an array is a folder with chunks at most.
            if child.is_dir() and {part.name for part in child.iterdir()} <= {"c"}:
                if child.name in contents.expressions:
                    raise FormatError(
                        f"{child} holds images, but its zarr.json is missing: the stack was damaged; restore that file "
                        "from a copy, or ingest into a new stack"
                    )
                shutil.rmtree(child)
        for name in set(self._group.array_keys()) - {*contents.expressions, *RESERVED_ARRAYS}:
            del self._group[name]
        for expression in set(self._group.array_keys()) - set(RESERVED_ARRAYS):
            array = self._array(expression)
            n_samples = len(contents.subjects)
            if array.shape[0] > n_samples:
                # Zeros first: shrinking removes whole chunks only, and the next person must not inherit an image.
                array[n_samples:] = 0
                array.resize((n_samples, *array.shape[1:]))
        self._write_labels(contents)

    @property
    def _pending(self) -> Path:
        """Return the root document to be: beside the stack, as a file left over inside makes Zarr readers warn."""
        return self._folder.with_name(self._folder.name + ".commit")

    def _write_labels(self, contents: StackContents) -> None:
        """Write the arrays that label samples for other readers; the root attributes hold the truth."""
        labels = {
            "subject": np.array([s.id for s in contents.subjects], dtype=np.dtypes.StringDType()),
            "holdout": np.array([s.holdout for s in contents.subjects], dtype=bool),
        }
        stored = set(self._group.array_keys())
        for name, values in labels.items():
            if name not in stored:
                self._group.create_array(
                    name,
                    shape=values.shape,
                    chunks=(_LABEL_CHUNK,),
                    dtype=values.dtype,
                    dimension_names=DIMENSIONS[:1],
                )
            array = self._array(name)
            if array.shape != values.shape:
                array.resize(values.shape)
            if not np.array_equal(np.asarray(array[:]), values):
                array[:] = values

    def _array(self, name: str) -> zarr.Array[Any]:
        array = self._group[name]
        assert isinstance(array, zarr.Array)
        # A black image has chunks like any other, so that a chunk without a file is known to be lost.
        return array.with_config({"write_empty_chunks": True})
