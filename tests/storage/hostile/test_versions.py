"""Versions that were made to do harm, their manifests and checksums with them: each is refused by name."""

from __future__ import annotations

import hashlib
import json
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from storage.blobs.checksums import checksum
from storage.datasets.store import WeightStore
from storage.errors import CorruptChunkError, FormatError
from tests.drafts import create_draft
from tests.storage.conftest import WEIGHTS, publish

LARGEST = 50e6
"""Bytes that refusing may take."""


class Forged:
    """A version that whoever made it can change at will, all checksums made to fit."""

    def __init__(self, store: WeightStore) -> None:
        publish(store, "london", "job")
        self.store = store
        self.root = Path(store.uri) / "london"
        self.data = self.root / "data/job"
        self.checksums: dict[str, str] = dict(store.open("london").checksums)

    def change(self, key: str, **keys: Any) -> None:
        """Change keys of metadata."""
        self.put(key, json.dumps({**json.loads((self.data / key).read_text()), **keys}).encode())

    def put(self, key: str, data: bytes) -> None:
        """Put a document in place, with a checksum that fits."""
        (self.data / key).write_bytes(data)
        self.checksums[key] = checksum(data)
        self.seal(self.checksums)

    def seal(self, checksums: dict[str, str]) -> None:
        """Have the manifest name these checksums."""
        listed = json.dumps(checksums).encode()
        digest = hashlib.sha256(listed).hexdigest()
        (self.root / f"checksums/{digest}.json").write_bytes(listed)
        self.manifest(checksums_digest=digest)

    def manifest(self, **keys: Any) -> None:
        """Change keys of the manifest."""
        path = self.root / "versions/1.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **keys}))

    def refused(self, message: str) -> None:
        """Assert that reading and labelled reading refuse the version, in little memory."""
        tracemalloc.start()
        try:
            for call in (lambda version: version.read("sad", "weights"), lambda version: version.to_xarray()):
                with pytest.raises(FormatError, match=message):
                    call(self.store.open("london"))
            assert tracemalloc.get_traced_memory()[1] < LARGEST
        finally:
            tracemalloc.stop()


@pytest.fixture
def forged(store: WeightStore) -> Forged:
    return Forged(store)


def grid(*chunks: int) -> dict[str, Any]:
    return {"name": "regular", "configuration": {"chunk_shape": chunks}}


@pytest.mark.parametrize(
    "keys",
    [
        {"codecs": [{"name": "bytes", "configuration": {"endian": "big"}}]},
        {"codecs": [{"name": "bytes"}, {"name": "numcodecs.pickle", "configuration": {}}]},
        {"data_type": "object"},
        {"data_type": "float16"},
        {"zarr_format": 2},
        {"storage_transformers": [{"name": "x"}]},
        {"shape": [3, 3, 20]},
        {"shape": [], "chunk_grid": grid()},
        {"shape": [-1, 3, 20, 24]},
        {"chunk_grid": grid(3, 3, 0, 16)},
        {"chunk_grid": grid(1 << 30, 1 << 30, 16, 16)},
    ],
    ids=str,
)
def test_metadata_that_fesdist_never_writes_are_refused(forged: Forged, keys: dict[str, Any]) -> None:
    forged.change("sad/weights/zarr.json", **keys)
    forged.refused(r"version london@1: sad/weights/zarr\.json.*expected")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"shape": [3, 3, 20, 1 << 39]}, r"chunks, but 4 checksums; expected one each"),
        ({"shape": [3, 3, 16, 24]}, r"has 2 chunks, but 4 checksums"),
        ({"shape": [3, 3, 32, 32]}, r"its shape is .*; expected \(20, 24\) rows and columns at the end"),
        ({"shape": [300_000, 3, 20, 24], "chunk_grid": grid(300_000, 3, 16, 16)}, r"first chunk has \d+ bytes; expec"),
        ({"data_type": "float64", "fill_value": 0.0}, r"holds 9216 bytes of values; expected 18432"),
        ({"shape": [3, 300, 20, 24], "chunk_grid": grid(3, 300, 16, 16)}, r"holds 9216 bytes of values; expected"),
    ],
    ids=str,
)
def test_arrays_that_do_not_fit_what_is_stored_are_refused(forged: Forged, keys: dict[str, Any], message: str) -> None:
    forged.change("sad/weights/zarr.json", **keys)
    forged.refused(message)


