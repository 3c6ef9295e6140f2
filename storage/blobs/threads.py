"""Threads in which documents are read and written, many at once: all places answer slowly, some of them very slowly."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import lru_cache
from typing import TypeVar

AT_ONCE = 8
"""On disks: unpacking takes a processor, and a journal commits a few files together."""

REQUESTS_AT_ONCE = 32
"""In object stores: one after the other, answers would take longer than all the work between them."""

T = TypeVar("T")
R = TypeVar("R")


@lru_cache
def threads(number: int) -> ThreadPoolExecutor:
    """Return this process's threads for so many documents at once; what runs in them must not wait for others there."""
    return ThreadPoolExecutor(number, "documents")


if hasattr(os, "register_at_fork"):
    # Whoever is forked has none of these threads: what it gave them to do would wait for ever.
    os.register_at_fork(after_in_child=threads.cache_clear)


def each(work: Callable[[T], R], items: Sequence[T], number: int) -> list[R]:
    """Return what `work` returns of each item, `number` of them at once; raises what the first that fails raises."""
    if len(items) == 1:
        return [work(items[0])]
    waiting: list[Future[R]] = []
    try:
        # Not `map`, which would go on with the others after a failure; it may also come while they are handed out.
        for item in items:
            waiting.append(threads(number).submit(work, item))
        return [one.result() for one in waiting]
    finally:
        # After a failure as well nothing goes on behind the caller's back.
        wait([one for one in waiting if not one.cancel()])
