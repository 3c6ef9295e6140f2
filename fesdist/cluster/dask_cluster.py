"""A Dask cluster, started here or found at an address: bounded submission, retries, cancellation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from distributed import Client, Future, as_completed
from distributed.scheduler import KilledWorker

from fesdist.cluster.settings import RETRIES, Item, Outcome
from fesdist.cluster.task import attempt
from fesdist.ground.errors import ClusterError

TASKS_IN_FLIGHT_PER_WORKER = 4
"""Enough that no worker waits for the client, few enough that a cancelled run has little left to stop."""


class DaskCluster:
    """Runs tasks through a connected client, which stays the caller's to close."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def n_workers(self) -> int:
        """Worker threads that can compute at the same time, now."""
        threads: dict[str, int] = self._client.nthreads()
        return max(1, sum(threads.values()))

    def run(self, function: Callable[..., Any], items: Iterable[Item], *shared: Any) -> Iterator[Outcome[Item]]:
        waiting = iter(items)
        in_flight: dict[Future, Item] = {}

        def submit(number: int) -> list[Future]:
            new = {
                self._client.submit(attempt, function, item, shared, pure=False, retries=RETRIES): item
                for item in islice(waiting, number)
            }
            in_flight.update(new)
            return list(new)

        try:
            finished = as_completed(
                submit(TASKS_IN_FLIGHT_PER_WORKER * self.n_workers),
                loop=self._client.loop,
                with_results=True,
                raise_errors=False,
            )
            for future, result in finished:
                item = in_flight.pop(future)
                outcome = self._outcome(item, future, result)
                future.release()
                finished.update(submit(1))
                yield outcome
        finally:
            if in_flight and self._client.status == "running":
                self._client.cancel(list(in_flight), force=True)

    def on_every_worker(self, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        return dict(self._client.run(function, *arguments))

    def _outcome(self, item: Item, future: Future, result: Any) -> Outcome[Item]:
        match future.status:
            case "finished":
                return result  # type: ignore[no-any-return]
            case "error":
                error = result[1]
                return Outcome(item, error=_killed(item, error) if isinstance(error, KilledWorker) else error)
            case status:
                raise ClusterError(
                    f"the connection to the scheduler was lost while tasks were running (a task is {status!r}): the "
                    "scheduler died, was restarted or cannot be reached. What was finished is stored; start the "
                    "scheduler again and repeat the same command to continue"
                )


def _killed(item: object, error: KilledWorker) -> ClusterError:
    return ClusterError(
        f"task {str(item)[:60]} took {error.allowed_failures + 1} workers down with it, the last one "
        f"{error.last_worker.address}: it needs more memory than the workers have (see --memory), or crashes them; "
        "their logs tell which"
    )
