"""A cluster that changes under a client: workers die, hang and are replaced, the scheduler hangs and dies."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from fesdist.cluster.connect import open_cluster
from fesdist.cluster.settings import Cluster, ClusterSettings
from fesdist.cluster.task import Signs
from fesdist.ground.errors import ClusterError, TileError
from tests.fesdist.cluster.servers import free_port, scheduler, started, workers

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def scheduler_pid(port: int) -> Iterator[int]:
    with started(scheduler(port)) as process:
        yield process.pid


@pytest.fixture(scope="module")
def nannies_pid(port: int, scheduler_pid: int) -> Iterator[int]:
    with started(workers(port)) as process:
        yield process.pid


@pytest.fixture(scope="module")
def settings(port: int) -> ClusterSettings:
    return ClusterSettings(scheduler=f"tcp://127.0.0.1:{port}", memory=1 << 20)


@pytest.fixture
def cluster(nannies_pid: int, settings: ClusterSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """Yield two workers."""
    with open_cluster(settings) as opened:
        _wait(lambda: len(opened.on_every_worker(os.getpid)) == 2)
        for name in ("scheduler", "watching"):
            monkeypatch.setattr(f"fesdist.cluster.{name}.SILENT_SECONDS", 1.5)
        yield opened


def _wait(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _die_on(pid: int) -> int:
    if os.getpid() == pid:
        os.kill(pid, signal.SIGKILL)
    return os.getpid()


def _refuse_on(pid: int) -> None:
    if os.getpid() == pid:
        raise TileError("not here")


def test_a_worker_that_dies_of_a_question_has_no_answer(cluster: Cluster) -> None:
    one, other = cluster.on_every_worker(os.getpid).values()
    assert list(cluster.on_every_worker(_die_on, one).values()) == [other]
    _wait(lambda: len(cluster.on_every_worker(os.getpid)) == 2)


def test_what_a_worker_refuses_is_raised(cluster: Cluster) -> None:
    one, _ = cluster.on_every_worker(os.getpid).values()
    with pytest.raises(TileError, match="not here"):
        cluster.on_every_worker(_refuse_on, one)


def test_a_worker_that_hangs_is_told_of_and_not_waited_for(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    (silent, one), (_, other) = cluster.on_every_worker(os.getpid).items()
    os.kill(one, signal.SIGSTOP)
    try:
        assert list(cluster.on_every_worker(os.getpid).values()) == [other]
    finally:
        os.kill(one, signal.SIGCONT)
    assert f"nothing was heard of {silent} for 5 s;" in caplog.text, "five reports, which come every second"


def _pid_after(item: int, seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def test_a_run_tells_of_a_worker_that_hangs_and_goes_on(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "fesdist.cluster")
    (silent, one), _ = cluster.on_every_worker(os.getpid).items()
    outcomes = cluster.run(_pid_after, range(20), 0.05)
    pids = [next(outcomes).result]
    os.kill(one, signal.SIGSTOP)
    later = threading.Thread(target=_continue_when, args=(one, lambda: f"heard of {silent}" in caplog.text))
    later.start()
    pids += [outcome.result for outcome in outcomes]
    later.join()
    assert len(pids) == 20
    assert f"nothing was heard of {silent} for 5 s;" in caplog.text, "five reports, which come every second"


def _continue_when(pid: int, told: Callable[[], bool]) -> None:
    with suppress(AssertionError):
        _wait(told)
    os.kill(pid, signal.SIGCONT)


def test_a_run_waits_for_a_scheduler_that_hangs(
    cluster: Cluster, scheduler_pid: int, caplog: pytest.LogCaptureFixture
) -> None:
    outcomes = cluster.run(_pid_after, range(20), 0.05)
    next(outcomes)
    os.kill(scheduler_pid, signal.SIGSTOP)
    later = threading.Thread(
        target=_continue_when, args=(scheduler_pid, lambda: "the scheduler has not answered" in caplog.text)
    )
    later.start()
    assert len(list(outcomes)) == 19
    later.join()
    assert "the scheduler has not answered for" in caplog.text


def test_a_question_to_a_scheduler_that_hangs_ends(cluster: Cluster, scheduler_pid: int) -> None:
    os.kill(scheduler_pid, signal.SIGSTOP)
    try:
        with pytest.raises(ClusterError, match=r"connection to the scheduler was lost \(it has not answered for"):
            cluster.on_every_worker(os.getpid)
    finally:
        os.kill(scheduler_pid, signal.SIGCONT)


def test_a_worker_of_another_revision_ends_the_run(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    later = replace(Signs.here(), revision="0.0.0+later")
    monkeypatch.setattr(Signs, "here", lambda: later)
    with pytest.raises(ClusterError, match=r"this client has 0\.0\.0\+later; install the same version on both sides"):
        list(cluster.run(_pid_after, range(4), 0))


def test_workers_that_never_come_back_are_waited_for_in_vain(
    cluster: Cluster, nannies_pid: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("fesdist.cluster.watching.GIVE_UP_SECONDS", 1)
    outcomes = cluster.run(_pid_after, range(200), 0.05)
    next(outcomes)
    for process in [psutil.Process(nannies_pid), *psutil.Process(nannies_pid).children(recursive=True)]:
        process.kill()
    with pytest.raises(ClusterError, match=r"waited 1 s for workers in vain\. What was finished is stored"):
        list(outcomes)
    assert "the scheduler has no workers; waiting for some to come" in caplog.text


def _kill_then_wait(pid: int, folder: Path) -> None:
    if not (folder / "killed").exists():
        (folder / "killed").touch()
        os.kill(pid, signal.SIGKILL)
    time.sleep(60)


def test_a_scheduler_that_dies_of_a_question_is_told(
    port: int, scheduler_pid: int, settings: ClusterSettings, tmp_path: Path
) -> None:
    with (
        started(workers(port)),
        open_cluster(settings) as opened,
        pytest.raises(ClusterError, match="the connection to the scheduler was lost"),
    ):
        opened.on_every_worker(_kill_then_wait, scheduler_pid, tmp_path)
