"""A scheduler that brings workers as there is work, and sends them away: the weights have the same bits."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster

from fesdist.cluster.connect import ClusterSettings, open_cluster
from fesdist.registry import MaskedRegression
from fesdist.training.job import TrainingRequest
from fesdist.training.run import train
from storage.datasets.store import WeightStore
from tests.fesdist.training.stacks import write_stack

MEMORY = 350 << 20

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def adaptive() -> Iterator[LocalCluster]:
    """Yield a scheduler that has no workers until there is work for them, and then up to two."""
    with LocalCluster(
        n_workers=0,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        worker_dashboard_address="127.0.0.1:0",
    ) as cluster:
        cluster.adapt(minimum=0, maximum=2, interval="100ms", wait_count=20, target_duration="100ms")
        yield cluster


def test_a_run_that_begins_without_workers_and_loses_some(
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
    sent_away: list[str] = []

    def send_one_away(done: int, total: int, note: str) -> None:
        if done in (total // 4, total // 2) and total > 4:
            while not (gone := adaptive.sync(adaptive.scheduler.retire_workers, n=1)):  # there is nobody at the moment
                time.sleep(0.05)
            sent_away.extend(gone)

    with open_cluster(ClusterSettings(scheduler=adaptive.scheduler_address, memory=MEMORY)) as cluster:
        train(there, cluster, memory=MEMORY, on_progress=send_one_away)
    assert "has no workers; waiting 600 s for the first" in caplog.text
    assert len(sent_away) == 2
    assert WeightStore(there.store).open("faces").checksums == WeightStore(here.store).open("faces").checksums


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
