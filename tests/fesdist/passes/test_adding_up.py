"""Adding up over an image: parts are kept, and added tile after tile whatever the order in which they came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.cluster.in_process import InProcessCluster
from fesdist.families.common.validation import FoldErrors
from fesdist.ground.tiles import Tile, TileGrid
from fesdist.passes.adding_up import AddingUp, added_up
from storage.blobs.notes import Notes

GRID = TileGrid((5, 5), (2, 3))


@dataclass(frozen=True)
class Counting(AddingUp[FoldErrors]):
    """Finds numbers that round differently in every order."""

    folder: str

    def find(self, tile: Tile, group: int) -> FoldErrors:
        with Path(self.folder, "found").open("a") as found:
            found.write(f"{tile.index}.{group} ")
        value = 10.0 ** (8 - 3 * tile.index) + group
        return FoldErrors(np.full((1, 1, 1, 1), value), np.array([[float(np.prod(tile.region.shape))]]))

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> FoldErrors:
        return FoldErrors.restored(arrays)


class Backwards(InProcessCluster):
    def run(self, function, items, *shared, **options):  # type: ignore[no-untyped-def]
        return super().run(function, list(items)[::-1], *shared, **options)


@pytest.fixture
def stage(tmp_path: Path) -> Counting:
    return Counting(Notes(str(tmp_path), "notes"), "count", GRID, 2, str(tmp_path))


def test_totals_are_those_of_the_tiles_in_their_order(stage: Counting) -> None:
    expected = 0.0
    for index in range(len(GRID)):
        expected += 10.0 ** (8 - 3 * index)
    first, second = added_up(stage, Backwards())
    assert first.squared.item() == expected
    assert second.squared.item() != expected
    assert first.values.item() == 25.0


def test_what_is_kept_is_not_found_again(stage: Counting, tmp_path: Path) -> None:
    before = added_up(stage, InProcessCluster())
    (tmp_path / "found").unlink()
    next(tmp_path.glob("notes/count-0001-000003.npz")).write_bytes(b"damaged")
    after = added_up(stage, InProcessCluster())
    assert (tmp_path / "found").read_text() == "3.0 3.1 "
    assert [total.squared.item() for total in after] == [total.squared.item() for total in before]
