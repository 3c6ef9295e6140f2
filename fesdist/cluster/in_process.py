"""A cluster that is this very process: for tests, small jobs and debuggers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from fesdist.cluster.settings import RETRIES, Item, OnPart, Outcome
from fesdist.cluster.task import attempt
from fesdist.ground.share import told_to


class InProcessCluster:
    """Runs one task after the other, by the same rules as a Dask cluster."""

    n_workers = 1

    def run(
        self, function: Callable[..., Any], items: Iterable[Item], *shared: Any, on_part: OnPart[Item] | None = None
    ) -> Iterator[Outcome[Item]]:
        for item in items:
            if on_part is None:
                outcome = self._one(function, item, shared)
            else:
                with told_to(partial(on_part, item)):
                    outcome = self._one(function, item, shared)
            yield outcome

    def on_every_worker(self, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        return {"this process": function(*arguments)}

    def _one(self, function: Callable[..., Any], item: Item, shared: tuple[Any, ...]) -> Outcome[Item]:
        for left in range(RETRIES, -1, -1):
            try:
                return attempt(function, item, shared)
            except Exception as error:
                if not left:
                    return Outcome(item, error=error)
        raise AssertionError("unreachable: the last attempt returns")
