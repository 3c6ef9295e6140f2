"""The workers of a scheduler that runs already: connected to, checked, and let go of, each in bounded time."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from distributed import Client
from distributed.comm.core import connect
from distributed.security import Security
from distributed.utils import LoopRunner

from fesdist.cluster.asking import ask_every_worker
from fesdist.cluster.dask_cluster import DaskCluster
from fesdist.cluster.refusal import unreadable, why_refused
from fesdist.cluster.scheduler import LOGGER, asked, workers_of
from fesdist.cluster.settings import Cluster
from fesdist.cluster.task import Signs, check_signs
from fesdist.cluster.watching import GIVE_UP_SECONDS
from fesdist.ground.errors import ClusterError

CONNECT_SECONDS = 10
CLOSE_SECONDS = 5


@contextmanager
def connected(address: str, memory: int) -> Iterator[Cluster]:
    """Yield the workers of the scheduler at `address`, each of which must have room for tasks of `memory` bytes."""
    try:
        arguments = Security().get_connection_args("client")
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ClusterError(unreadable(error)) from error
    try:
        # A client that cannot connect may take 20 seconds to give up, and complains when it is removed.
        LoopRunner().run_sync(_greet, address, arguments)
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
        raise ClusterError(why_refused(address, error)) from error
    try:
        _check_workers(client, address, memory)
        yield DaskCluster(client)
    finally:
        with suppress(TimeoutError):
            client.close(timeout=CLOSE_SECONDS)


async def _greet(address: str, arguments: dict[str, Any]) -> None:
    # Some other server might take the connection and never say a word.
    connection = await asyncio.wait_for(connect(address, timeout=CONNECT_SECONDS, **arguments), CONNECT_SECONDS + 1)
    await connection.close()


def _check_workers(client: Client, address: str, memory: int) -> None:
    workers = _first_workers(client, address)
    ask_every_worker(client, check_signs, (Signs.here(),))
    for worker, facts in workers.items():
        if 0 < (limit := facts["memory_limit"] // facts["nthreads"]) < memory:
            raise ClusterError(
                f"worker {worker} has {limit // 2**20} MiB of memory for each thread, less than the "
                f"{math.ceil(memory / 2**20)} MiB that --memory allows a task; give --memory {limit // 2**20}MiB or "
                "less, or start the workers with a larger --memory-limit"
            )


def _first_workers(client: Client, address: str) -> dict[str, dict[str, Any]]:
    """Return the workers that are there; where there are none, wait for the first and say so."""
    knock = None
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while not (workers := asked(client, workers_of)):
        start_one = f"start at least one with `dask worker {address} --nthreads 1`"
        if knock is None:
            # Whoever brings workers as there is work, as adaptive clusters do, has to see some.
            knock = client.submit(int, pure=False)
            LOGGER.warning("%s has no workers; waiting %.0f s for the first: %s", address, GIVE_UP_SECONDS, start_one)
        if time.monotonic() > deadline:
            raise ClusterError(
                f"the scheduler at {address} has no workers, and none came in {GIVE_UP_SECONDS:.0f} s; {start_one}"
            )
        time.sleep(0.1)
    return workers
