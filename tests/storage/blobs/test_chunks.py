"""Chunks are read and written as Zarr would: the same bytes, the same values."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from zarr.codecs import BloscCodec

from storage.blobs.chunks import ChunkedArray, write_chunks
from storage.blobs.guard import GuardedStore
from storage.blobs.local import LocalLocation
from storage.errors import FormatError

SHAPE, CHUNKS = (11, 3, 50, 37), (4, 3, 16, 16)


def stored(folder: Path, *, packed: bool = True, dtype: str = "uint8") -> np.ndarray:
    values = np.random.default_rng(0).integers(0, 8, SHAPE).astype(dtype)
    compressors: Any = BloscCodec(cname="zstd", clevel=1, shuffle="bitshuffle") if packed else None
    group = zarr.open_group(str(folder), mode="w")
    array = group.create_array("x", shape=SHAPE, chunks=CHUNKS, dtype=dtype, compressors=compressors, fill_value=0)
    array[...] = values
    return values


def opened(folder: Path) -> ChunkedArray:
    store = GuardedStore(LocalLocation(folder), "", "a test", lambda facts: "")
    facts = store.facts("x")
    assert facts is not None
    return ChunkedArray(store, facts)


@pytest.mark.parametrize(("packed", "dtype"), [(True, "uint8"), (False, "uint8"), (True, "float64"), (False, "int32")])
def test_what_zarr_wrote_is_read(tmp_path: Path, packed: bool, dtype: str) -> None:
    values, array = stored(tmp_path, packed=packed, dtype=dtype), opened(tmp_path)
    assert (array.shape, array.chunks, array.dtype) == (SHAPE, CHUNKS, np.dtype(dtype))
    for region in [
        tuple(slice(0, length) for length in SHAPE),
        (slice(3, 5), slice(1, 2), slice(15, 33), slice(36, 37)),
        (slice(10, 11), slice(0, 3), slice(49, 50), slice(0, 37)),
    ]:
        assert np.array_equal(array.read(region), values[region])
    for places in ([0], [2, 3, 4, 5], [0, 3, 5, 10], [1, 2, 9]):
        found = array.read_at(np.array(places), (slice(0, 3), slice(10, 40), slice(0, 37)))
        assert np.array_equal(found, values[places][:, :, 10:40])


def test_a_chunk_is_read_once_whatever_is_wanted_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(tmp_path)
    read, counted = GuardedStore.checked, Counter[str]()

    def counting(store: GuardedStore, key: str) -> bytes | None:
        counted[key] += 1
        return read(store, key)

    array = opened(tmp_path)
    monkeypatch.setattr(GuardedStore, "checked", counting)
    array.read_at(np.array([0, 2, 3, 9]), (slice(0, 3), slice(0, 17), slice(4, 10)))
    assert counted == {f"x/c/{first}/0/{row}/0": 1 for first in (0, 2) for row in (0, 1)}


def test_chunks_that_are_lost_or_damaged_are_told_by_their_key(tmp_path: Path) -> None:
    stored(tmp_path)
    array, region = opened(tmp_path), tuple(slice(0, length) for length in SHAPE)

    def fault(key: str, error: RuntimeError | None) -> Exception:
        return FormatError(f"{key}: {'lost' if error is None else 'damaged'}")

    path = tmp_path / "x/c/1/0/2/1"
    whole = path.read_bytes()
    path.write_bytes(whole[:16] + b"\xff" * (len(whole) - 16))
    with pytest.raises(FormatError, match="x/c/1/0/2/1: damaged"):
        array.read(region, fault)
    path.unlink()
    with pytest.raises(FormatError, match="x/c/1/0/2/1: lost"):
        array.read(region, fault)
    assert not array.read(region)[4:8, :, 32:48, 16:32].any()  # without a fault, as Zarr reads it


@pytest.mark.parametrize("dtype", ["float64", "float32", "uint8"])
def test_what_is_written_is_what_zarr_would_write(tmp_path: Path, dtype: str) -> None:
    values = stored(tmp_path / "zarr", packed=False, dtype=dtype)
    stored(tmp_path / "own", packed=False, dtype=dtype)
    for path in (tmp_path / "own/x/c").rglob("*"):
        path.unlink() if path.is_file() else None
    location, array = LocalLocation(tmp_path), opened(tmp_path / "own")
    checksums = {}
    for first in range(0, 50, 16):
        region = (slice(0, 11), slice(0, 3), slice(first, min(first + 16, 50)), slice(0, 37))
        checksums.update(write_chunks(location, "own", array.whole_chunks(region, np.asfortranarray(values[region]))))
    files = {path.relative_to(tmp_path / "zarr").as_posix(): path for path in (tmp_path / "zarr/x/c").rglob("?*/?")}
    files = {key: path for key, path in files.items() if path.is_file()}
    assert checksums.keys() == files.keys()
    assert all((tmp_path / "own" / key).read_bytes() == path.read_bytes() for key, path in files.items())
