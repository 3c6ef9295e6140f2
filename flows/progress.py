"""Progress of a stage, on the terminal and in Prefect at the same time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from fesdist.cli import console
from fesdist.ground.share import Progress
from flows.artifacts import ProgressBar

SECONDS_BETWEEN_UPDATES = 1.0
"""An update of the bar on the page is a request to the server, about 15 ms."""


@contextmanager
def live_progress(stage: str, unit: str) -> Iterator[Progress]:
    """Yield `report(done, total, note)`, which keeps the terminal and the artifact `<stage>-progress` up to date."""
    bar = ProgressBar(f"{stage}-progress")
    bar.show(0.0, f"{stage}: starting")
    updated = time.monotonic()
    clock = console.Clock()
    with console.progress(stage, unit) as show:

        def report(done: float, total: int, note: str = "") -> None:
            nonlocal updated
            show(done, total, note)
            now = time.monotonic()
            clock.saw(done, total)
            if now - updated < SECONDS_BETWEEN_UPDATES and done != total:
                return
            updated = now
            bar.show(
                100.0 * done / total if total else 0.0,
                f"{stage}: {console.how_far(done, total, unit, clock.rate, note)}",
            )

        yield report
