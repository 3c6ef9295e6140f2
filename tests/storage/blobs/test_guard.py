"""Zarr gets nothing that was not looked at, in whichever of its ways it reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import zarr
from zarr.core import codec_pipeline
from zarr.storage import LocalStore

from storage.blobs.checksums import checksum
from storage.blobs.guard import GuardedStore
from storage.blobs.local import LocalLocation
from storage.errors import CorruptChunkError

PIPELINES = ("BatchedCodecPipeline", "FusedCodecPipeline")
"""The second, of later releases, reads and writes without asyncio where a store can."""


@pytest.fixture(params=PIPELINES)
def pipeline(request: pytest.FixtureRequest) -> Iterator[None]:
    if not hasattr(codec_pipeline, request.param):
        pytest.skip(f"this release of Zarr has no {request.param}")
    with zarr.config.set({"codec_pipeline.path": f"zarr.core.codec_pipeline.{request.param}"}):
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a group with an array of four chunks."""
    group = zarr.create_group(LocalStore(tmp_path), zarr_format=3)
    array = group.create_array("a", shape=(4, 4), chunks=(2, 2), dtype="uint8", compressors=None)
    array[...] = np.arange(16, dtype=np.uint8).reshape(4, 4)
    return tmp_path


def _guarded(folder: Path, read_only: bool = True) -> GuardedStore:
    files = [file for file in folder.rglob("*") if file.is_file()]
    checksums = {file.relative_to(folder).as_posix(): checksum(file.read_bytes()) for file in files}
    known = checksums if read_only else None
    return GuardedStore(LocalLocation(folder), "", "a test", lambda facts: "", known, read_only)


@pytest.mark.usefixtures("pipeline")
def test_a_changed_chunk_is_refused(folder: Path) -> None:
    assert _guarded(folder).open_array("a")[...].tolist() == np.arange(16).reshape(4, 4).tolist()
    store = _guarded(folder)
    chunk = folder / "a" / "c" / "1" / "0"
    chunk.write_bytes(chunk.read_bytes()[:-1] + b"\xff")
    assert store.open_array("a")[:2].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    with pytest.raises(CorruptChunkError, match=r"a test: chunk a/c/1/0 does not match its checksum"):
        store.open_array("a")[...]


@pytest.mark.usefixtures("pipeline")
def test_nothing_is_written_once_it_was_stopped(folder: Path) -> None:
    store = _guarded(folder, read_only=False)
    array = store.open_array("a")
    array[0] = 9
    assert array[0].tolist() == [9] * 4
    store.stop()
    with pytest.raises(Exception, match="is not written, as an earlier write has failed"):
        array[0] = 7
    assert _guarded(folder).open_array("a")[0].tolist() == [9] * 4


def test_it_is_told_by_its_place(folder: Path) -> None:
    assert str(_guarded(folder)) == str(LocalLocation(folder).uri)
