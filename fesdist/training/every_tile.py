"""A task for every tile on a cluster: progress, and what is said when some of them fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fesdist.cluster.settings import Cluster, Outcome
from fesdist.ground.errors import TileError
from fesdist.ground.tiles import TileGrid
from storage.errors import NoSpaceError

Progress = Callable[[int, int, str], None]

FAILURES_NAMED = 3


def on_every_tile(
    function: Callable[..., Any],
    grid: TileGrid,
    cluster: Cluster,
    shared: tuple[Any, ...],
    on_progress: Progress | None,
) -> list[Any]:
    """Return `function(index, *shared)` for each tile, in the order of their indices.

    `on_progress` gets the tiles done, all tiles, and a note. Raises NoSpaceError at once, and TileError when the
    other tiles are done.
    """
    results: dict[int, Any] = {}
    failures: list[Outcome[int]] = []
    for outcome in cluster.run(function, range(len(grid)), *shared):
        if isinstance(outcome.error, NoSpaceError):
            raise outcome.error
        if outcome.error is not None:
            failures.append(outcome)
        else:
            results[outcome.item] = outcome.result
        if on_progress:
            on_progress(len(results), len(grid), f"{len(failures)} failed" if failures else "")
    if failures:
        named = "; ".join(
            f"{grid[failure.item]}: {failure.error or type(failure.error).__name__}"
            for failure in failures[:FAILURES_NAMED]
        )
        raise TileError(
            f"{len(failures)} of {len(grid)} tiles failed, {named}{'; ...' if len(failures) > FAILURES_NAMED else ''}. "
            "The other tiles are stored; repeat the same command to try only these again"
        ) from failures[0].error
    return [results[index] for index in sorted(results)]
