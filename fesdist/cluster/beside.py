"""Tasks in threads of this process: kernels and disks let go of Python, so that one computes while another waits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from itertools import islice
from queue import SimpleQueue
from threading import Event

from fesdist.cluster.settings import Item, OnPart, Outcome
from fesdist.ground.share import ended_by, told_to


class _Stopped(BaseException):
    """Ends a task whose outcome nobody waits for; no error of the task's own, so that nothing tries it again."""


def run_beside(
    work: Callable[[Item], Outcome[Item]], items: Iterable[Item], threads: int, on_part: OnPart[Item] | None
) -> Iterator[Outcome[Item]]:
    """Yield what `work` returns of each item, as it comes, with so many at work at the same time.

    `on_part` is called in the caller's thread. Closing the iterator, or an exception in the loop around it, ends tasks
    where they next heed it, or tell how far they are; those that never do are waited for.
    """
    waiting, arrived, stopped = iter(items), SimpleQueue[tuple[Item, Outcome[Item] | BaseException | float]](), Event()

    def heed() -> None:
        if stopped.is_set():
            raise _Stopped

    def tell(item: Item, share: float) -> None:
        heed()
        if on_part is not None:
            arrived.put((item, float(share)))

    def task(item: Item) -> None:
        try:
            with told_to(partial(tell, item)), ended_by(heed):
                arrived.put((item, work(item)))
        except BaseException as error:  # whatever ends a thread, the caller must hear of it, or wait for ever
            arrived.put((item, error))

    def start(some: Iterable[Item]) -> int:
        return len([pool.submit(copy_context().run, task, item) for item in some])

    with ThreadPoolExecutor(threads, "tasks") as pool:
        try:
            running = start(islice(waiting, threads))
            while running:
                item, found = arrived.get()
                if isinstance(found, float):
                    if on_part is not None:
                        on_part(item, found)
                    continue
                if isinstance(found, BaseException):
                    raise found
                running += start(islice(waiting, 1)) - 1
                yield found
        finally:
            stopped.set()
