"""What the processes do that race each other, or are killed, in the tests of this room."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from storage.datasets.store import WeightStore
from storage.errors import StorageError
from storage.stack.writer import StackWriter
from tests.drafts import create_draft
from tests.storage.conftest import FACTS, WEIGHTS, fill, person, publish

# Processes of the fork server start within milliseconds, as it has imported all that they need.
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__])


def append_for_ever(path: str) -> None:
    """Append two new people at a time, and one expression more for an old one."""
    with StackWriter.open(path) as writer:
        for n_people in count(len(writer.subjects), 2):
            people = [person(n_people, "neutral", "smiling"), person(n_people + 1, "neutral")]
            old = [] if n_people == 0 else [person(n_people - 1, "smiling", "sad")]
            writer.append([*people, *old])
            writer.assign_holdout(fraction=0.3)


def append_one(path: str, number: int) -> None:
    """Append one person as soon as nobody else writes."""
    while True:
        try:
            with StackWriter.open(path) as writer:
                writer.append([person(number, "neutral", "smiling")])
            return
        except StorageError:
            time.sleep(0.002)


def publish_for_ever(uri: str, label: str) -> None:
    """Publish one draft after the other."""
    for number in count():
        publish(WeightStore(uri), "london", f"{label}-{number}", seed=number)


def publish_some(uri: str, label: str, n_versions: int) -> None:
    """Publish a number of drafts."""
    for number in range(n_versions):
        publish(WeightStore(uri), "london", f"{label}-{number}", seed=number)


def publish_shared(uri: str, draft_id: str) -> None:
    """Create, fill and publish a draft that others are training too."""
    draft = create_draft(WeightStore(uri), "london", draft_id, WEIGHTS, {})
    draft.put_receipt("tile-0", {})
    draft.publish(FACTS, fill(draft))


def promote_some(uri: str, version: int, n_moves: int) -> None:
    """Promote a version again and again."""
    for _ in range(n_moves):
        WeightStore(uri).aliases("london").promote(version, "production")


@contextmanager
def running(function: Callable[..., None], *arguments: Any) -> Iterator[Any]:
    """Run a function in a process of its own, have it begun, and kill it with SIGKILL at the end."""
    begun = _context.Event()
    process = _context.Process(target=_announce, args=(begun, function, *arguments))
    process.start()
    try:
        assert begun.wait(60)
        yield process
    finally:
        process.kill()
        process.join()


def run_together(calls: list[tuple[Any, ...]], seconds: float = 180) -> None:
    """Run all calls (function, *arguments) at once, each in its process; all must succeed in time."""
    processes = [_context.Process(target=function, args=arguments) for function, *arguments in calls]
    for process in processes:
        process.start()
    deadline = time.monotonic() + seconds
    for process in processes:
        process.join(max(0, deadline - time.monotonic()))
    codes = [process.exitcode for process in processes]
    for process in processes:
        process.kill()
        process.join()
    assert codes == [0] * len(processes)


def wait_until(reached: Callable[[], bool], seconds: float = 180) -> None:
    """Wait until something has happened."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, f"nothing happened within {seconds} s"
        time.sleep(0.002)


def instants(longest: float) -> Iterator[tuple[bool, float]]:
    """Yield 24 instants for a kill: (whether to wait for some progress first, seconds to wait then)."""
    for step in range(12):
        yield False, longest * step / 11
        yield True, longest * step / 11


def _announce(begun: Any, function: Callable[..., None], *arguments: Any) -> None:
    begun.set()
    function(*arguments)
