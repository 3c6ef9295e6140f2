"""Asks a scheduler in bounded time, and tells from its answers which workers have fallen silent."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Coroutine, Mapping
from typing import Any, TypeVar

from distributed import Client
from distributed.client import ClosedClientError
from distributed.scheduler import heartbeat_interval

from fesdist.ground.errors import ClusterError
from fesdist.ground.notices import a_few

T = TypeVar("T")

LOGGER = logging.getLogger("fesdist.cluster")
"""Tells what a run waits for; its lines go to the standard error unless a program has handlers of its own."""

SILENT_SECONDS = 10.0
"""Who was not heard of for so long, or longer where many report less often, is told of."""

NAMED = 4
"""Workers that a sentence names, where it is about hundreds."""


def start_again(what: str) -> str:
    """Return what to do when the scheduler, or all workers, are gone."""
    return f"What was finished is stored; start {what} again and repeat the same command to continue"


def lost(why: str) -> ClusterError:
    """Return the error of a scheduler that is gone."""
    return ClusterError(
        f"the connection to the scheduler was lost ({why}): the scheduler died, was restarted or cannot be "
        f"reached. {start_again('the scheduler')}"
    )


def asked(client: Client, question: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> T:
    """Return what `question(client, *arguments)` returns in the client's loop; raises ClusterError if it is cut off."""
    try:
        return client.sync(question, client, *arguments)  # type: ignore[no-any-return]
    except (OSError, ClosedClientError) as error:
        raise lost(str(error) or type(error).__name__) from error


async def workers_of(client: Client) -> dict[str, dict[str, Any]]:
    """Return what the scheduler knows of each worker, by address; raises TimeoutError if it is silent, or OSError."""
    if client.scheduler is None:
        raise OSError("the client was closed")
    try:
        identity = await asyncio.wait_for(client.scheduler.identity(n_workers=-1), SILENT_SECONDS)
    except TimeoutError as error:
        raise TimeoutError(f"it has not answered for {SILENT_SECONDS:.0f} s") from error
    workers: dict[str, dict[str, Any]] = identity["workers"]
    return workers


def seconds_between_looks(n_workers: int) -> float:
    """Return how often it is worth looking at workers, which report less often the more they are."""
    return max(1.0, float(heartbeat_interval(n_workers)))


def named(addresses: Collection[str]) -> str:
    """Return addresses as they stand in a sentence: a few, and how many more."""
    return a_few(sorted(addresses), most=NAMED)


class Heard:
    """When each worker was last heard of, by this process's clock, as those of other machines may be wrong."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, float]] = {}
        self.patience = SILENT_SECONDS
        """After how many seconds without a word a worker counts as silent: five of its reports."""

    def silent(self, workers: Mapping[str, Mapping[str, Any]]) -> set[str]:
        """Take what a scheduler knows now, and return the workers that it has not heard of for too long."""
        self.patience = max(SILENT_SECONDS, 5 * seconds_between_looks(len(workers)))
        now, last = time.monotonic(), self._last
        self._last = {
            address: last[address] if last.get(address, (None,))[0] == facts["last_seen"] else (facts["last_seen"], now)
            for address, facts in workers.items()
        }
        return {address for address, (_, since) in self._last.items() if now - since >= self.patience}
