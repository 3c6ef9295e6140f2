"""What is found of shapes is kept in the stack: found once, again where it is damaged, and told of where it is gone."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.ground.errors import TileError
from fesdist.shape.flow import Flow
from fesdist.shape.warping import Displacement
from fesdist.training import flows, shaping
from storage.blobs.notes import Notes
from storage.errors import ChangedError
from storage.stack.editing import delete_person
from storage.stack.reading import TrainingStack
from storage.stack.writer import PendingSubject, StackWriter
from tests.fesdist.training.conftest import TRUE, checksums, shaped_request, train_anew
from tests.fesdist.training.stacks import moving_face


def test_flows_are_found_once(own_stack: Path, tmp_path: Path, estimated: list[int]) -> None:
    first = train_anew(shaped_request(own_stack, tmp_path, expressions=("happy",)))
    assert len(estimated) == 8
    assert train_anew(shaped_request(own_stack, tmp_path, expressions=("happy",))).shapes == first.shapes
    assert len(estimated) == 8
    with StackWriter.open(own_stack) as writer:
        writer.append([PendingSubject("somebody new", moving_face(99, TRUE))])
        writer.assign_holdout(0.0, None)
    assert TrainingStack.open(own_stack).verify() == []
    assert set(TrainingStack.open(own_stack).to_xarray()) == {"neutral", *TRUE}
    more = train_anew(shaped_request(own_stack, tmp_path, expressions=("happy",)))
    assert len(estimated) == 9
    assert more.shapes["happy"].people == 9
    assert more.shapes["happy"].face != first.shapes["happy"].face


def test_damaged_flows_are_found_again(
    own_stack: Path,
    tmp_path: Path,
    estimated: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    train_anew(shaped_request(own_stack, tmp_path))
    undisturbed = checksums(tmp_path)
    notes = sorted((own_stack / "flows" / "kept").glob("flow-*.npz"))
    assert len(notes) == 16
    damaged = bytearray(notes[0].read_bytes())
    damaged[len(damaged) // 2] ^= 1
    notes[0].write_bytes(damaged)
    notes[1].write_bytes(b"")
    shutil.copy(own_stack / "zarr.json", notes[2])
    # Whole, but of images of another size.
    np.savez(notes[3], steps=np.zeros((2, 9, 9), np.int16), before=np.zeros((9, 9), np.uint8), after=np.zeros((9, 9)))
    estimated.clear()
    # The second run reads few people at a time as well.
    monkeypatch.setattr("fesdist.training.plan.SAMPLES_AT_ONCE", 3)
    train_anew(shaped_request(own_stack, tmp_path))
    assert len(estimated) == 4
    assert checksums(tmp_path) == undisturbed


def test_no_flow_is_kept_of_who_is_taken_out_meanwhile(
    own_stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimate = flows.estimate_flow

    def meanwhile(*images: NDArray[np.uint8]) -> Flow:
        monkeypatch.undo()
        delete_person(own_stack, "person03")
        return estimate(*images)

    monkeypatch.setattr(flows, "estimate_flow", meanwhile)
    with pytest.raises(ChangedError, match=r"of person03 was deleted or replaced in .* while it was read"):
        train_anew(shaped_request(own_stack, tmp_path, expressions=("happy",)))
    assert not list((own_stack / "flows").rglob("*.npz"))
    assert train_anew(shaped_request(own_stack, tmp_path, expressions=("happy",))).shapes["happy"].people == 7


def test_a_flow_that_disappears_is_told(own_stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Notes, "put", lambda *note: None)
    with pytest.raises(TileError, match=r"the flow of 'person0\d' is not in .*flows any more.*repeat the same command"):
        train_anew(shaped_request(own_stack, tmp_path, expressions=("happy",)))


def test_a_stack_that_cannot_be_written_is_told(
    own_stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*note: object) -> None:
        raise PermissionError("Read-only file system")

    monkeypatch.setattr(Notes, "put", refuse)
    with pytest.raises(TileError, match=r"Read-only file system; .*make .*copy.zarr writable.*--shape no"):
        train_anew(shaped_request(own_stack, tmp_path, expressions=("happy",)))


@pytest.mark.parametrize("damage", ["removed", "changed"])
def test_a_displacement_that_disappears_is_told(
    moving_stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    keep = shaping.keep_displacement

    def lose(path: str, displacement: Displacement) -> str:
        digest = keep(path, displacement)
        other = keep(path, displacement.scaled(2))
        kept = moving_stack / "flows" / "kept"
        if damage == "removed":
            (kept / f"displacement-{digest}.npz").unlink()
        else:
            shutil.copy(kept / f"displacement-{other}.npz", kept / f"displacement-{digest}.npz")
        return digest

    monkeypatch.setattr(shaping, "keep_displacement", lose)
    with pytest.raises(TileError, match=r"the displacement \w+ is not in .*flows any more.*repeat the same command"):
        train_anew(shaped_request(moving_stack, tmp_path, expressions=("happy",)))
