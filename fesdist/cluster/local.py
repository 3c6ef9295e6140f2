"""A Dask cluster of this machine, started and stopped with the run, and closed to everybody else who uses it."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker, spawn
from multiprocessing.util import get_temp_dir
from typing import Any

import dask
from distributed import Client, LocalCluster
from distributed.security import Security

from fesdist.cluster import forked_from, keeping
from fesdist.cluster.dask_cluster import DaskCluster
from fesdist.cluster.settings import Cluster
from fesdist.ground.errors import ClusterError

MEMORY_LIMIT_FACTOR = 1.25
"""A worker is stopped when it exceeds its allowed memory by a quarter: the plan was wrong, and swapping is no help."""

_WORKER_NAME = "Dask Worker process"
"""How the names of processes begin that Dask starts."""

_SAFE_PATH = {"PYTHONSAFEPATH": "1"}
"""Python looks for its own modules in the working folder first when it starts processes, and photographs may lie there
beside a script that is called `random.py`. What the client finds its modules by is sent to each worker."""

OWN_SETTINGS = {
    # Memory is planned tile by tile; Dask's own measures only get in the way of a plan that fits.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.scheduler.worker-ttl": "30s",
    # Dask looks once, so long after a worker died, whether its nanny has another, and ends the nanny if not: also where
    # the other has just died, or takes its time to start on a busy machine. Then nobody would ever come again.
    "distributed.deploy.lost-worker-timeout": "1000h",
    # Pages and figures that anybody on this machine could read.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}

# Dask would have workers give back every large array to the system.
ENVIRONMENT = {**keeping.ENVIRONMENT, **_SAFE_PATH}
"""Of workers, beside what Dask is configured to give them."""


IMPORTED = ["distributed", "numba", "zarr", "scipy.linalg", "fesdist.cluster.task", forked_from.__name__]
"""What takes workers seconds to import; no word of what they will be asked to do."""


@contextmanager
def started(n_workers: int, memory: int) -> Iterator[Cluster]:
    """Yield a cluster of `n_workers` processes that may use `memory` bytes each.

    Whoever can talk to a scheduler or a worker can run code there, and ports of the loopback are open to all users of
    a machine: so the processes take only each other's certificate, which is made now and is in their memory alone.
    """
    with dask.config.set(OWN_SETTINGS), _workers_without_main(), _workers_environment():
        security = Security.temporary()
        with _interrupts_held_back(), _failures_told():
            local = LocalCluster(
                n_workers=n_workers,
                threads_per_worker=1,
                memory_limit=int(memory * MEMORY_LIMIT_FACTOR),
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                worker_dashboard_address="127.0.0.1:0",
                security=security,
                silence_logs=logging.CRITICAL,  # in the workers
            )
        with local, Client(local, set_as_default=False) as client:
            yield DaskCluster(client)


@contextmanager
def _workers_environment() -> Iterator[None]:
    """Have workers started with `ENVIRONMENT`, without leaving it, as Dask would, to all else that the user starts."""
    given = {**dask.config.get("distributed.nanny.pre-spawn-environ"), **ENVIRONMENT}
    own = {name: os.environ.get(name, str(value)) for name, value in given.items() if value is not None}
    method = _method(own)
    settings = {
        "distributed.worker.multiprocessing-method": method,
        "distributed.nanny.pre-spawn-environ": {},
    }
    with dask.config.set(settings), _environment(own if method == "spawn" else {}):
        yield


def _method(environment: Mapping[str, str]) -> str:
    """Return how workers are started: forked from a process that has imported what they need, or each on its own."""
    try:
        with _interrupts_held_back(), _environment({**environment, forked_from.VARIABLE: get_temp_dir()}):
            multiprocessing.set_forkserver_preload(IMPORTED)
            forkserver.ensure_running()
    except OSError:  # its socket is a file, whose name may be too long or not allowed
        return "spawn"
    return "forkserver"


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Give processes that are started meanwhile these variables."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)  # whoever runs meanwhile may have done so
            else:
                os.environ[name] = value


def has_semaphores() -> bool:
    """Whether this machine has what processes talk by; a read-only /dev/shm has not."""
    try:
        _track_quietly()  # as a lock would start it with what Python says usually
        multiprocessing.get_context("spawn").Lock()
    except (OSError, ImportError):
        return False
    return True


@contextmanager
def _failures_told() -> Iterator[None]:
    """Turn what Dask raises where a cluster does not start into ClusterError."""
    try:
        yield
    except (RuntimeError, OSError) as error:
        cause: BaseException = error
        while cause.__cause__ or cause.__context__:
            cause = cause.__cause__ or cause.__context__ or cause
        reason = " ".join((str(cause) or type(cause).__name__).split())
        raise ClusterError(
            f"no local cluster could be started ({reason}); give --workers 0 (workers=0) to compute in this process, "
            "or the address of a running scheduler"
        ) from error


@contextmanager
def _workers_without_main() -> Iterator[None]:
    """Start workers that do not run the user's script once more, which tasks do not need.

    Processes of Python's own do, so that a script without `if __name__ == "__main__"` would begin anew in each of them.
    """
    usual = spawn.get_preparation_data

    def without_main(name: str) -> dict[str, Any]:
        prepared = usual(name)
        if name.startswith(_WORKER_NAME):
            for of_main in ("init_main_from_name", "init_main_from_path"):
                prepared.pop(of_main, None)
        return prepared

    spawn.get_preparation_data = without_main
    try:
        yield
    finally:
        spawn.get_preparation_data = usual


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Keep Ctrl-C from the processes that are started meanwhile; this one gets it a moment later.

    A terminal sends it to all processes at once, but only the client knows how to stop in order. Processes and threads
    inherit the mask of blocked signals, so workers that are started again later are spared as well.
    """
    _track_quietly()  # or else it starts with the first worker, and unblocks the signal
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _track_quietly() -> None:
    """Start the process that gives back, at the end, the semaphores that killed workers cannot give back any more.

    Its warning that there were some would come after our last word, and there is nothing to do about it. As a process
    of Python's own it has the filters of warnings that were given on this one's command line.
    """
    given = sys.warnoptions[:]
    sys.warnoptions.append("ignore:resource_tracker")
    try:
        with _environment(_SAFE_PATH):
            resource_tracker.ensure_running()
    finally:
        sys.warnoptions[:] = given
