"""Workers begin to import what they need while this process does the same, not after it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from fesdist.requests.groups import SCHEDULER_VARIABLE, Computing


@contextmanager
def workers_begun(request: type[Any], words: Sequence[str]) -> Iterator[None]:
    """Begin in the block with what workers are forked from, where the words of a request will ask for workers here.

    Words are understood later: for that models have to be imported. Where the block fails, nothing goes on.
    """
    if not foreseen(request, words):
        yield
        return
    from fesdist.cluster import forking

    if forking.has_semaphores():
        forking.begin(request.TASKS)
    try:
        yield
    except BaseException:
        forking.give_up()
        raise


def foreseen(request: type[Any], words: Sequence[str]) -> bool:
    """Return whether workers will be started here, as far as that can be told of words that may be wrong."""
    if not issubclass(request, Computing) or {"-h", "--help"} & set(words):
        return False
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    for name in ("--workers", "--scheduler"):
        parser.add_argument(name)
    try:
        said, _ = parser.parse_known_args(words)
    except argparse.ArgumentError:
        return False
    if said.workers is not None:
        return said.workers.isdecimal() and int(said.workers) > 0
    elsewhere = said.scheduler or os.environ.get(SCHEDULER_VARIABLE)
    return request.ALWAYS_WORKERS and not elsewhere
