"""What a tuning may use, whichever way it takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fesdist.cluster.settings import Cluster
from fesdist.ground.share import Progress


@dataclass(frozen=True)
class Resources:
    """Where it is computed, and who is told."""

    cluster: Cluster
    memory: int
    """Bytes that a worker may use."""
    scratch: Path
    """Folder for what an interrupted tuning goes on from; the client and all workers see it."""
    on_progress: Progress | None = None

    def report(self, done: int, total: int) -> None:
        """Tell how far it is."""
        if self.on_progress:
            self.on_progress(done, total, "")
