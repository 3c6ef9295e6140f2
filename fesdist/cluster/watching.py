"""Watches a scheduler and its workers while a run waits for them: tells who is silent, and when waiting is in vain."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from distributed import Client

from fesdist.cluster.scheduler import (
    LOGGER,
    SILENT_SECONDS,
    Heard,
    lost,
    named,
    seconds_between_looks,
    start_again,
    workers_of,
)
from fesdist.ground.errors import ClusterError

GIVE_UP_SECONDS = 600.0
"""The longest that a run waits for a scheduler that does not answer, or for a first worker to come."""


@dataclass
class Seen:
    """What was there at the last look."""

    threads: int = 0
    """Of all workers: how many tasks they can do at the same time."""


@contextmanager
def watched(client: Client, in_vain: Callable[[ClusterError], None]) -> Iterator[Seen]:
    """Watch a scheduler while the block runs, and yield what is seen.

    `in_vain` is called, in the client's loop, with the reason for which no result will come.
    """
    seen = Seen()
    watching = asyncio.run_coroutine_threadsafe(_watch(client, in_vain, seen), client.loop.asyncio_loop)  # type: ignore[union-attr]
    try:
        yield seen
    finally:
        watching.cancel()


async def _watch(client: Client, in_vain: Callable[[ClusterError], None], seen: Seen) -> None:
    heard, told, waited_for, since = Heard(), set[str](), "", time.monotonic()
    pause = seconds_between_looks(0)
    while True:
        await asyncio.sleep(pause)
        try:
            workers = await workers_of(client)
            seen.threads = sum(facts["nthreads"] for facts in workers.values())
            trouble = "" if workers else "workers"
        except TimeoutError:
            trouble = "the scheduler"
        except OSError as error:  # Dask tells of some tasks that they are cancelled now, and of others nothing
            in_vain(lost(str(error) or type(error).__name__))
            return
        now = time.monotonic()
        if trouble != waited_for:
            since = now - SILENT_SECONDS * (trouble == "the scheduler")
            _tell_of_cluster(trouble)
            waited_for = trouble
        if trouble:
            if now - since >= GIVE_UP_SECONDS:
                in_vain(ClusterError(f"waited {GIVE_UP_SECONDS:.0f} s for {trouble} in vain. {start_again(trouble)}"))
                return
            continue
        pause = seconds_between_looks(len(workers))
        silent = heard.silent(workers)
        _tell_of_workers(silent - told, (told - silent) & set(workers), heard.patience)
        told = silent


def _tell_of_cluster(trouble: str) -> None:
    match trouble:
        case "the scheduler":
            LOGGER.warning("the scheduler has not answered for %.0f s; waiting for it", SILENT_SECONDS)
        case "workers":
            LOGGER.warning("the scheduler has no workers; waiting for some to come")
        case _:
            LOGGER.warning("the cluster is there again; going on")


def _tell_of_workers(fallen_silent: set[str], back: set[str], patience: float) -> None:
    if fallen_silent:
        LOGGER.warning(
            "nothing was heard of %s for %.0f s; what is computed there is given to other workers when the scheduler "
            "gives it up (worker-ttl), unless it answers before",
            named(fallen_silent),
            patience,
        )
    if back:
        LOGGER.warning("%s is heard of again", named(back))
