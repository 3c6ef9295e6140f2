"""What runs on a worker around every task: it tells errors that may pass from errors that will not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fesdist.cluster.settings import Item, Outcome
from fesdist.ground.errors import ClusterError, FesdistError
from fesdist.ground.revision import revision
from storage.errors import StorageError


def attempt(function: Callable[..., Any], item: Item, shared: tuple[Any, ...]) -> Outcome[Item]:
    """Call `function(item, *shared)` once.

    Our own errors describe something that will be the same at the next attempt, so they are an outcome. Any other
    exception is raised, and whoever runs the task tries it again.
    """
    try:
        return Outcome(item, result=function(item, *shared))
    except (FesdistError, StorageError) as error:
        return Outcome(item, error=error)


@dataclass(frozen=True)
class Attempt:
    """What a client of the revision `expected` sends along with an item; tasks that it sends together share it."""

    expected: str
    function: Callable[..., Any]
    shared: tuple[Any, ...]

    def __call__(self, item: Item) -> Outcome[Item]:
        """Do as `attempt`, unless this process has another revision: workers may join at any time."""
        try:
            check_revision(self.expected)
        except ClusterError as error:
            return Outcome(item, error=error)
        return attempt(self.function, item, self.shared)


def check_revision(expected: str) -> None:
    """Raise ClusterError unless this process has the revision `expected`."""
    if (found := revision()) != expected:
        raise ClusterError(
            f"a worker on {socket.gethostname()} has fesdist {found}, this client has {expected}; install the same "
            "version on both sides"
        )


async def answer(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Outcome[None]:
    """Call `function(*arguments)` in a thread, so that the worker can report meanwhile; an error is an outcome, too."""
    try:
        return Outcome(None, result=await asyncio.to_thread(function, *arguments))
    except Exception as error:
        return Outcome(None, error=error)