def test_packed_chunks_are_refused(forged: Forged) -> None:
    settings = {"cname": "zstd", "clevel": 1, "shuffle": "shuffle", "typesize": 4, "blocksize": 0}
    codecs = [
        {"name": "bytes", "configuration": {"endian": "little"}},
        {"name": "blosc", "configuration": settings},
    ]
    forged.change("sad/weights/zarr.json", codecs=codecs)
    forged.refused("it is packed with Blosc; expected plain values")


def test_metadata_inside_the_root_are_refused(forged: Forged) -> None:
    forged.change("zarr.json", consolidated_metadata={"kind": "inline", "must_understand": False, "metadata": {}})
    forged.refused(r"zarr\.json: Expected `null`, got `object`")


def test_a_version_without_checksums_is_not_read(forged: Forged) -> None:
    forged.seal({})
    forged.refused("checksums of version london@1 in .* are missing; expected one for every chunk")


@pytest.mark.parametrize("version", [1, 2])
def test_a_manifest_without_checksums_is_not_read(forged: Forged, version: int) -> None:
    forged.manifest(checksums_digest="", format_version=version)
    forged.refused("checksums of version london@1 in .* are missing; expected one for every chunk")
    forged.manifest(checksums={})
    forged.refused("checksums of version london@1 in .* are missing; expected one for every chunk")


def test_checksums_that_were_changed_are_refused(forged: Forged) -> None:
    (document,) = (forged.root / "checksums").glob("*.json")
    document.write_text(json.dumps(dict.fromkeys(forged.checksums, "0" * 64)))
    forged.refused("checksums of version london@1 .* do not match the manifest")
    document.unlink()
    forged.refused("checksums of version london@1 .* are missing")


def test_what_has_no_checksum_is_not_read(forged: Forged) -> None:
    chunk = {key: value for key, value in forged.checksums.items() if key != "sad/weights/c/0/0/1/1"}
    forged.seal(chunk)
    forged.refused("has 4 chunks, but 3 checksums")
    forged.seal({**chunk, "sad/weights/c/0/0/7/7": "0" * 64})
    with pytest.raises(CorruptChunkError, match="chunk sad/weights/c/0/0/1/1 has no checksum"):
        forged.store.open("london").read("sad", "weights")


def test_metadata_of_zarr_2_are_not_looked_at(forged: Forged) -> None:
    shutil.rmtree(forged.data / "sad/status")
    (forged.data / "sad/status").mkdir()
    (forged.data / "sad/status/.zarray").write_text('{"zarr_format": 2, "dtype": "|O"}')
    with pytest.raises(CorruptChunkError, match=r"sad/status/zarr\.json is missing"):
        forged.store.open("london").read("sad", "status")


def test_links_out_of_the_store_are_refused(forged: Forged, tmp_path: Path) -> None:
    shutil.move(forged.data, tmp_path / "elsewhere")
    forged.data.symlink_to(tmp_path / "elsewhere")
    forged.refused(r"data/job is a link to .*/elsewhere, out of .*/weights; expected files of its own")
    with pytest.raises(FormatError, match="is a link to"):
        forged.store.open("london").verify()


def test_a_draft_is_not_written_through_a_link(store: WeightStore, tmp_path: Path) -> None:
    draft = create_draft(store, "london", "job", WEIGHTS, {})
    (tmp_path / "elsewhere").mkdir()
    folder = Path(store.uri) / "london/data/job/sad/status/c"
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FormatError, match="is a link to"):
        draft.write("sad", "status", (slice(None),) * 3, draft.read("sad", "status"))
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"data": "../../elsewhere"}, r"the data of a version are at '\.\./\.\./elsewhere'; expected data/<draft id>"),
        ({"data": "data/../../elsewhere"}, "draft name .* cannot be used"),
        ({"checksums_digest": "../../x"}, "checksums name .* cannot be used"),
        ({"expressions": ["../x"]}, "expression name .* cannot be used"),
        ({"name": "paris"}, "is the manifest of paris@1: it was put in another's place"),
        ({"image_shape": [20]}, "image_shape"),
        ({"model": []}, "Expected `object`, got `array`"),
    ],
    ids=str,
)
def test_manifests_lead_nowhere_else(forged: Forged, keys: dict[str, Any], message: str) -> None:
    forged.manifest(**keys)
    forged.refused(message)
