"""What a round left behind, which should be nothing: processes, drafts, claims, half-written and temporary files."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from storage.blobs.location import Location
from storage.datasets.store import WeightStore
from tests.chaos.house import end_session, processes_of

ENDING_SECONDS = 30
"""The longest that workers may take to notice that their client was killed."""

_OF_DASK = "dask-scratch-space"
"""Dask removes what killed workers have left here when the next one starts."""


def left_in_store(store: WeightStore, location: Location, expected: set[str]) -> list[str]:
    """Return what cleaning leaves in a store besides the files of an undisturbed one.

    Half of a chunk that a killed worker was writing goes when a draft is published an hour later: who is at work now
    may be another run.
    """
    store.clean("chaos")
    found = [f"draft {draft.id} of {draft.name}" for draft in store.drafts()]
    more = {key for key in files_of(location) - expected if not key.endswith(".partial")}
    return [*found, *(f"file {key}" for key in sorted(more))]


def files_of(location: Location, prefix: str = "") -> set[str]:
    """Return the keys of all files, hidden ones too where the location is a folder."""
    if not location.uri.startswith("s3://"):
        root = Path(location.uri)
        return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    found = set[str]()
    for name in location.list(prefix):
        key = f"{prefix}/{name}".lstrip("/")
        found |= {key} if location.exists(key) else files_of(location, key)
    return found


def left_running(sessions: Sequence[int]) -> list[str]:
    """Return what still runs of sessions whose leader has ended, and end it."""
    deadline = time.monotonic() + ENDING_SECONDS
    while time.monotonic() < deadline and any(map(processes_of, sessions)):
        time.sleep(0.1)
    found = []
    for session in sessions:
        for process in processes_of(session):
            with suppress(psutil.NoSuchProcess):
                found.append(f"process {' '.join(process.cmdline())[:80]}")
        end_session(session)
    return found


def left_temporary(folder: Path) -> list[str]:
    """Return what is in the folder for temporary files."""
    return [f"temporary {path.name}" for path in sorted(folder.iterdir()) if path.name != _OF_DASK]
