"""The arrays that label the samples of a stack for other readers: made from the truth, and compared with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numcodecs import zstd
from numpy.typing import NDArray
from zarr.abc.store import Store
from zarr.core.buffer import default_buffer_prototype
from zarr.core.sync import sync
from zarr.storage import MemoryStore

from storage.blobs.documents import decode
from storage.blobs.limits import LARGEST_DOCUMENT
from storage.blobs.location import Location
from storage.errors import FormatError, NotFoundError
from storage.stack.format import DIMENSIONS, Subject
from storage.stack.place import ROOT, read_contents, stack_location

_CHUNK = 4096
_MAGIC = b"\x28\xb5\x2f\xfd"

_OPTIONAL = ("attributes", "configuration", "storage_transformers")
"""Metadata that releases of Zarr write, or leave out, where there is nothing to say."""


class Labels:
    """The labels of a stack, of which its only writer knows what was found or written last.

    fesdist never reads them but to verify them. Other programs may read them at any time, and whoever is killed here
    leaves less than was there, so what is right is left alone.
    """

    def __init__(self, location: Location) -> None:
        self._location = location
        self._right: dict[str, NDArray[Any]] = {}

    def write(self, subjects: Sequence[Subject]) -> None:
        """Write the arrays `subject` and `holdout` anew where they are not as they should be."""
        for name, values in _labels(subjects).items():
            known = self._right.pop(name, None)
            if not (np.array_equal(known, values) if known is not None else not _faults(self._location, name, values)):
                self._location.delete(name)
                _write(self._location.zarr_store("", read_only=False), name, values)
            self._right[name] = values


def label_faults(path: str | Path) -> list[str]:
    """Return what is wrong with each file of the labels that is not as the truth says, "holdout/c/0, which ...".

    Raises `NotFoundError`, and `FormatError` for damaged or newer stacks.
    """
    location = stack_location(path)
    advice = (
        f"as the subjects in {location.uri}/{ROOT} say, which alone count for fesdist: ingest the same photographs"
        " again, which writes it anew"
    )
    return [
        f"{key}, which other programs read, is {how} {advice}"
        for name, values in _labels(read_contents(location).subjects).items()
        for key, how in _faults(location, name, values)
    ]


def _labels(subjects: Sequence[Subject]) -> dict[str, NDArray[Any]]:
    return {
        "subject": np.array([subject.id for subject in subjects], dtype=np.dtypes.StringDType()),
        "holdout": np.array([subject.holdout for subject in subjects], dtype=bool),
    }


def _write(store: Store, name: str, values: NDArray[Any]) -> None:
    array = zarr.create_array(
        store,
        name=name,
        shape=values.shape,
        chunks=(_CHUNK,),
        dtype=values.dtype,
        dimension_names=DIMENSIONS[:1],
        zarr_format=3,
        config={"write_empty_chunks": True},
    )
    # One after the other: of several, Zarr lets some go on after another has failed.
    for start in range(0, len(values), _CHUNK):
        array[start : start + _CHUNK] = values[start : start + _CHUNK]


def _faults(location: Location, name: str, values: NDArray[Any]) -> list[tuple[str, str]]:
    """Return the files of an array that differ from what would be written now, and how."""
    expected = MemoryStore()
    _write(expected, name, values)
    faults = []
    for key in (f"{name}/{ROOT}", *(f"{name}/c/{number}" for number in range(-(-len(values) // _CHUNK)))):
        own = sync(expected.get(key, default_buffer_prototype()))
        wanted = _values(key, own.to_bytes() if own is not None else b"", LARGEST_DOCUMENT)
        try:
            most = LARGEST_DOCUMENT if key.endswith(ROOT) else len(wanted)
            if _values(key, location.read(key, LARGEST_DOCUMENT), most) != wanted:
                faults.append((key, "not"))
        except (FormatError, RecursionError):
            faults.append((key, "not"))
        except NotFoundError:
            # Zarr reads a chunk that is not there as zeros, and earlier releases left such chunks out.
            if key.endswith(ROOT) or any(wanted):
                faults.append((key, "missing; expected it"))
    return faults


def _values(key: str, data: bytes, most: int) -> Any:
    """Return what a file says however it was written: of metadata all that matters, of a chunk its bytes unpacked."""
    if key.endswith(ROOT):
        return _without_empty(decode(dict[str, Any], data, key))
    if _promised(data) > most:
        raise FormatError(f"{key} promises more than {most} bytes")
    try:
        return zstd.decompress(data)
    except (RuntimeError, ValueError) as error:
        raise FormatError(f"{key} cannot be unpacked ({error})") from error


def _promised(data: bytes) -> int:
    """Return how many bytes a frame of Zstandard says that it unpacks to (RFC 8878, 3.1.1.1); what says none is none.

    Raises `FormatError`.
    """
    if data[:4] != _MAGIC or len(data) < 14:
        raise FormatError("this is no frame of Zstandard")
    of_size, single, of_dictionary = data[4] >> 6, data[4] >> 5 & 1, data[4] & 3
    start = 6 - single + (0, 1, 2, 4)[of_dictionary]
    length = (single, 2, 4, 8)[of_size]
    if not length:
        raise FormatError("this frame of Zstandard does not say what it unpacks to")
    return int.from_bytes(data[start : start + length], "little") + (256 if of_size == 1 else 0)


def _without_empty(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_empty(value) for key, value in node.items() if value or key not in _OPTIONAL}
    return [_without_empty(value) for value in node] if isinstance(node, list) else node
