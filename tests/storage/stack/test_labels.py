"""The labels that other programs read of a stack are compared with what counts, and written anew where they differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray

from storage.blobs.location import Location
from storage.stack import labels
from storage.stack.labels import label_faults
from storage.stack.writer import StackWriter
from tests.storage.conftest import person


@pytest.mark.parametrize(
    ("key", "place"),
    [("subject/c/0", 20), ("holdout/c/0", 11), ("holdout/c/0", 1), ("subject/c/0", 8), ("holdout/c/0", 6)],
)
def test_a_flipped_bit_of_a_label_is_named_and_mended_by_the_next_writer(
    stack_path: Path, key: str, place: int
) -> None:
    assert label_faults(stack_path) == []
    damaged = bytearray((stack_path / key).read_bytes())
    damaged[place] ^= 1
    (stack_path / key).write_bytes(damaged)
    (fault,) = label_faults(stack_path)
    assert fault == (
        f"{key}, which other programs read, is not as the subjects in {stack_path}/zarr.json say, which alone count for"
        " fesdist: ingest the same photographs again, which writes it anew"
    )
    with StackWriter.open(stack_path):
        pass
    assert label_faults(stack_path) == []


def test_labels_that_are_right_are_left_alone(stack_path: Path) -> None:
    """Whoever is killed while they are written leaves other programs without them."""
    files = [stack_path / name / key for name in ("subject", "holdout") for key in ("zarr.json", "c/0")]
    before = [(file.stat().st_ino, file.stat().st_mtime_ns) for file in files]
    with StackWriter.open(stack_path) as writer:
        assert [(file.stat().st_ino, file.stat().st_mtime_ns) for file in files] == before
        writer.append([person(10, "neutral", "smiling")])
    assert label_faults(stack_path) == []
    assert all((file.stat().st_ino, file.stat().st_mtime_ns) not in before for file in files)


def test_a_writer_compares_them_once(stack_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else writes meanwhile; and those of many people take long to compare."""
    faults, compared = labels._faults, list[str]()

    def counted(location: Location, name: str, values: NDArray[Any]) -> list[tuple[str, str]]:
        compared.append(name)
        return faults(location, name, values)

    monkeypatch.setattr(labels, "_faults", counted)
    with StackWriter.open(stack_path) as writer:
        writer.append([person(10, "neutral", "smiling")])
        writer.assign_holdout(0.9)
        writer.overwrite({0})
    assert compared == ["subject", "holdout"]
    assert label_faults(stack_path) == []


def test_what_makes_other_readers_see_other_labels_is_named(stack_path: Path) -> None:
    (stack_path / "holdout/c/0").unlink()
    metadata = stack_path / "subject/zarr.json"
    metadata.write_text(json.dumps(json.loads(metadata.read_text()) | {"shape": [9]}))
    first, second = label_faults(stack_path)
    assert first.startswith("subject/zarr.json, which other programs read, is not as the subjects")
    assert second.startswith("holdout/c/0, which other programs read, is missing; expected it as the subjects")


def test_labels_without_anybody_held_out_may_lack_their_chunk(stack_path: Path) -> None:
    root = stack_path / "zarr.json"
    root.write_text(root.read_text().replace('"holdout"', '"train"'))
    assert [fault.partition(",")[0] for fault in label_faults(stack_path)] == ["holdout/c/0"]
    (stack_path / "holdout/c/0").unlink()
    assert label_faults(stack_path) == []
