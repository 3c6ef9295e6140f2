"""What a draft is created from: its arrays and attributes, and the Zarr metadata that describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import zarr
from numpy.typing import ArrayLike
from zarr.abc.buffer import Buffer
from zarr.storage import MemoryStore

from storage.blobs.documents import Document, decode, encode
from storage.blobs.names import check_name
from storage.errors import MismatchError


@dataclass(frozen=True)
class ArraySpec:
    """One array of a dataset; it has two dimensions or more, as those with one are coordinates."""

    name: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: str
    description: str = ""

    def __post_init__(self) -> None:
        check_name("array", self.name)
        if len(self.dims) < 2 or not len(self.dims) == len(self.shape) == len(self.chunks):
            raise MismatchError(
                f"array {self.name!r} has dims {self.dims}, shape {self.shape} and chunks {self.chunks};"
                " expected one length and one chunk length for each of two dimensions or more"
            )


@dataclass(frozen=True)
class DatasetSpec:
    """All arrays of a version, by group, and what is written beside them."""

    attributes: Mapping[str, Any]
    """Plain JSON, written to the root group: all that is needed to use the arrays."""
    groups: Mapping[str, tuple[ArraySpec, ...]]
    """The arrays of each group; a group is an expression."""
    coordinates: Mapping[str, tuple[str, ArrayLike]] = field(default_factory=dict)
    """Small one-dimensional integer arrays, (dimension, values) by name, written into every group."""


def skeleton(spec: DatasetSpec) -> Document:
    """Return the documents of an empty version, bytes by key: Zarr metadata and the chunks of the coordinates.

    The arrays have no compression and the fill value 0, so that a chunk is its values, little-endian, in C order.
    Raises `BadNameError` for a group, and `MismatchError` for attributes that are no JSON.
    """
    encode(dict(spec.attributes), "attributes of the dataset")
    documents: dict[str, Buffer] = {}
    root = zarr.create_group(MemoryStore(documents), attributes=dict(spec.attributes))
    for group_name, arrays in spec.groups.items():
        group = root.create_group(check_name("expression", group_name))
        for array in arrays:
            group.create_array(
                array.name,
                shape=array.shape,
                chunks=array.chunks,
                dtype=array.dtype,
                fill_value=0,
                compressors=None,
                filters=None,
                dimension_names=array.dims,
                attributes={"description": array.description},
            )
        for name, (dimension, values) in spec.coordinates.items():
            group.create_array(
                check_name("array", name),
                data=np.asarray(values),
                fill_value=0,
                compressors=None,
                filters=None,
                dimension_names=(dimension,),
                config={"write_empty_chunks": True},
            )
    return {key: buffer.to_bytes() for key, buffer in documents.items()}


def is_metadata(key: str) -> bool:
    """Return whether a document of a skeleton is Zarr metadata; the others are chunks."""
    return key.rpartition("/")[2] == "zarr.json"


def same_document(key: str, found: bytes, expected: bytes) -> bool:
    """Return whether a stored document of a skeleton is the expected one, however its JSON was laid out."""
    if is_metadata(key):
        return decode(Document, found, key) == decode(Document, expected, key)
    return found == expected
