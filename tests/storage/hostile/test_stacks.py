"""Stacks that were made to do harm: none runs anything, none fills the memory, each is refused by name."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import pytest

from storage.errors import FormatError
from storage.stack.reading import TrainingStack
from storage.stack.writer import StackWriter
from tests.storage.conftest import person

ALL = (slice(0, 20), slice(0, 24))
LARGEST = 50e6
"""Bytes that refusing may take."""


class Payload:
    """What a pickle runs when it is read: it leaves a file."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self._trace),)


def change(stack: Path, name: str, **keys: Any) -> None:
    """Change keys of an array's metadata."""
    path = stack / name / "zarr.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **keys}))


def refused(stack: Path, message: str) -> None:
    """Assert that reading, appending and labelled reading all refuse the stack, in little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match=message):
            TrainingStack.open(stack).read("smiling", [0], *ALL)
        with pytest.raises(FormatError, match=message):
            TrainingStack.open(stack).to_xarray()["smiling"].to_numpy()
        assert tracemalloc.get_traced_memory()[1] < LARGEST
    finally:
        tracemalloc.stop()


CODECS: list[Any] = [
    [{"name": "bytes"}, {"name": "numcodecs.pickle", "configuration": {}}],
    [{"name": "bytes"}, {"name": "gzip", "configuration": {"level": 5}}],
    [{"name": "bytes"}, {"name": "zstd", "configuration": {"level": 0, "checksum": False}}],
    [{"name": "vlen-bytes"}],
    [{"name": "sharding_indexed", "configuration": {}}],
    [{"name": "bytes"}, {"name": "bytes"}],
    [{"name": "bytes", "configuration": None}],
    [],
]


@pytest.mark.parametrize(
    "keys",
    [
        *({"codecs": codecs} for codecs in CODECS),
        {"data_type": "object"},
        {"data_type": "string"},
        {"data_type": {"name": "numpy.datetime64", "configuration": {}}},
        {"zarr_format": 2},
        {"chunk_grid": {"name": "rectilinear", "configuration": {"chunk_shapes": [[1]]}}},
        {"chunk_key_encoding": {"name": "v2", "configuration": {"separator": "."}}},
        {"chunk_key_encoding": {"name": "default", "configuration": None}},
        {"storage_transformers": [{"name": "indirection"}]},
        {"fill_value": 7},
        {"shape": [1 << 62, 3, 20, 24]},
        {"must_understand": True},
    ],
    ids=str,
)
def test_metadata_that_fesdist_never_writes_are_refused(stack_path: Path, keys: dict[str, Any]) -> None:
    change(stack_path, "smiling", **keys)
    refused(stack_path, r"stack .*: smiling/zarr\.json: .*expected|stack .*: smiling/zarr\.json has .*expected")
    with pytest.raises(FormatError, match=r"smiling/zarr\.json"):
        StackWriter.open(stack_path)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"data_type": "int64"}, r"\(10, 3, 20, 24\) int64; expected from 10 to \d+ samples of \(3, 20, 24\) uint8"),
        ({"shape": [10, 3, 20000, 24]}, r"\(10, 3, 20000, 24\) uint8; expected"),
        ({"shape": [1 << 39, 3, 20, 24]}, r"\(549755813888, 3, 20, 24\) uint8; expected from 10 to"),
        ({"shape": [9, 3, 20, 24]}, r"\(9, 3, 20, 24\) uint8; expected from 10 to"),
        (
            {"dimension_names": ["../..", "channel", "row", "col"]},
            r"its dimensions are \('\.\./\.\.', .*expected \('sample',",
        ),
        ({"dimension_names": None}, r"its dimensions are \('', .*expected \('sample',"),
    ],
    ids=str,
)
def test_arrays_that_do_not_fit_the_table_are_refused(stack_path: Path, keys: dict[str, Any], message: str) -> None:
    change(stack_path, "smiling", **keys)
    refused(stack_path, message)


@pytest.mark.parametrize("chunks", [[1 << 20, 3, 64, 64], [512, 3, 20, 12], [1024, 3, 20, 24], [512, 1, 20, 24]])
def test_chunks_that_fesdist_never_makes_are_refused(stack_path: Path, chunks: list[int]) -> None:
    grid = {"name": "regular", "configuration": {"chunk_shape": chunks}}
    change(stack_path, "smiling", chunk_grid=grid)
    refused(stack_path, r"has chunks of .*; expected (Blosc and chunks of about \(512, 3, 20, 24\)|at most)")


def test_a_pickle_of_zarr_2_is_never_read(stack_path: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    shutil.rmtree(stack_path / "smiling")
    (stack_path / "smiling").mkdir()
    metadata = {
        "zarr_format": 2,
        "shape": [10, 3, 20, 24],
        "chunks": [512, 3, 20, 24],
        "dtype": "|O",
        "fill_value": 0,
        "order": "C",
        "filters": [{"id": "vlen-utf8"}],
        "compressor": {"id": "pickle", "protocol": 4},
    }
    (stack_path / "smiling/.zarray").write_text(json.dumps(metadata))
    (stack_path / "smiling/0.0.0.0").write_bytes(pickle.dumps(Payload(trace)))
    with pytest.raises(FormatError, match=r"smiling/zarr\.json is missing, \.zarray of Zarr format 2 is in its place"):
        TrainingStack.open(stack_path).read("smiling", [0], *ALL)
    TrainingStack.open(stack_path).to_xarray()
    with pytest.raises(FormatError):
        StackWriter.open(stack_path)
    assert not trace.exists()


def test_metadata_of_zarr_2_beside_those_of_zarr_3_are_not_looked_at(stack_path: Path) -> None:
    for folder in (stack_path, stack_path / "smiling"):
        for name in (".zarray", ".zgroup", ".zattrs", ".zmetadata"):
            (folder / name).write_text('{"zarr_format": 2, "dtype": "|O", "compressor": {"id": "pickle"}}')
    stack = TrainingStack.open(stack_path)
    np.testing.assert_array_equal(stack.read("smiling", [0], *ALL)[0], person(0, "smiling").images["smiling"])
    assert stack.to_xarray()["smiling"].shape == (10, 3, 20, 24)


def test_labels_are_replaced_and_never_read(stack_path: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    change(stack_path, "subject", codecs=[{"name": "vlen-utf8"}, {"name": "numcodecs.pickle", "configuration": {}}])
    (stack_path / "subject/c/0").write_bytes(pickle.dumps(Payload(trace)))
    TrainingStack.open(stack_path).to_xarray()
    with StackWriter.open(stack_path) as writer:
        writer.append([person(30, "neutral")])
    assert not trace.exists()
    assert "pickle" not in (stack_path / "subject/zarr.json").read_text()


def test_metadata_inside_the_root_are_refused(stack_path: Path) -> None:
    root = json.loads((stack_path / "zarr.json").read_text())
    hidden = json.loads((stack_path / "smiling/zarr.json").read_text())
    root["consolidated_metadata"] = {"kind": "inline", "must_understand": False, "metadata": {"smiling": hidden}}
    (stack_path / "zarr.json").write_text(json.dumps(root))
    with pytest.raises(
        FormatError, match=r"zarr\.json: Expected `null`, got `object` - at `\$\.consolidated_metadata`"
    ):
        TrainingStack.open(stack_path).to_xarray()


@pytest.mark.parametrize("n_bytes", [4_400_000_000, 1, 0])
def test_a_chunk_that_unpacks_to_another_size_is_refused_before(stack_path: Path, n_bytes: int) -> None:
    chunk = stack_path / "smiling/c/0/0/0/0"
    data = bytearray(chunk.read_bytes())
    data[4:8] = (n_bytes % (1 << 32)).to_bytes(4, "little")
    chunk.write_bytes(data)
    refused(stack_path, r"chunk smiling/c/0/0/0/0 holds \d+ bytes of values; expected 737280")


def test_a_bomb_is_refused_before_it_is_unpacked(stack_path: Path) -> None:
    zeros = numcodecs.Blosc(cname="zstd", clevel=9).encode(np.zeros(600_000_000, np.uint8))
    assert len(zeros) < 5_000_000
    (stack_path / "smiling/c/0/0/0/0").write_bytes(zeros)
    refused(stack_path, r"holds \d+ bytes|has \d+ bytes; expected at most 737296")


def test_a_chunk_of_many_bytes_is_not_read(stack_path: Path) -> None:
    with (stack_path / "smiling/c/0/0/0/0").open("wb") as file:
        file.truncate(1 << 34)
    refused(stack_path, r"smiling/c/0/0/0/0 has 17179869184 bytes; expected at most 737296")


@pytest.mark.parametrize(
    "cut", [lambda data: data[:10], lambda data: data[:-1], lambda data: data[:16] + bytes(len(data) - 16)]
)
def test_a_damaged_chunk_is_told_with_its_array(stack_path: Path, cut: Callable[[bytes], bytes]) -> None:
    chunk = stack_path / "smiling/c/0/0/0/0"
    chunk.write_bytes(cut(chunk.read_bytes()))
    with pytest.raises(FormatError, match=r"chunk smiling/c/0/0/0/0 (is cut off|of .* cannot be unpacked)"):
        TrainingStack.open(stack_path).read("smiling", [0], *ALL)


def test_links_out_of_the_stack_are_refused(stack_path: Path, tmp_path: Path) -> None:
    shutil.move(stack_path / "smiling", tmp_path / "elsewhere")
    (stack_path / "smiling").symlink_to(tmp_path / "elsewhere")
    message = r"smiling is a link to .*/elsewhere, out of .*/faces; expected files of its own"
    with pytest.raises(FormatError, match=message):
        TrainingStack.open(stack_path).read("smiling", [0], *ALL)
    with pytest.raises(FormatError, match=message):
        TrainingStack.open(stack_path).to_xarray()
    with pytest.raises(FormatError, match=message):
        StackWriter.open(stack_path)


def test_a_chunk_that_is_a_link_is_refused(stack_path: Path, tmp_path: Path) -> None:
    chunk = stack_path / "smiling/c/0/0/0/0"
    shutil.move(chunk, tmp_path / "secret")
    chunk.symlink_to(tmp_path / "secret")
    with pytest.raises(FormatError, match=r"0 is a link to .*/secret, out of"):
        TrainingStack.open(stack_path).read("smiling", [0], *ALL)


def test_a_pipe_in_place_of_a_chunk_keeps_nobody_waiting(stack_path: Path) -> None:
    chunk = stack_path / "smiling/c/0/0/0/0"
    chunk.unlink()
    os.mkfifo(chunk)
    with pytest.raises(FormatError, match="is missing"):
        TrainingStack.open(stack_path).read("smiling", [0], *ALL)


def test_a_link_to_the_stack_itself_is_followed(stack_path: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(stack_path)
    assert len(TrainingStack.open(tmp_path / "link").read("smiling", [0], *ALL)) == 1


@pytest.mark.parametrize(
    "root",
    [
        b"[" * 1_000_000,
        b'{"attributes":' * 100_000,
        b"\xff\xfe",
        b'{"attributes": {"fesdist_stack": "x"}}',
        b'{"attributes": {"fesdist_stack": {"format": "fesdist-stack", "format_version": 1, "spec": 3}}}',
    ],
    ids=["nested", "objects", "bytes", "text", "number"],
)
def test_other_roots_are_refused(stack_path: Path, root: bytes) -> None:
    (stack_path / "zarr.json").write_bytes(root)
    with pytest.raises(FormatError):
        TrainingStack.open(stack_path)


def test_expressions_are_no_paths(stack_path: Path) -> None:
    root = json.loads((stack_path / "zarr.json").read_text())
    root["attributes"]["fesdist_stack"]["subjects"][0]["digests"]["../elsewhere"] = "0" * 64
    (stack_path / "zarr.json").write_text(json.dumps(root))
    with pytest.raises(FormatError, match=r"expression name '\.\./elsewhere' cannot be used"):
        TrainingStack.open(stack_path)
