"""A Dask cluster, started here or found at an address: bounded submission, retries, cancellation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from distributed import Client, Future, as_completed
from distributed.client import ClosedClientError
from distributed.scheduler import KilledWorker

from fesdist.cluster.asking import ask_every_worker
from fesdist.cluster.scheduler import asked, lost, workers_of
from fesdist.cluster.settings import RETRIES, Item, Outcome
from fesdist.cluster.task import attempt_as
from fesdist.cluster.watching import watched
from fesdist.ground.errors import ClusterError
from fesdist.ground.revision import revision

TASKS_IN_FLIGHT_PER_WORKER = 4
"""Enough that no worker waits for the client, few enough that a cancelled run has little left to stop."""


class DaskCluster:
    """Runs tasks through a connected client, which stays the caller's to close."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def n_workers(self) -> int:
        """Worker threads that can compute at the same time, now."""
        threads: list[int] = [facts["nthreads"] for facts in asked(self._client, workers_of).values()]
        return max(1, sum(threads))

    def run(self, function: Callable[..., Any], items: Iterable[Item], *shared: Any) -> Iterator[Outcome[Item]]:
        waiting = iter(items)
        in_flight: dict[Future, Item] = {}

        def submit(number: int) -> list[Future]:
            new = {
                self._client.submit(attempt_as, revision(), function, item, shared, pure=False, retries=RETRIES): item
                for item in islice(waiting, number)
            }
            in_flight.update(new)
            return list(new)

        finished = as_completed(
            submit(TASKS_IN_FLIGHT_PER_WORKER * self.n_workers),
            loop=self._client.loop,
            with_results=True,
            raise_errors=False,
        )
        try:
            with watched(self._client, lambda reason: finished.queue.put((None, reason))):
                for future, result in finished:
                    if future is None:
                        raise result
                    item = in_flight.pop(future)
                    outcome = _outcome(item, result)
                    future.release()
                    finished.update(submit(1))
                    yield outcome
        except ClosedClientError as error:
            raise lost(str(error)) from error
        finally:
            if in_flight and self._client.status == "running":
                with suppress(OSError, ClosedClientError):
                    self._client.cancel(list(in_flight), force=True)

    def on_every_worker(self, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        return ask_every_worker(self._client, function, arguments)


def _outcome(item: Item, result: Any) -> Outcome[Item]:
    """Return what came home: not what the future is by now, as its worker may have died since."""
    match result:
        case Outcome(error=ClusterError() as error):
            # Of the worker, not of the item: every other task that it gets would end like this.
            raise error
        case Outcome():
            return result
        case (_, KilledWorker() as error, _):
            return Outcome(item, error=_killed(item, error))
        case (_, ImportError() as error, _):
            raise ClusterError(
                f"a worker cannot import what tasks need ({error}); install fesdist {revision()} where the workers run"
            ) from error
        case (_, error, _):
            return Outcome(item, error=error)
        case _:
            raise lost("the tasks that ran were cancelled")


def _killed(item: object, error: KilledWorker) -> ClusterError:
    return ClusterError(
        f"task {str(item)[:60]} took {error.allowed_failures + 1} workers down with it, the last one "
        f"{error.last_worker.address}: it needs more memory than the workers have (see --memory), or crashes them; "
        "their logs tell which"
    )
