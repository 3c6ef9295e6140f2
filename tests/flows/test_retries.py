"""A stage that is tried again does only what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fesdist.ground.share import Progress
from flows.progress import live_progress
from flows.train import train, train_stage
from storage.datasets.store import WeightStore
from tests.flows.site import Site, write_random_stack


class Receipts:
    """Breaks the connection in the middle of the first attempt, and looks at the receipts at every report."""

    def __init__(self, store: Path, breaks_at: int) -> None:
        self._store = store
        self._breaks_at = breaks_at
        self.attempts: list[dict[str, int]] = []
        """Of each attempt the last look: when each receipt was written."""

    def written(self) -> dict[str, int]:
        """Return when each receipt was written, in nanoseconds."""
        return {file.stem: file.stat().st_mtime_ns for file in self._store.rglob("receipts/*.json")}

    @contextmanager
    def watched(self, stage: str, unit: str) -> Iterator[Progress]:
        """Yield a progress that does both, in place of `live_progress`."""
        self.attempts.append({})
        with live_progress(stage, unit) as report:

            def look(done: int, total: int, note: str = "") -> None:
                report(done, total, note)
                self.attempts[-1] = self.written()
                if len(self.attempts) == 1 and len(self.attempts[0]) >= self._breaks_at:
                    raise ConnectionResetError("the scheduler is gone")

            yield look


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 1])
def test_a_stage_that_fails_in_the_middle_and_is_tried_again_does_each_tile_once(
    server: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    store = tmp_path / "weights"
    receipts = Receipts(store, breaks_at=3)
    monkeypatch.setattr("flows.stage.live_progress", receipts.watched)
    monkeypatch.setattr("flows.train.train_stage", train_stage.with_options(retry_delay_seconds=0))
    write_random_stack(tmp_path / "stack.zarr", side=192, people=6)
    result = train(str(tmp_path / "stack.zarr"), str(store), "again", window=3, memory="340MiB", workers=workers)
    # How many tiles there are follows from what the run chooses; some must be left after the third.
    assert result.n_tiles > 3
    assert [manifest.version for manifest in WeightStore(str(store)).versions("again")] == [1]
    first, second = receipts.attempts
    assert len(second) == result.n_tiles
    # A worker goes on while the client is told of what it did.
    assert len(first) == 3 if workers == 0 else len(first) >= 3
    assert first.items() <= second.items(), "a tile was written twice"
