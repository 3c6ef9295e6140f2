"""Zarr metadata as fesdist writes it: read here first, so that Zarr never meets a codec, type or grid of others."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from storage.blobs.documents import decode
from storage.errors import FormatError

CHUNK_BYTES = (1 << 31) - 1
"""The largest chunk that is read, unpacked; Blosc has the same limit."""

BLOSC_HEADER = 16

_Length = Annotated[int, Meta(ge=0, le=1 << 40)]
_ChunkLength = Annotated[int, Meta(ge=1, le=CHUNK_BYTES)]
_EXPECTED = (
    "expected Zarr format 3 with a regular grid of chunks, the types uint8, int32, int64, float32 or float64, and the"
    " codecs bytes, or bytes and blosc with zstd. It was not written by fesdist, or it was changed: do not use it"
)


@dataclass(frozen=True)
class ArrayFacts:
    """What the metadata of one array promise; nothing was allocated or unpacked yet."""

    key: str
    """Key of the array below the root of its group: "smiling/weights"."""
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: str
    dims: tuple[str, ...]
    packed: bool
    """Whether its chunks are packed with Blosc; otherwise a chunk is its values."""

    @property
    def chunk_bytes(self) -> int:
        """Return the bytes of a chunk's values."""
        return math.prod(self.chunks) * {"uint8": 1, "int32": 4, "float32": 4}.get(self.dtype, 8)

    @property
    def n_chunks(self) -> int:
        """Return the number of chunks that cover the shape."""
        return math.prod(-(-length // chunk) for length, chunk in zip(self.shape, self.chunks, strict=True))

    @property
    def most_stored(self) -> int:
        """Return the most bytes that a chunk can take in the store."""
        return self.chunk_bytes + (BLOSC_HEADER if self.packed else 0)

    def check_chunk(self, data: bytes, what: str) -> None:
        """Refuse a chunk that does not hold, or does not unpack to, `chunk_bytes`; raises `FormatError`."""
        found = len(data)
        if self.packed:
            # Blosc's header: nbytes, which is what will be allocated, and cbytes, little-endian, at 4 and at 12.
            whole = found >= BLOSC_HEADER and int.from_bytes(data[12:16], "little") == found
            found = int.from_bytes(data[4:8], "little") if whole else -1
        if found != self.chunk_bytes:
            size = "is cut off" if found < 0 else f"holds {found} bytes of values"
            raise FormatError(f"{what} {size}; expected {self.chunk_bytes}: it was damaged, or made to fill the memory")


Rule = Callable[[ArrayFacts], str]
"""What a kind of data expects of its arrays: returns what is wrong and what was expected, or ""."""


class _Grid(Struct, forbid_unknown_fields=True):
    class Shape(Struct, forbid_unknown_fields=True):
        chunk_shape: Annotated[tuple[_ChunkLength, ...], Meta(min_length=1, max_length=8)]

    name: Literal["regular"]
    configuration: Shape


class _Keys(Struct, forbid_unknown_fields=True):
    class Separator(Struct, forbid_unknown_fields=True):
        separator: Literal["/"] = "/"

    name: Literal["default"]
    configuration: Separator | UnsetType = UNSET


class _Bytes(Struct, forbid_unknown_fields=True, tag_field="name", tag="bytes"):
    class Endian(Struct, forbid_unknown_fields=True):
        endian: Literal["little"]

    configuration: Endian | UnsetType = UNSET


class _Blosc(Struct, forbid_unknown_fields=True, tag_field="name", tag="blosc"):
    class Settings(Struct, forbid_unknown_fields=True):
        cname: Literal["zstd"]
        clevel: Annotated[int, Meta(ge=0, le=9)]
        shuffle: Literal["noshuffle", "shuffle", "bitshuffle"]
        typesize: Literal[1, 4, 8]
        blocksize: _Length

    configuration: Settings


class _Array(Struct, forbid_unknown_fields=True, tag_field="node_type", tag="array"):
    zarr_format: Literal[3]
    shape: Annotated[tuple[_Length, ...], Meta(min_length=1, max_length=8)]
    data_type: Literal["uint8", "int32", "int64", "float32", "float64"]
    chunk_grid: _Grid
    chunk_key_encoding: _Keys
    fill_value: Annotated[float, Meta(ge=0, le=0)]
    codecs: Annotated[tuple[_Bytes | _Blosc, ...], Meta(min_length=1, max_length=2)]
    attributes: dict[str, Any] = {}
    dimension_names: tuple[str, ...] | None = None
    storage_transformers: Annotated[tuple[str, ...], Meta(max_length=0)] = ()


class _Group(Struct, forbid_unknown_fields=True, tag_field="node_type", tag="group"):
    zarr_format: Literal[3]
    attributes: dict[str, Any] = {}
    consolidated_metadata: None = None


def parse_node(data: bytes, key: str, what: str) -> ArrayFacts | None:
    """Return the facts of an array's `zarr.json`, or None for that of a group.

    `key` is the array's, below its root group. Raises `FormatError` naming `what` for all that fesdist never writes.
    """
    node: _Array | _Group = decode(_Array | _Group, data, what, _EXPECTED)  # type: ignore[arg-type]
    if isinstance(node, _Group):
        return None
    dims = node.dimension_names or ("",) * len(node.shape)
    facts = ArrayFacts(
        key, node.shape, node.chunk_grid.configuration.chunk_shape, node.data_type, dims, len(node.codecs) == 2
    )
    codecs = [type(codec) for codec in node.codecs]
    if codecs not in ([_Bytes], [_Bytes, _Blosc]):
        raise FormatError(f"{what} has its codecs in an order of its own; {_EXPECTED}")
    if not len(facts.shape) == len(facts.chunks) == len(dims):
        raise FormatError(f"{what} has the shape {facts.shape}, chunks {facts.chunks} and names {dims}; {_EXPECTED}")
    if facts.chunk_bytes > CHUNK_BYTES:
        raise FormatError(f"{what} has chunks of {facts.chunk_bytes} bytes; expected at most {CHUNK_BYTES}")
    return facts
