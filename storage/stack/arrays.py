"""The arrays of a stack, and the one write that commits what was put into them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import BloscCodec

from storage.blobs.chunks import ChunkedArray
from storage.blobs.guard import GuardedStore
from storage.blobs.location import Location
from storage.blobs.names import RESERVED_IN_STACKS
from storage.blobs.regions import chunk_keys, resolve_region
from storage.errors import FormatError
from storage.stack.format import DIMENSIONS, StackContents
from storage.stack.labels import Labels
from storage.stack.place import ROOT, array_rule

_OF_BLOSC = "blosc decompression"
"""What the text of its plain RuntimeError has."""


class StackArrays:
    """Arrays that may hold more than was committed; only the holder of the stack's lock may use this.

    What is written or asked for may share a chunk with others: each raises `FormatError` where that is damaged.
    """

    def __init__(self, location: Location, contents: StackContents) -> None:
        self._location = location
        self._spec = contents.spec
        self._labels = Labels(location)
        self._store = self._opened()

    @staticmethod
    def create(location: Location, contents: StackContents) -> StackArrays:
        """Create a stack without samples in an empty or new folder."""
        location.write(ROOT, contents.encoded())
        return StackArrays(location, contents)

    def resize(self, contents: StackContents) -> None:
        """Give every expression an array with room for all subjects; chunks that nobody writes take no space."""
        shape = (len(contents.subjects), *contents.spec.image_shape)
        for expression in contents.expressions:
            if not self._stored(expression):
                zarr.create_array(
                    self._store,
                    name=expression,
                    shape=shape,
                    chunks=contents.spec.chunks(contents.format_version),
                    dtype=contents.spec.dtype,
                    compressors=BloscCodec(cname="zstd", clevel=1, shuffle="bitshuffle"),
                    fill_value=0,
                    dimension_names=DIMENSIONS,
                    zarr_format=3,
                )
            elif self._array(expression).shape != shape:
                self._array(expression).resize(shape)
            self._location.flush([f"{expression}/{ROOT}"])

    def write(self, expression: str, images: Mapping[int, NDArray[Any]]) -> None:
        """Write images (channel, row, col) by sample index, and have their chunks on the disk before returning."""
        array = self._array(expression)
        samples = sorted(images)
        with self._telling_damage(expression):
            array.oindex[np.array(samples)] = np.stack([images[sample] for sample in samples])
        firsts = sorted({sample - sample % array.chunks[0] for sample in samples})
        whole = resolve_region(None, array.shape[1:], expression)
        keys = [key for first in firsts for key in chunk_keys((slice(first, first + 1), *whole), array.chunks)]
        self._location.flush([f"{expression}/{key}" for key in keys])

    def stop(self) -> None:
        """Have nothing written any more by what has failed: Zarr lets writes to further chunks go on."""
        self._store.stop()
        self._store = self._opened()

    def holds(self, expression: str, places: Collection[int]) -> bool:
        """Return whether anything but zeros is stored of an expression in these samples; reads them whole."""
        if not self._stored(expression) or (facts := self._store.facts(expression)) is None:
            return False
        whole = tuple(slice(0, length) for length in self._spec.image_shape)
        with self._telling_damage(expression):
            return bool(np.any(ChunkedArray(self._store, facts).read_at(np.array(sorted(places)), whole)))

    def commit(self, contents: StackContents) -> None:
        """Write the labels, then replace the root document: the one instant that counts."""
        self._labels.write(contents.subjects)
        self._location.write(ROOT, contents.encoded())

    def remove_uncommitted(self, contents: StackContents) -> None:
        """Remove what a killed or failed writer left: arrays, samples and half-written files never committed."""
        self._location.tidy()
        n_samples = len(contents.subjects)
        for name in self._location.list(""):
            folder = set(self._location.list(name))
            if name == ROOT or self._location.exists(name) or name in RESERVED_IN_STACKS:
                continue
            # Killed while it was created or removed, an array is a folder with chunks at most.
            if name in contents.expressions and ROOT not in folder:
                raise FormatError(
                    f"{self._location.uri}/{name} holds images, but its zarr.json is missing: the stack was damaged;"
                    " restore that file from a copy, or ingest into a new stack"
                )
            if folder <= {"c"} or (ROOT in folder and name not in contents.expressions):
                self._location.delete(name)
            elif ROOT in folder and (array := self._array(name)).shape[0] > n_samples:
                if array.shape[0] > n_samples + contents.spec.chunks()[0]:
                    raise FormatError(
                        f"{self._location.uri}/{name} has {array.shape[0]} samples; expected {n_samples}, and a batch"
                        " more if a writer was killed: the stack was damaged"
                    )
                # Zeros first: shrinking removes whole chunks only, and the next person must not inherit an image.
                with self._telling_damage(name):
                    array[n_samples:] = 0
                array.resize((n_samples, *array.shape[1:]))
        self._labels.write(contents.subjects)

    @contextmanager
    def _telling_damage(self, expression: str) -> Iterator[None]:
        """Have a chunk that cannot be unpacked told as when it is read, but that Zarr does not say which it is."""
        try:
            yield
        except RuntimeError as error:
            if _OF_BLOSC not in str(error):
                raise
            raise FormatError(
                f"a chunk of {expression!r} in {self._location.uri} cannot be unpacked ({error}): the stack was"
                " damaged; `fesdist verify` names the file: restore it from a copy, or ingest the photographs into a"
                " new stack"
            ) from error

    def _opened(self) -> GuardedStore:
        rule = array_rule(self._spec, 0)
        return GuardedStore(self._location, "", f"stack {self._location.uri}", rule, read_only=False)

    def _stored(self, expression: str) -> bool:
        return self._location.exists(f"{expression}/{ROOT}")

    def _array(self, name: str) -> zarr.Array[Any]:
        # A black image has chunks like any other, so that a chunk without a file is known to be lost.
        return self._store.open_array(name).with_config({"write_empty_chunks": True})
