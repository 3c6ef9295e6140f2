"""A cluster that is this very process, with a thread for each core: for small jobs, tests and debuggers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from fesdist.cluster.beside import run_beside
from fesdist.cluster.settings import RETRIES, Item, OnPart, Outcome
from fesdist.cluster.task import attempt
from fesdist.ground.share import told_to


class InProcessCluster:
    """Runs tasks by the same rules as a Dask cluster: one after the other, or beside each other where there is room."""

    n_workers = 1

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads

    def run(
        self,
        function: Callable[..., Any],
        items: Iterable[Item],
        *shared: Any,
        on_part: OnPart[Item] | None = None,
        at_once: int = 1,
    ) -> Iterator[Outcome[Item]]:
        def work(item: Item) -> Outcome[Item]:
            return _repeated(function, item, shared)

        if (threads := min(self.threads, at_once)) > 1:
            yield from run_beside(work, items, threads, on_part)
            return
        for item in items:
            if on_part is None:
                outcome = work(item)
            else:
                with told_to(partial(on_part, item)):
                    outcome = work(item)
            yield outcome

    def on_every_worker(self, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        return {"this process": function(*arguments)}


def _repeated(function: Callable[..., Any], item: Item, shared: tuple[Any, ...]) -> Outcome[Item]:
    for left in range(RETRIES, -1, -1):
        try:
            return attempt(function, item, shared)
        except Exception as error:
            if not left:
                return Outcome(item, error=error)
    raise AssertionError("unreachable: the last attempt returns")
