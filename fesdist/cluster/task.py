"""What runs on a worker around every task: it tells errors that may pass from errors that will not."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fesdist.cluster.settings import Item, Outcome
from fesdist.ground.errors import FesdistError
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
class WorkerFacts:
    """What a client must know of a worker before it sends tasks there."""

    fesdist: str
    pid: int


def worker_facts() -> WorkerFacts:
    """Return the facts of the process that this runs in."""
    return WorkerFacts(revision(), os.getpid())
