"""Rows come out as they are stored, in few readings where answers are late, and as they are asked for elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.training.rows_ahead import RowsAhead
from storage.datasets.draft import WeightDraft

STORED = np.arange(2 * 500 * 130).reshape(2, 500, 130)


@dataclass
class _Draft:
    chunks_at_once: int
    asked: list[tuple[int, int]] = field(default_factory=list)

    def read(self, expression: str, name: str, region: tuple[slice, slice, slice]) -> NDArray[Any]:
        self.asked.append((region[1].start, region[1].stop))
        return STORED[region]


@pytest.mark.parametrize(
    ("at_once", "asked"),
    [
        (8, [(0, 64), (0, 72), (56, 200), (200, 500)]),
        # 130 columns are three chunks, so ten bands of 64 rows.
        (32, [(0, 500)]),
        # Three bands of 64 rows, but never less than was asked for.
        (10, [(0, 192), (56, 248), (200, 500)]),
    ],
)
def test_rows(at_once: int, asked: list[tuple[int, int]]) -> None:
    draft = _Draft(at_once)
    rows = RowsAhead(cast(WeightDraft, draft), "sad", "norm", (500, 130), 64)
    for start, stop in ((0, 64), (0, 72), (56, 200), (200, 500)):
        np.testing.assert_array_equal(rows(slice(start, stop)), STORED[:, start:stop])
    assert draft.asked == asked
