"""The chunks in which weights are stored: they follow from the job, whoever trains it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.cluster.settings import RESERVED_BYTES
from fesdist.ground.colour import Colour
from fesdist.registry import AnyModel, Lasso, MaskedRegression, OrthogonalMatchingPursuit, PixelKernelRidge
from fesdist.training.job import CutJob, TrainingJob, TrainingRequest, define_job
from fesdist.training.plan import MODEST_MEMORY, chunk_side, make_plan, plan_with_cut
from fesdist.training.run import train
from fesdist.training.survey import bytes_at_once
from storage.datasets.store import WeightStore
from storage.datasets.version import WeightVersion
from storage.errors import FormatError
from storage.stack.reading import TrainingStack
from tests.fesdist.training.stacks import write_stack

GIB = 1 << 30
MODEL = MaskedRegression.with_window(3, ridge=1.0)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a stack of 130 x 130 pixels: four chunks of 128, the three at its edges of 2."""
    return write_stack(tmp_path_factory.mktemp("stack") / "stack.zarr", side=130, people=6, expressions=("happy",))


def _enlarged(path: Path, side: int) -> TrainingStack:
    """Return a stack that says that its images are `side` x `side`; nobody may read them."""
    stack = TrainingStack.open(path)
    contents = stack._contents
    stack._contents = replace(contents, spec=replace(contents.spec, height=side, width=side))
    return stack


def _request(path: Path, store: Path, model: AnyModel = MODEL) -> TrainingRequest:
    return TrainingRequest(str(path), str(store), "faces", model)


@pytest.mark.parametrize(("side", "chunk"), [(64, 64), (384, 64), (512, 128), (768, 128), (1024, 256), (2048, 256)])
def test_large_images_have_large_chunks(path: Path, tmp_path: Path, side: int, chunk: int) -> None:
    stack = _enlarged(path, side)
    assert chunk_side(define_job(_request(path, tmp_path), stack), stack) == chunk


@pytest.mark.parametrize(("side", "chunk"), [(400, 64), (449, 128), (800, 128), (897, 256), (1350, 256), (1793, 128)])
def test_chunks_are_hardly_larger_than_the_image(path: Path, tmp_path: Path, side: int, chunk: int) -> None:
    """What is beyond the image is stored as zeros."""
    stack = _enlarged(path, side)
    assert chunk_side(define_job(_request(path, tmp_path), stack), stack) == chunk


@pytest.mark.parametrize(("side", "chunk"), [(512, 64), (896, 64), (897, 128), (1024, 128), (2048, 256)])
def test_a_model_whose_pixels_take_long_is_for_many_workers(path: Path, tmp_path: Path, side: int, chunk: int) -> None:
    stack = _enlarged(path, side)
    assert chunk_side(define_job(_request(path, tmp_path, Lasso(0.1)), stack), stack) == chunk


def test_a_chunk_is_trained_in_modest_memory(path: Path, tmp_path: Path) -> None:
    """Three sets of weights, and a histogram of every pixel, make much of a tile."""
    stack = _enlarged(path, 2048)
    job = define_job(replace(_request(path, tmp_path, PixelKernelRidge()), colour=Colour.PER_CHANNEL), stack)
    assert _needed(job, stack, 64) <= MODEST_MEMORY < _needed(job, stack, 128)
    assert chunk_side(job, stack) == 64


def test_a_model_that_keeps_all_samples_anyway_has_large_chunks(path: Path, tmp_path: Path) -> None:
    stack = _enlarged(path, 2048)
    job = define_job(_request(path, tmp_path, OrthogonalMatchingPursuit(5)), stack)
    assert MODEST_MEMORY < _needed(job, stack, 64) < _needed(job, stack, 256) < 1.1 * _needed(job, stack, 64)
    assert chunk_side(job, stack) == 256


def test_the_plan_has_room_for_the_survey_of_large_images(path: Path, tmp_path: Path) -> None:
    stack = _enlarged(path, 4096)
    plan = make_plan(define_job(_request(path, tmp_path), stack), stack, GIB, 1)
    images = bytes_at_once(stack, GIB - RESERVED_BYTES)
    assert plan.projected_bytes == RESERVED_BYTES + images
    assert images >= 3 * 4096 * 4096 * 3


def _needed(job: TrainingJob, stack: TrainingStack, side: int) -> int:
    return plan_with_cut(stack, MODEST_MEMORY, CutJob(job, (side, side), side)).projected_bytes


def test_chunks_do_not_depend_on_memory_or_workers_and_tiles_are_whole_chunks(path: Path, tmp_path: Path) -> None:
    stack = _enlarged(path, 2100)
    job = define_job(_request(path, tmp_path), stack)
    plans = [make_plan(job, stack, memory, workers) for memory in (MODEST_MEMORY, 4 * GIB) for workers in (1, 64)]
    assert {plan.chunk for plan in plans} == {256}
    assert len({plan.tile_shape for plan in plans}) > 1
    assert all(side % 256 == 0 for plan in plans for side in plan.tile_shape)


def _trained(path: Path, store: Path) -> WeightVersion:
    result = train(_request(path, store), InProcessCluster(), memory=GIB)
    return WeightStore(str(store)).open(f"{result.name}@{result.version}")


def _have_large_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fesdist.training.plan.SOME_CHUNKS", 4)
    monkeypatch.setattr("fesdist.training.plan.FILLED_UP", 2.0)


def test_weights_are_the_same_in_chunks_of_any_size(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = _trained(path, tmp_path / "small")
    _have_large_chunks(monkeypatch)
    large = _trained(path, tmp_path / "large")
    assert small.group["happy/weights"].chunks[-2:] == (64, 64)  # type: ignore[union-attr]
    assert large.group["happy/weights"].chunks[-2:] == (128, 128)  # type: ignore[union-attr]
    for name in small.group["happy"].array_keys():  # type: ignore[union-attr]
        assert np.array_equal(small.read("happy", name), large.read("happy", name)), name


@pytest.mark.parametrize(
    "cut", [{"chunk": 0}, {"chunk": -1}, {"tile_shape": [0, 64]}, {"tile_shape": [64, -64]}], ids=str
)
def test_a_draft_that_is_cut_into_nothing_is_damaged(path: Path, tmp_path: Path, cut: dict[str, object]) -> None:
    description = _begun(path, tmp_path)
    document = json.loads(description.read_text())
    document["job"].update(cut)
    description.write_text(json.dumps(document))
    with pytest.raises(FormatError, match=r"job of draft .*expected 1 or more of each.*it was damaged"):
        _trained(path, tmp_path)


def _begun(path: Path, store: Path) -> Path:
    """Return the description of a draft that a run has left before its first tile."""

    class StoppedError(Exception):
        pass

    def stop(*_: object) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        train(_request(path, store), InProcessCluster(), memory=GIB, on_plan=stop)
    (description,) = store.glob("faces/drafts/*/job.json")
    return description


def test_a_draft_that_does_not_say_its_chunks_goes_on_in_its_own(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drafts of earlier releases have chunks of 64, whatever this one would choose."""
    description = _begun(path, tmp_path)
    document = json.loads(description.read_text())
    assert document["job"].pop("chunk") == 64
    description.write_text(json.dumps(document))
    _have_large_chunks(monkeypatch)
    version = _trained(path, tmp_path)
    assert version.group["happy/weights"].chunks[-2:] == (64, 64)  # type: ignore[union-attr]
