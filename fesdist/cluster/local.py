"""A Dask cluster of this machine, started and stopped with the run, and closed to everybody else who uses it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing import spawn
from typing import Any

import dask
from distributed import Client, LocalCluster, utils

from fesdist.cluster import forking
from fesdist.cluster.certificate import temporary_security
from fesdist.cluster.dask_cluster import DaskCluster
from fesdist.cluster.refusal import causes, in_a_line
from fesdist.cluster.settings import Cluster
from fesdist.ground.errors import ClusterError

MEMORY_LIMIT_FACTOR = 1.25
"""Dask's limit of a worker is so many times its allowed memory. At 95 % of that it is stopped: the plan was wrong, and
swapping is no help."""

_WORKER_NAME = "Dask Worker process"
"""How the names of processes begin that Dask starts."""

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


@contextmanager
def started(n_workers: int, memory: int, imported: Sequence[str] = ()) -> Iterator[Cluster]:
    """Yield a cluster of `n_workers` processes that may use `memory` bytes each, and have `imported` these modules.

    Whoever can talk to a scheduler or a worker can run code there, and ports of the loopback are open to all users of
    a machine: so the processes take only each other's certificate, which is made now and is in their memory alone.
    """
    with dask.config.set(OWN_SETTINGS), _workers_without_main(), _workers_environment(imported):
        security = temporary_security()
        with ExitStack() as opened:
            with forking.interrupts_held_back(), _failures_told():
                local = LocalCluster(
                    n_workers=n_workers,
                    threads_per_worker=1,
                    memory_limit=int(memory * MEMORY_LIMIT_FACTOR),
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",
                    worker_dashboard_address="127.0.0.1:0",
                    security=security,
                    # What they are forked from has ours as it was when the first cluster was started.
                    env=dict(os.environ),
                    silence_logs=logging.CRITICAL,  # in the workers
                )
                opened.enter_context(local)  # here, as what was held back comes at the end of this block
            yield DaskCluster(opened.enter_context(Client(local, set_as_default=False)))


@contextmanager
def _workers_environment(imported: Sequence[str]) -> Iterator[None]:
    """Have workers started with what they are given, without leaving it, as Dask would, to all that the user starts.

    They are forked from a process that has imported what they need, or each is started on its own.
    """
    own = forking.environment()
    method = "forkserver" if forking.begin(imported) else "spawn"
    # Or Dask would say what that process imports, after it has, and import it all here first: pandas with it.
    utils._forkserver_preload_set = method == "forkserver"
    settings = {"distributed.worker.multiprocessing-method": method, forking.GIVEN: {}}
    with dask.config.set(settings), forking.given(own if method == "spawn" else {}):
        yield


@contextmanager
def _failures_told() -> Iterator[None]:
    """Turn what Dask raises where a cluster does not start into ClusterError."""
    try:
        yield
    except (RuntimeError, OSError) as error:
        *_, first = causes(error)
        raise ClusterError(
            f"no local cluster could be started ({in_a_line(first)}); give --workers 0 (workers=0) to compute in this "
            "process, or the address of a running scheduler"
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
