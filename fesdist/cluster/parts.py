"""How far tasks are, told by workers through the scheduler while they run: a few bytes, every other second."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from distributed import Client, get_worker

from fesdist.ground.share import Tell

TOPIC = "fesdist-parts"
"""One for all runs, as a scheduler keeps a log of every topic that it ever heard of."""

SECONDS_BETWEEN = 2.0
"""Between two messages of a task; one that is done sooner tells nothing."""


class Part(NamedTuple):
    """What a task tells of itself."""

    number: int
    share: float
    """What is done of it, from 0 to 1."""


@dataclass(frozen=True)
class ToClient:
    """Called in a task of a run, returns what tells its client how far the task is."""

    run: str

    def __call__(self) -> Tell:
        worker: Any = get_worker()
        _, number = worker.get_current_task()
        told = time.monotonic()

        def tell(share: float) -> None:
            nonlocal told
            now = time.monotonic()
            if now - told >= SECONDS_BETWEEN:
                told = now
                worker.log_event(TOPIC, {"run": self.run, "number": number, "share": share})

        return tell


@contextmanager
def heard(client: Client, run: str, on_part: Callable[[Part], None]) -> Iterator[None]:
    """Meanwhile call `on_part`, in the client's loop, with what tasks of a run tell."""

    def hear(event: tuple[float, Any]) -> None:
        _, message = event
        if message["run"] == run:
            on_part(Part(message["number"], message["share"]))

    client.subscribe_topic(TOPIC, hear)
    try:
        yield
    finally:
        if client.status == "running":
            client.unsubscribe_topic(TOPIC)
