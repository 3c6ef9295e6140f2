"""A scheduler that brings workers as there is work, and sends them away: the weights have the same bits."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster

from fesdist.cluster.connect import open_cluster
from fesdist.cluster.settings import ClusterSettings
from fesdist.registry import MaskedRegression
from fesdist.training.job import TrainingRequest
from fesdist.training.run import train
from storage.datasets.store import WeightStore
from tests.fesdist.training.stacks import write_stack

MEMORY = 350 << 20

pytestmark = pytest.mark.slow


def _local_cluster(n_workers: int) -> LocalCluster:
    return LocalCluster(
        n_workers=n_workers,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        worker_dashboard_address="127.0.0.1:0",
    )


@pytest.fixture(scope="module")
def adaptive() -> Iterator[LocalCluster]:
    """Yield a scheduler that has no workers until there is work for them, and then up to two."""
    with _local_cluster(0) as cluster:
        cluster.adapt(minimum=0, maximum=2, interval="100ms", wait_count=20, target_duration="100ms")
        yield cluster


def test_a_run_that_begins_without_workers_has_the_same_bits(
    adaptive: LocalCluster, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "fesdist.cluster")
    stack = write_stack(tmp_path / "stack.zarr", side=160, people=8, expressions=("happy",))
    here, there = (
        TrainingRequest(str(stack), str(tmp_path / name), "faces", MaskedRegression.with_window(3), chosen=())
        for name in ("here", "there")
    )
    with open_cluster(ClusterSettings(workers=0)) as cluster:
        train(here, cluster, memory=MEMORY)
    with open_cluster(ClusterSettings(scheduler=adaptive.scheduler_address, memory=MEMORY)) as cluster:
        train(there, cluster, memory=MEMORY)
    assert "has no workers; waiting 600 s for the first" in caplog.text
    assert WeightStore(there.store).open("faces").checksums == WeightStore(here.store).open("faces").checksums


def _wait_for(item: int, gate: str) -> int:
    while item >= 2 and not Path(gate).exists():
        time.sleep(0.01)
    return item


def test_what_ran_where_a_worker_is_sent_away_runs_elsewhere(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with (
        _local_cluster(2) as workers,
        open_cluster(ClusterSettings(scheduler=workers.scheduler_address, memory=MEMORY)) as cluster,
    ):
        outcomes = cluster.run(_wait_for, range(12), str(gate))
        first = [next(outcomes).result for _ in range(2)]
        gone = workers.sync(workers.scheduler.retire_workers, n=1)
        gate.touch()
        rest = [outcome.result for outcome in outcomes]
    assert len(gone) == 1
    assert sorted(first) == [0, 1]
    assert sorted(rest) == list(range(2, 12))


def _who_after(item: int, seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def test_whoever_joins_gets_a_share_of_what_waits(adaptive: LocalCluster) -> None:
    with open_cluster(ClusterSettings(scheduler=adaptive.scheduler_address, memory=MEMORY)) as cluster:
        outcomes = cluster.run(_who_after, range(2000), 0.02)
        pids = set[int]()
        for outcome in outcomes:  # as many as it takes until both have joined
            pids.add(outcome.result)
            if len(pids) == 2:
                break
        outcomes.close()  # type: ignore[attr-defined]
    assert len(pids) == 2
