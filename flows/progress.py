"""Progress of a stage, on the terminal and in Prefect at the same time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import cast
from uuid import UUID

from httpx import HTTPError
from prefect.artifacts import create_progress_artifact, update_progress_artifact

from fesdist.cli import console

Progress = Callable[[int, int, str], None]

SECONDS_BETWEEN_UPDATES = 1.0
"""An update of the artifact is a request to the server, about 15 ms."""


@contextmanager
def live_progress(stage: str, unit: str) -> Iterator[Progress]:
    """Yield `report(done, total, note)`, which keeps the terminal and the artifact `<stage>-progress` up to date."""
    key = f"{stage}-progress"
    artifact = cast(UUID, create_progress_artifact(0.0, key=key, description=f"{stage}: starting"))
    updated = time.monotonic()
    clock = console.Clock()
    with console.progress(stage, unit) as show:

        def report(done: int, total: int, note: str = "") -> None:
            nonlocal updated
            show(done, total, note)
            now = time.monotonic()
            rate = clock.rate(done)
            if now - updated < SECONDS_BETWEEN_UPDATES and done < total:
                return
            updated = now
            text = console.how_far(done, total, unit, rate, note)
            # A server that does not answer must not end the work that it is told about.
            with suppress(HTTPError):
                update_progress_artifact(artifact, 100.0 * done / total, description=f"{stage}: {text}")

        yield report
