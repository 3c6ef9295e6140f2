"""A pass over the image: something additive is found in every tile, kept, and added up tile after tile."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from numpy.typing import NDArray

from fesdist.cluster.settings import Cluster
from fesdist.families.common.sums import Additive
from fesdist.ground.errors import TileError
from fesdist.ground.share import Progress
from fesdist.ground.tiles import Tile, TileGrid
from fesdist.passes.stage import Stage, results
from storage.blobs.notes import Notes

A = TypeVar("A", bound=Additive)


@dataclass(frozen=True)
class AddingUp(Stage[int, bool], ABC, Generic[A]):
    """A pass whose parts are kept in `notes`, too large to be sent home: a task only answers that it is done.

    What is found is one value for each of `n_groups` groups of samples, under keys that begin with `title`.
    """

    notes: Notes
    title: str
    grid: TileGrid
    n_groups: int

    noun: ClassVar[str] = "tile"
    keeps: ClassVar[bool] = True

    @abstractmethod
    def find(self, tile: Tile, group: int) -> A:
        """Return what a tile contributes."""

    @abstractmethod
    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> A:
        """Return the value that `arrays()` told."""

    def kept(self, key: int) -> bool | None:
        stored = all(self.notes.get(self._note(key, group)) is not None for group in range(self.n_groups))
        return True if stored else None

    def work(self, key: int) -> bool:
        for group in range(self.n_groups):
            self.notes.put(self._note(key, group), self.find(self.grid[key], group).arrays())
        return True

    def called(self, key: int) -> str:
        return str(self.grid[key])

    def _note(self, index: int, group: int) -> str:
        return f"{self.title}-{group:04d}-{index:06d}"

    def _restored(self, index: int, group: int) -> A:
        arrays = self.notes.get(self._note(index, group))
        if arrays is None:
            raise TileError(
                f"what was found in {self.called(index)} is not there any more: it was removed or damaged while the "
                "others were added up; repeat the same command to find it again"
            )
        return self.restore(arrays)


def added_up(stage: AddingUp[A], cluster: Cluster, on_progress: Progress | None = None) -> list[A]:
    """Return the total of each group of samples; raises as `results` does."""
    results(stage, range(len(stage.grid)), cluster, on_progress)
    totals = []
    for group in range(stage.n_groups):
        # Tile after tile, so that floating-point sums do not depend on who was first.
        total = stage._restored(0, group)
        for index in range(1, len(stage.grid)):
            total = total + stage._restored(index, group)
        totals.append(total)
    return totals
