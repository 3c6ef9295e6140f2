"""A local cluster on machines that are locked down, and for scripts as people write them."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from multiprocessing import forkserver
from pathlib import Path

import pytest

from fesdist.cluster import forking, local
from fesdist.cluster.connect import open_cluster
from fesdist.cluster.in_process import InProcessCluster
from fesdist.cluster.settings import ClusterSettings
from fesdist.ground import machine
from fesdist.ground.errors import ClusterError
from tests.conftest import REPOSITORY

SCRIPT = """
from fesdist.cluster.connect import open_cluster
from fesdist.cluster.settings import ClusterSettings
print("begins")
with open_cluster(ClusterSettings(workers=1)) as cluster:
    print([outcome.result for outcome in cluster.run(abs, [-1])])
"""


def test_a_script_without_a_guard_runs_once_where_encryption_is_demanded(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "dask.yaml").write_text("distributed:\n  comm:\n    require-encryption: true\n")
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "DASK_CONFIG": str(tmp_path / "dask.yaml")}
    ran = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "begins\n[1]\n", "")


def test_what_lies_in_the_working_folder_is_not_taken_for_a_module_of_pythons_own(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/script.py").write_text(SCRIPT)
    for name in ("inspect", "random", "signal", "threading", "numba"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a file of the user was run')\n")
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    script = [sys.executable, "elsewhere/script.py"]
    ran = subprocess.run(script, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "begins\n[1]\n", "")


def test_a_machine_without_semaphores_computes_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(multiprocessing.get_context("spawn"), "Lock", refused)
    with caplog.at_level(logging.WARNING), open_cluster(ClusterSettings(workers=2)) as cluster:
        assert isinstance(cluster, InProcessCluster)
    assert "/dev/shm" in caplog.text


def test_a_cluster_that_does_not_start_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_: object) -> None:
        try:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        except BlockingIOError as error:
            raise RuntimeError("Nanny failed to start.") from error

    monkeypatch.setattr(local, "LocalCluster", fails)
    with (
        pytest.raises(ClusterError, match=r"temporarily unavailable.*give --workers 0"),
        open_cluster(ClusterSettings(workers=1)),
    ):
        pass


def _given(names: tuple[str, ...]) -> dict[str, str | None]:
    return {name: os.environ.get(name) for name in names}


def _looks_for_garbage(_: int) -> tuple[bool, bool]:
    return gc.isenabled(), gc.get_freeze_count() > 10_000


def test_workers_look_for_garbage_but_not_among_what_they_were_forked_with() -> None:
    with open_cluster(ClusterSettings(workers=1)) as cluster:
        (outcome,) = cluster.run(_looks_for_garbage, [0])
    assert outcome.result == (True, True)


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_workers_have_their_environment_and_leave_ours_as_it_was(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    if method == "spawn":
        monkeypatch.setattr(forking, "begin", lambda _: False)
    names = ("MALLOC_ARENA_MAX", "PYTHONSAFEPATH", "OMP_NUM_THREADS")
    before = _given(names)
    with open_cluster(ClusterSettings(workers=1)) as cluster:
        (outcome,) = cluster.run(_given, [names])
    assert outcome.result == dict.fromkeys(names, "1")
    assert _given(names) == before


def test_workers_of_a_later_cluster_have_what_the_environment_has_become(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the keys of a bucket, which a notebook sets after its first training."""
    name = "FESDIST_OF_A_TEST"
    for value in ("one", "two"):
        monkeypatch.setenv(name, value)
        with open_cluster(ClusterSettings(workers=1)) as cluster:
            (outcome,) = cluster.run(_given, [(name,)])
        assert outcome.result == {name: value}


def test_workers_are_not_forked_from_what_a_program_has_begun_for_itself() -> None:
    """As any program has that starts processes with Python 3.14."""
    forking.give_up()
    multiprocessing.set_forkserver_preload([])
    server = forkserver._forkserver
    forkserver.ensure_running()
    begun, names = server._forkserver_pid, ("MALLOC_ARENA_MAX", "PYTHONSAFEPATH", "OMP_NUM_THREADS")
    try:
        with open_cluster(ClusterSettings(workers=1)) as cluster:
            (outcome,) = cluster.run(_given, [names])
        assert outcome.result == dict.fromkeys(names, "1")
        assert server._forkserver_pid == begun
    finally:
        server._stop()


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def stops(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """A signal that raises KeyboardInterrupt in this process meanwhile."""
    before = signal.signal(request.param, signal.default_int_handler)
    yield request.param
    signal.signal(request.param, before)


def test_interrupts_wait_for_the_end_of_what_starts_though_other_threads_get_them(stops: signal.Signals) -> None:
    """As those that read get them, where the main thread blocks them."""
    begun, reached = threading.Event(), list[str]()

    def interrupted() -> None:
        begun.wait()
        signal.pthread_kill(threading.get_ident(), stops)

    reader = threading.Thread(target=interrupted)
    reader.start()

    def start() -> None:
        with forking.interrupts_held_back():
            begun.set()
            reader.join()
            reached.append("the end")

    with pytest.raises(KeyboardInterrupt):
        start()
    assert reached == ["the end"]


def test_a_cluster_is_closed_that_was_interrupted_while_it_started(
    stops: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or its workers would last as long as this process, and Dask would end them when half of what it needs is gone."""
    told = list[str]()

    class Starting:
        def __init__(self, **_: object) -> None:
            told.append("starts")
            os.kill(os.getpid(), stops)
            told.append("runs")

        def __enter__(self) -> None:
            pass

        def __exit__(self, *_: object) -> None:
            told.append("closed")

    monkeypatch.setattr(local, "LocalCluster", Starting)
    with pytest.raises(KeyboardInterrupt), open_cluster(ClusterSettings(workers=1)):
        told.append("is used")
    assert told == ["starts", "runs", "closed"]


@pytest.mark.parametrize(("memory", "workers"), [(None, 8), (5 << 30, 5), (1, 1)])
def test_workers_are_as_many_as_have_room(monkeypatch: pytest.MonkeyPatch, memory: int | None, workers: int) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 8)
    monkeypatch.setattr(machine, "memory", lambda: memory)
    assert ClusterSettings().local_workers == workers
    assert ClusterSettings(workers=7).local_workers == 7


def test_nothing_is_imported_into_the_client_for_its_workers() -> None:
    """Dask would import all that workers may want, pandas with it, to have it imported before they are forked."""
    code = (
        "import sys; from fesdist.cluster.local import started\n"
        "with started(1, 1 << 30) as cluster: print(cluster.n_workers, 'pandas' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["1", "False"]
