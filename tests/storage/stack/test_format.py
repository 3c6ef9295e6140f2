"""What a stack consists of: its specification, digests of images, and chunks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from storage.errors import MismatchError
from storage.stack import format as stack_format
from storage.stack.format import StackContents, StackSpec, Subject, digest
from storage.stack.reading import TrainingStack
from storage.stack.writer import PendingSubject, StackWriter
from tests.storage.conftest import image


def test_the_digest_covers_shape_type_and_pixels() -> None:
    values = np.arange(12, dtype=np.uint8).reshape(1, 3, 4)
    others: list[NDArray[Any]] = [values.reshape(1, 4, 3), values.astype(np.float64), values[:, ::-1]]
    assert len({digest(values), *(digest(other) for other in others)}) == 4
    assert digest(values.astype(">f8")) == digest(values.astype("<f8"))


def test_whose_expressions_there_are_is_asked_of_everybody_once() -> None:
    """As every reading of a region asks for them."""
    asked = []

    class Digests(dict[str, str]):
        def __iter__(self) -> Iterator[str]:
            asked.append(self)
            return super().__iter__()

    people = tuple(Subject(f"{n}", None, Digests(sad="a", neutral="b")) for n in range(3))
    asked.clear()
    contents = StackContents(StackSpec(8, 8, 1, "uint8", "none"), people)
    for _ in range(3):
        assert contents.expressions == ("neutral", "sad")
    assert asked == [subject.digests for subject in people]


@pytest.mark.parametrize("size", [16, 128, 256, 512, 1024, 2048])
@pytest.mark.parametrize(("channels", "dtype"), [(1, "uint8"), (3, "uint8"), (3, "float64")])
def test_chunks_are_neither_tiny_nor_huge(size: int, channels: int, dtype: str) -> None:
    n_samples, *rest = StackSpec(size, size, channels, dtype, "none").chunks()
    itemsize = np.dtype(dtype).itemsize
    assert rest[0] == channels
    assert rest[1] == rest[2] == size or 32 <= rest[1] == rest[2] <= 128
    assert 0.2e6 <= n_samples * np.prod(rest) * itemsize <= 1.6e6 or n_samples == 1024
    assert n_samples * channels * size * size * itemsize <= 128e6


def test_a_stack_with_smaller_chunks_is_read_and_appended_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a stack may have whose spec would have larger ones today; a new expression has these beside them."""
    spec = StackSpec(160, 150, 3, "float64", "none")
    images = [np.random.default_rng(i).random((3, 160, 150)) for i in range(3)]
    with monkeypatch.context() as before, StackWriter.create(tmp_path / "faces", spec) as writer:
        before.setattr(stack_format, "_SMALL_CHUNK_BYTES", 0)
        assert spec.chunks()[2:] == (64, 64)
        writer.append([PendingSubject("ann", {"neutral": images[0]})])
    monkeypatch.setattr(stack_format, "_SMALL_CHUNK_BYTES", 1 << 30)
    assert spec.chunks()[2:] == (128, 128)
    with StackWriter.open(tmp_path / "faces") as writer:
        writer.append([PendingSubject("ben", {"neutral": images[1], "happy": images[2]})])
    stack = TrainingStack.open(tmp_path / "faces")
    whole = slice(0, 160), slice(0, 150)
    np.testing.assert_array_equal(stack.read("neutral", [0, 1], *whole), images[:2])
    np.testing.assert_array_equal(stack.read("happy", [1], *whole), images[2:])
    bands = np.concatenate(list(stack.bands("neutral", [0, 1])), axis=2)
    np.testing.assert_array_equal(bands, images[:2])
    assert not stack.verify()


@pytest.mark.parametrize(("version", "side"), [(1, 64), (2, 128)])
def test_a_new_expression_has_chunks_that_those_read_who_wrote_the_stack(
    tmp_path: Path, version: int, side: int
) -> None:
    """Those who know no version but the first refuse more than 0.8 MB of a chunk's samples."""
    path = tmp_path / "faces"
    with StackWriter.create(path, StackSpec(1024, 1024, 3, "uint8", "none")):
        pass
    root = json.loads((path / "zarr.json").read_text())
    root["attributes"]["fesdist_stack"]["format_version"] = version
    (path / "zarr.json").write_text(json.dumps(root))
    with StackWriter.open(path) as writer:
        writer.append([PendingSubject("ann", {"neutral": image(0, (3, 1024, 1024))})])
    facts = json.loads((path / "neutral" / "zarr.json").read_text())
    assert facts["chunk_grid"]["configuration"]["chunk_shape"] == [32, 3, side, side]
    assert not TrainingStack.open(path).verify()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"channels": 4}, r"channels of a stack is 4; expected one of \(1, 3\)"),
        ({"dtype": "float32"}, "dtype of a stack is 'float32'"),
        ({"normalisation": "zscore"}, "normalisation of a stack is 'zscore'"),
        ({"height": 0}, "images of 0 x 24 pixels"),
        ({"mouth": (0.8, 0.5, 0.2, 0.7)}, r"mouth region \(0.8, 0.5, 0.2, 0.7\); expected fractions"),
        ({"lips": (0.5, 0.7)}, r"lips at \(0.5, 0.7\); expected fractions \(x, y\) between 0 and 1, and eyes as well"),
        ({"eyes": ((0.3, 0.4), (0.7, 0.4)), "lips": (0.5, 1.0)}, "lips at"),
    ],
)
def test_a_specification_is_checked(change: dict[str, Any], message: str) -> None:
    fields = {"height": 20, "width": 24, "channels": 3, "dtype": "uint8", "normalisation": "none", **change}
    with pytest.raises(MismatchError, match=message):
        StackSpec(**fields)


def test_what_is_said_of_eyes_and_lips_comes_back_and_what_is_not_takes_no_room() -> None:
    spec, person = StackSpec(8, 8, 1, "uint8", "none"), Subject("ann", "train", {"neutral": "a"})
    document = StackContents(spec, (person,)).to_document()
    assert not {"eyes", "lips"} & document["spec"].keys()
    assert document["subjects"] == [{"id": "ann", "split": "train", "digests": {"neutral": "a"}}]
    placed = replace(spec, eyes=((0.3, 0.4), (0.7, 0.4)), lips=(0.5, 0.75)), (replace(person, drop=(1.05, -0.02)),)
    contents = StackContents(*placed)
    assert StackContents.decoded(contents.encoded(), "faces") == contents


@pytest.mark.parametrize("drop", [(1.0, 2.5), (float("nan"), 0.0), (1.0, float("nan")), (0.0, 0.0), (-1.0, 0.0)])
def test_a_drop_that_no_face_has_is_refused(drop: tuple[float, float]) -> None:
    with pytest.raises(MismatchError, match="'ann' has the drop"):
        Subject("ann", "train", {}, drop)
