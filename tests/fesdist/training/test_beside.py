"""Tiles that are trained beside each other in one process: their memory, and their bits."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.cluster.settings import RESERVED_BYTES
from fesdist.ground.errors import PlanError
from fesdist.registry import AnyModel, MaskedRegression, OrthogonalMatchingPursuit
from fesdist.training.job import CutJob, TrainingJob, TrainingRequest, define_job
from fesdist.training.plan import TrainingPlan, make_plan, plan_with_cut
from fesdist.training.run import train
from fesdist.training.tile_stage import TileStage
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack
from tests.fesdist.training.stacks import write_stack

MIB = 1 << 20
MODEL = MaskedRegression.with_window(3, ridge=1.0)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stack(
        tmp_path_factory.mktemp("stack") / "stack.zarr", side=130, people=9, expressions=("happy", "sad")
    )


@pytest.fixture
def stack(path: Path) -> TrainingStack:
    return TrainingStack.open(path)


@pytest.fixture
def job(path: Path, stack: TrainingStack) -> TrainingJob:
    return define_job(_request(path, path), stack)


def _request(path: Path, store: Path, model: AnyModel = MODEL) -> TrainingRequest:
    return TrainingRequest(str(path), str(store), "faces", model)


def _arrays(plan: TrainingPlan) -> int:
    return plan.projected_bytes - RESERVED_BYTES


def test_tiles_at_once_divide_the_memory(job: TrainingJob, stack: TrainingStack) -> None:
    cut = CutJob(job, (64, 64), 64)
    one, three = (plan_with_cut(stack, 1 << 30, cut, threads) for threads in (1, 3))
    assert (one.at_once, three.at_once) == (1, 3)
    assert _arrays(three) == 3 * _arrays(one)


def test_no_more_tiles_at_once_than_fit(job: TrainingJob, stack: TrainingStack) -> None:
    cut = CutJob(job, (64, 64), 64)
    of_one = _arrays(plan_with_cut(stack, 1 << 30, cut))
    plans = [plan_with_cut(stack, RESERVED_BYTES + int(tenths / 10 * of_one), cut, 3) for tenths in range(10, 32)]
    numbers = [plan.at_once for plan in plans]
    assert numbers == sorted(numbers)
    assert (numbers[0], numbers[-1], len(set(numbers))) == (1, 3, 3)
    assert all(plan.projected_bytes <= plan.allowed_bytes for plan in plans)


def test_no_more_tiles_at_once_than_there_are(job: TrainingJob, stack: TrainingStack) -> None:
    assert plan_with_cut(stack, 1 << 30, CutJob(job, (130, 130), 64), 8).at_once == 1
    assert plan_with_cut(stack, 1 << 30, CutJob(job, (130, 64), 64), 8).at_once == 3


def test_a_plan_has_smaller_tiles_before_it_has_fewer_at_once(job: TrainingJob, stack: TrainingStack) -> None:
    large, small = (_arrays(plan_with_cut(stack, 1 << 30, CutJob(job, (side, side), 64))) for side in (128, 64))
    assert large > 1.2 * small
    plans = [
        make_plan(job, stack, RESERVED_BYTES + int(room * large), 1, threads)
        for room, threads in ((4.1, 2), (1.9, 2), (1.9, 1))
    ]
    assert [plan.at_once for plan in plans] == [2, 2, 1]
    assert all(plan.projected_bytes <= plan.allowed_bytes for plan in plans)


def test_what_fits_once_is_trained_one_after_the_other(job: TrainingJob, stack: TrainingStack) -> None:
    alone = make_plan(job, stack, 1 << 30, 100)
    just = RESERVED_BYTES + int(1.5 * _arrays(alone))
    assert make_plan(job, stack, just, 1, 16).at_once == 1
    with pytest.raises(PlanError, match=r"give --memory \d+MiB or more"):
        make_plan(job, stack, RESERVED_BYTES + 1, 1, 16)


@pytest.mark.parametrize("model", [MODEL, OrthogonalMatchingPursuit(2)])
def test_weights_have_the_same_bits(
    path: Path, tmp_path: Path, model: AnyModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, work = threading.Barrier(3), TileStage.work

    def meeting(self: TileStage, key: int) -> Any:
        if self.at_once > 1 and key < 3:
            together.wait(60)
        return work(self, key)

    monkeypatch.setattr(TileStage, "work", meeting)
    monkeypatch.setattr("fesdist.training.plan.LARGEST_TILE", 64)
    found = []
    for threads in (1, 3):
        store = tmp_path / f"{threads}"
        result = train(_request(path, store, model), InProcessCluster(threads), memory=1 << 30)
        assert result.n_tiles == 9
        found.append(WeightStore(str(store)).open("faces").checksums)
    assert found[0] == found[1]


def test_a_run_is_continued_beside_each_other(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fesdist.training.plan.LARGEST_TILE", 64)
    request = _request(path, tmp_path)
    work, done = TileStage.work, list[int]()

    def interrupted(self: TileStage, key: int) -> Any:
        if len(done) == 4:
            raise KeyboardInterrupt
        done.append(key)
        return work(self, key)

    monkeypatch.setattr(TileStage, "work", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(request, InProcessCluster(2), memory=1 << 30)
    monkeypatch.setattr(TileStage, "work", work)
    result = train(request, InProcessCluster(2), memory=1 << 30)
    assert 3 <= result.n_resumed <= 4
    alone = train(_request(path, tmp_path / "alone"), InProcessCluster(), memory=1 << 30)
    assert alone.n_resumed == 0
    versions = [WeightStore(str(store)).open("faces").checksums for store in (tmp_path, tmp_path / "alone")]
    assert versions[0] == versions[1]
