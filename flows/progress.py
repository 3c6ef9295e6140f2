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
    first: tuple[float, int] | None = None

    with console.progress(stage, unit) as show:

        def report(done: int, total: int, note: str = "") -> None:
            nonlocal updated, first
            show(done, total, note)
            now = time.monotonic()
            first = first or (now, done)
            if now - updated < SECONDS_BETWEEN_UPDATES and done < total:
                return
            updated = now
            text = describe(done, total, unit, done - first[1], now - first[0], note)
            # A server that does not answer must not end the work that it is told about.
            with suppress(HTTPError):
                update_progress_artifact(artifact, 100.0 * done / total, description=f"{stage}: {text}")

        yield report


def describe(done: int, total: int, unit: str, done_since: int, seconds: float, note: str) -> str:
    """Return one line of how far a stage is: `done_since` of its items took `seconds`."""
    text = f"{done:,} of {total:,} {unit}"
    if done_since and seconds > 0:
        rate = done_since / seconds
        text += f", {rate:.1f} {unit}/s, {console.duration((total - done) / rate)} left"
    return f"{text}; {note}" if note else text
