"""A cluster larger than the machine: a real scheduler, and processes of many real workers whose tasks only sleep.

`python -m tests.benchmarks.simulated scheduler` prints its address; `... workers ADDRESS N` adds N workers.
"""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import dask
import msgspec
from distributed import Scheduler, Worker
from tornado.iostream import IOStream

from fesdist.passes.stage import Stage
from fesdist.training.context import TaskAddress
from fesdist.training.tile_report import TileReport

HOSTS = 2
"""Processes that the workers are in; each of them is one thread and some Python a task."""

GOLDEN = 0.6180339887498949
"""Multiples of it, without their whole parts, are spread evenly."""

LOOPBACK: dict[str, Any] = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}


@dataclass(frozen=True)
class SleepingStage(Stage[int, TileReport]):
    """Tiles that take `seconds` and no processor: as large on their way as `TileStage`, and so are their reports."""

    address: TaskAddress
    receipt: str
    """A file with the receipt of a real tile."""
    seconds: float
    """On average; they differ by a fifth, as real ones do: workers in step would all ask at once."""

    def lasting(self, key: int) -> float:
        """Return the seconds of a tile."""
        return self.seconds * (0.8 + 0.4 * (key * GOLDEN % 1.0))

    def work(self, key: int) -> TileReport:
        """Sleep, and return the report of a real tile."""
        time.sleep(self.lasting(key))
        return _report(self.receipt)


@lru_cache(maxsize=1)
def _report(path: str) -> TileReport:
    return msgspec.json.decode(Path(path).read_bytes(), type=TileReport)


@dataclass(frozen=True)
class Spent:
    """What a process has spent since it began."""

    cpu_seconds: float
    sent: int
    received: int
    """Bytes on connections."""

    def since(self, before: Spent) -> Spent:
        """Return what was spent after `before`."""
        return Spent(self.cpu_seconds - before.cpu_seconds, self.sent - before.sent, self.received - before.received)


_bytes = {"sent": 0, "received": 0}


def spent() -> Spent:
    """Return what this process has spent."""
    return Spent(time.process_time(), **_bytes)


def process_spent() -> tuple[int, float]:
    """Return the number of this process, which many workers share, and its CPU seconds."""
    return os.getpid(), time.process_time()


@contextmanager
def simulated_cluster(n_workers: int) -> Iterator[str]:
    """Yield the address of a scheduler that has `n_workers` workers of one thread, in processes of their own."""
    shares = [n_workers // HOSTS + (host < n_workers % HOSTS) for host in range(HOSTS)]
    with ExitStack() as started:
        scheduler = started.enter_context(_program("scheduler"))
        address = str(scheduler.stdout.readline()).strip()  # type: ignore[union-attr]
        for share in filter(None, shares):
            started.enter_context(_program("workers", address, str(share)))
        yield address


@contextmanager
def _program(*words: str) -> Iterator[subprocess.Popen[str]]:
    """Start a process of this file, which ends when its input does, whatever becomes of this one."""
    command = [sys.executable, "-m", "tests.benchmarks.simulated", *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(0)


def _count_bytes() -> None:
    """Have the connections of this process count what they send and receive."""
    for name, direction in (("read_from_fd", "received"), ("write_to_fd", "sent")):
        setattr(IOStream, name, _counting(getattr(IOStream, name), direction))


def _counting(plain: Callable[..., int | None], direction: str) -> Callable[..., int | None]:
    def counting(stream: IOStream, data: Any) -> int | None:
        number = plain(stream, data)
        _bytes[direction] += number or 0
        return number

    return counting


async def _schedule() -> None:
    _count_bytes()
    async with Scheduler(port=0, **LOOPBACK) as scheduler:
        print(scheduler.address, flush=True)
        await scheduler.finished()


async def _work(address: str, number: int) -> None:
    # What each worker does beside its tasks has a machine of its own elsewhere.
    aside = {"distributed.worker.profile.enabled": False, "distributed.admin.system-monitor.interval": "10s"}
    with dask.config.set(aside):
        await _work_aside(address, number)


async def _work_aside(address: str, number: int) -> None:
    async with AsyncExitStack() as workers:
        there = [
            await workers.enter_async_context(Worker(address, nthreads=1, memory_limit=0, **LOOPBACK))
            for _ in range(number)
        ]
        await asyncio.gather(*(worker.finished() for worker in there))


def main() -> None:
    """Be a scheduler, or many workers, until told to end."""
    for name in ("distributed", "distributed.worker", "distributed.scheduler"):
        logging.getLogger(name).setLevel(logging.ERROR)
    threading.Thread(target=_end_with_input, daemon=True).start()
    match sys.argv[1:]:
        case ["scheduler"]:
            asyncio.run(_schedule())
        case ["workers", address, number]:
            asyncio.run(_work(address, int(number)))


if __name__ == "__main__":
    from tests.benchmarks import simulated  # not __main__: who asks on the scheduler finds the module by its name

    simulated.main()
