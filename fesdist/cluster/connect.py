"""Opens the cluster that the settings ask for, and closes what it opened."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING

from fesdist.cluster.in_process import InProcessCluster
from fesdist.cluster.settings import Cluster, ClusterSettings
from fesdist.cluster.task import worker_facts
from fesdist.ground.errors import ClusterError
from fesdist.ground.revision import revision

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Cluster", "ClusterSettings", "open_cluster"]

CONNECT_SECONDS = 10
MEMORY_LIMIT_FACTOR = 1.25
"""A worker is stopped when it exceeds its allowed memory by a quarter: the plan was wrong, and swapping is no help."""


@contextmanager
def open_cluster(settings: ClusterSettings) -> Iterator[Cluster]:
    """Yield a cluster: this process (`workers=0`), a local Dask cluster, or the workers of a running scheduler.

    Raises ClusterError when the scheduler does not answer, has no workers, or its workers run another fesdist.
    """
    if settings.scheduler is not None:
        with _connected(settings.scheduler, settings.memory) as cluster:
            yield cluster
    elif settings.local_workers == 0:
        yield InProcessCluster()
    else:
        with _started(settings.local_workers, settings.memory) as cluster:
            yield cluster


def count_workers(settings: ClusterSettings) -> int:
    """Return how many tasks can run at the same time, without starting a local cluster; raises as `open_cluster`."""
    if settings.scheduler is None:
        return max(1, settings.local_workers)
    with open_cluster(settings) as cluster:
        return cluster.n_workers


@contextmanager
def _started(n_workers: int, memory: int) -> Iterator[Cluster]:
    import dask
    from distributed import Client, LocalCluster

    from fesdist.cluster.dask_cluster import DaskCluster

    # Memory is planned tile by tile; Dask's own measures (spilling, pausing) only get in the way of a plan that fits.
    _silence_dask()
    own_plan = {f"distributed.worker.memory.{measure}": False for measure in ("target", "spill", "pause")}
    with dask.config.set(own_plan):
        with _interrupts_held_back():
            local = LocalCluster(
                n_workers=n_workers,
                threads_per_worker=1,
                memory_limit=int(memory * MEMORY_LIMIT_FACTOR),
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                worker_dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,  # in the workers
            )
        with local, Client(local, set_as_default=False) as client:
            yield DaskCluster(client)


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Keep Ctrl-C from the processes that are started meanwhile; this one gets it a moment later.

    A terminal sends it to all processes at once, but only the client knows how to stop in order. Processes and threads
    inherit the mask of blocked signals, so workers that are started again later are spared as well.
    """
    resource_tracker.ensure_running()  # or else it starts with the first worker, and unblocks the signal
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


@contextmanager
def _connected(address: str, memory: int) -> Iterator[Cluster]:
    from distributed import Client
    from distributed.utils import LoopRunner

    from fesdist.cluster.dask_cluster import DaskCluster

    _silence_dask()
    try:
        # A client that cannot connect may take 20 seconds to give up, and complains when it is removed.
        LoopRunner().run_sync(_greet, address)
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
        reason = str(error) or type(error).__name__
        raise ClusterError(
            f"no Dask scheduler answers at {address!r} ({reason}); expected the address of a running `dask scheduler`, "
            "such as tcp://127.0.0.1:8786. Start one, or leave --scheduler out for a local cluster"
        ) from error
    with client:
        _check_workers(client, address, memory)
        yield DaskCluster(client)


async def _greet(address: str) -> None:
    from distributed.comm.core import connect
    from distributed.security import Security

    arguments = Security().get_connection_args("client")
    # Some other server might take the connection and never say a word.
    connection = await asyncio.wait_for(connect(address, timeout=CONNECT_SECONDS, **arguments), CONNECT_SECONDS + 1)
    await connection.close()


def _silence_dask() -> None:
    """Keep the reports of Dask and its event loop from the terminal: what matters of them arrives as our errors."""
    for logger in ("distributed", "distributed.client", "tornado.application", "asyncio"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)


def _check_workers(client: Client, address: str, memory: int) -> None:
    try:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
    except TimeoutError as error:
        raise ClusterError(
            f"the scheduler at {address} has no workers; start at least one with `dask worker {address} --nthreads 1`"
        ) from error
    try:
        facts = client.run(worker_facts)
    except ImportError as error:
        raise ClusterError(
            f"a worker of {address} cannot import fesdist ({error}); install fesdist {revision()} where the workers run"
        ) from error
    for worker, found in facts.items():
        if found.fesdist != revision():
            raise ClusterError(
                f"worker {worker} has fesdist {found.fesdist}, this client has {revision()}; install the same "
                "version on both sides"
            )
    for worker, information in client.scheduler_info(n_workers=-1)["workers"].items():
        if 0 < (limit := information["memory_limit"] / information["nthreads"]) < memory:
            raise ClusterError(
                f"worker {worker} has {limit / 2**20:.0f} MiB of memory for each thread, less than the "
                f"{memory / 2**20:.0f} MiB that --memory allows a task; give --memory {limit / 2**20:.0f}MiB or less, "
                "or start the workers with a larger --memory-limit"
            )
