"""A worker that lacks what tasks need, as one whose packages were not renewed with fesdist, says so and lives on."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from fesdist.cluster.connect import Cluster, ClusterSettings, open_cluster
from fesdist.ground.errors import ClusterError
from tests.fesdist.cluster.servers import free_port, scheduler, started, workers

pytestmark = pytest.mark.slow

_MODULE = """
from dataclasses import dataclass

@dataclass(frozen=True)
class Thing:
    number: int

def work(item, *shared):
    return 1
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Yield one worker."""
    port = free_port()
    with (
        started(scheduler(port)),
        started(workers(port, 1)),
        open_cluster(ClusterSettings(scheduler=f"tcp://127.0.0.1:{port}", memory=1 << 20)) as opened,
    ):
        yield opened


@pytest.fixture
def only_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return a module that no worker has."""
    (tmp_path / "only_here.py").write_text(_MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("fesdist.cluster.watching.GIVE_UP_SECONDS", 5)
    return importlib.import_module("only_here")


def _pid(*_: object) -> int:
    return os.getpid()


@pytest.mark.parametrize("lacking", ["function", "item", "shared"])
def test_a_worker_that_lacks_a_package_says_so_and_lives(cluster: Cluster, only_here: ModuleType, lacking: str) -> None:
    (before,) = cluster.on_every_worker(os.getpid).values()
    function = only_here.work if lacking == "function" else _pid
    item, shared = (only_here.Thing(1) if lacking == one else 1 for one in ("item", "shared"))
    with pytest.raises(ClusterError, match=r"a worker on .* cannot import what tasks need .*only_here.*; install"):
        list(cluster.run(function, [item], shared))
    assert [outcome.result for outcome in cluster.run(_pid, [1])] == [before]


def test_a_scheduler_without_fesdist_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fesdist.py").write_text("raise ImportError('there is none')")
    port = free_port()
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path))
        patch.setenv("PYTHONSAFEPATH", "1")  # or this folder's comes first
        with started(scheduler(port)):
            patch.undo()
            with (
                started(workers(port, 1)),
                open_cluster(ClusterSettings(scheduler=f"tcp://127.0.0.1:{port}", memory=1 << 20)) as opened,
                pytest.raises(ClusterError, match=r"the scheduler cannot import fesdist .* where the scheduler runs"),
            ):
                list(opened.run(_pid, [1]))
