"""A Dask cluster, started here or found at an address: tasks ahead of the workers, retries, cancellation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext, suppress
from itertools import count, islice
from typing import Any
from uuid import uuid4

from distributed import Client, Future, as_completed
from distributed.client import ClosedClientError
from distributed.scheduler import KilledWorker

from fesdist.cluster.asking import ask_every_worker
from fesdist.cluster.packed import Packed
from fesdist.cluster.parts import Part, ToClient, heard
from fesdist.cluster.scheduler import asked, lost, workers_of
from fesdist.cluster.settings import RETRIES, Item, OnPart, Outcome
from fesdist.cluster.task import Attempt, Signs
from fesdist.cluster.watching import watched
from fesdist.ground.errors import ClusterError
from fesdist.ground.revision import revision

AHEAD = 256
"""Tasks that the scheduler has at least: it hands them out as workers come, and asks for workers as tasks wait."""

AHEAD_PER_WORKER = 4
"""Enough that no worker waits for the client where there are many."""

AT_ONCE = 32
"""Tasks that are sent together, as each message costs as much as some tasks."""

_UNREAD = "Error during deserialization of the task graph"
"""What Dask says, as a plain RuntimeError, of a scheduler that cannot load our classes that tasks are made of."""


class DaskCluster:
    """Runs tasks through a connected client, which stays the caller's to close."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def n_workers(self) -> int:
        """Worker threads that can compute at the same time, now."""
        threads: list[int] = [facts["nthreads"] for facts in asked(self._client, workers_of).values()]
        return max(1, sum(threads))

    @property
    def threads(self) -> int:
        return 1

    def run(
        self,
        function: Callable[..., Any],
        items: Iterable[Item],
        *shared: Any,
        on_part: OnPart[Item] | None = None,
        at_once: int = 1,
    ) -> Iterator[Outcome[Item]]:
        waiting, in_flight, suspects = iter(items), dict[int, tuple[Future, Item]](), list[Item]()
        name, numbers = f"{function.__name__}-{uuid4().hex}", count()
        work = Packed.of((function, shared))
        attempt = Attempt(Signs.here(), work, None if on_part is None else ToClient(name))

        def submit(some: list[Item]) -> list[Future]:
            # Keys of one group, of which the scheduler keeps all but two a worker to itself: who joins gets its share.
            keys = [(name, next(numbers)) for _ in some]
            packed = [Packed.of(item) for item in some]
            new = self._client.map(attempt, packed, key=keys, pure=False, retries=RETRIES) if some else []
            in_flight.update((key[1], (future, item)) for key, future, item in zip(keys, new, some, strict=True))
            return new

        def arrived() -> Iterator[tuple[Item, Any]]:
            for future, result in finished:
                match result:
                    case Part(number, share):
                        if on_part is not None and number in in_flight:
                            on_part(in_flight[number][1], share)
                    case _ if future is None:
                        raise result
                    case _:
                        future.release()
                        yield in_flight.pop(future.key[1])[1], result

        finished = as_completed((), loop=self._client.loop, with_results=True, raise_errors=False)
        try:
            with (
                watched(self._client, lambda reason: finished.queue.put((None, reason))) as seen,
                heard(self._client, name, lambda part: finished.queue.put((None, part))) if on_part else nullcontext(),
            ):
                # A few at a time: items may take as long to find as to work on.
                for _ in range(0, AHEAD, AT_ONCE):
                    finished.update(submit(list(islice(waiting, AT_ONCE))))
                for item, result in arrived():
                    room = max(AHEAD, AHEAD_PER_WORKER * seen.threads) - len(in_flight)
                    if room >= AT_ONCE:
                        finished.update(submit(list(islice(waiting, room))))
                    if _took_workers_down(result):
                        suspects.append(item)
                    else:
                        yield _outcome(item, result)
                # Dask suspects all that a worker had when it died, of which one may be to blame: each is tried alone.
                for suspect in suspects:
                    finished.update(submit([suspect]))
                    for item, result in arrived():
                        yield _outcome(item, result)
        except ClosedClientError as error:
            raise lost(str(error)) from error
        finally:
            if in_flight and self._client.status == "running":
                with suppress(OSError, ClosedClientError):
                    # The last first: in the place of one that runs the next would be started.
                    self._client.cancel([future for future, _ in reversed(in_flight.values())], force=True)

    def on_every_worker(self, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        return ask_every_worker(self._client, function, arguments)


def _took_workers_down(result: Any) -> bool:
    return isinstance(result, tuple) and isinstance(result[1], KilledWorker)


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
        case (_, RuntimeError() as error, _) if str(error).startswith(_UNREAD):
            raise ClusterError(
                "the scheduler cannot import fesdist as it is here; install fesdist "
                f"{revision()} where the scheduler runs, too, and start it again"
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
