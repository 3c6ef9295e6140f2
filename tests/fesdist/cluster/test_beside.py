"""Tasks that run beside each other in this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from pathlib import Path

import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.cluster.settings import RETRIES
from fesdist.ground.errors import TileError
from fesdist.ground.share import heed, tell

PATIENCE = 60.0
WORD: ContextVar[str] = ContextVar("word", default="nothing")


def _meet(item: int, barrier: threading.Barrier) -> int:
    barrier.wait(PATIENCE)
    return 10 * item


def test_as_many_run_as_there_are_threads_and_room_for_them() -> None:
    """Each waits for two others, so that fewer at once would never end."""
    outcomes = InProcessCluster(3).run(_meet, range(6), threading.Barrier(3), at_once=7)
    assert sorted((outcome.item, outcome.result) for outcome in outcomes) == [(n, 10 * n) for n in range(6)]


@pytest.mark.parametrize(("threads", "at_once"), [(1, 5), (5, 1), (2, 5), (5, 2)])
def test_no_more_run_than_there_are_threads_and_room_for_them(threads: int, at_once: int) -> None:
    running, most, lock = 0, 0, threading.Lock()

    def count(item: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1
        return item

    assert len(list(InProcessCluster(threads).run(count, range(9), at_once=at_once))) == 9
    assert most <= min(threads, at_once)


def test_items_are_not_taken_before_there_is_a_thread_for_them() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    outcomes = InProcessCluster(2).run(lambda item: item, items(), at_once=2)
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    assert len(taken) <= 3


def test_what_a_task_tells_is_heard_in_the_thread_of_the_caller() -> None:
    heard: list[tuple[int, float, int]] = []

    def half(item: int) -> None:
        tell(0.5)
        tell(1)

    def hear(item: int, share: float) -> None:
        heard.append((item, share, threading.get_ident()))

    list(InProcessCluster(2).run(half, [1, 2], on_part=hear, at_once=2))
    here = threading.get_ident()
    assert sorted(heard) == [(item, share, here) for item in (1, 2) for share in (0.5, 1)]


def test_tasks_see_the_context_of_the_caller() -> None:
    token = WORD.set("something")
    try:
        outcomes = list(InProcessCluster(2).run(lambda item: WORD.get(), [1, 2], at_once=2))
    finally:
        WORD.reset(token)
    assert [outcome.result for outcome in outcomes] == ["something", "something"]


def _wait_for_the_end(item: int, started: threading.Barrier, ended: list[int], step: Callable[[], None]) -> None:
    if item < 2:
        started.wait(PATIENCE)
    if item == 0:
        return
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        step()
        time.sleep(0.001)
    ended.append(item)


@pytest.mark.parametrize("step", [partial(tell, 0.1), heed], ids=["tell", "heed"])
@pytest.mark.parametrize("listens", [True, False])
def test_leaving_the_loop_ends_tasks_where_they_heed_it_or_tell_how_far_they_are(
    listens: bool, step: Callable[[], None]
) -> None:
    ended: list[int] = []
    on_part = (lambda item, share: None) if listens else None
    outcomes = InProcessCluster(2).run(
        _wait_for_the_end, range(9), threading.Barrier(2), ended, step, on_part=on_part, at_once=2
    )
    assert next(outcomes).item == 0
    start = time.monotonic()
    outcomes.close()  # type: ignore[attr-defined]
    assert time.monotonic() - start < PATIENCE / 2
    assert ended == []


def _fail(item: int, folder: Path) -> int:
    (folder / f"{item}-{time.monotonic_ns()}").touch()
    if item == 1:
        raise TileError("of ours")
    if item == 2:
        raise OSError("of others")
    return item


def test_failures_are_outcomes_and_those_that_may_pass_are_tried_again(tmp_path: Path) -> None:
    outcomes = InProcessCluster(3).run(_fail, range(4), tmp_path, at_once=3)
    errors = {outcome.item: str(outcome.error or "") for outcome in outcomes}
    assert errors == {0: "", 1: "of ours", 2: "of others", 3: ""}
    tries = [len(list(tmp_path.glob(f"{item}-*"))) for item in range(4)]
    assert tries == [1, 1, 1 + RETRIES, 1]


def test_what_ends_a_thread_is_not_waited_for_in_vain() -> None:
    def leave(item: int) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        list(InProcessCluster(2).run(leave, [1, 2], at_once=2))
