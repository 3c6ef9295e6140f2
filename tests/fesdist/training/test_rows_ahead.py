"""Rows come out as they are stored, in few readings of whole chunks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.training import rows_ahead
from storage.datasets.draft import WeightDraft

STORED = np.arange(2 * 500 * 130).reshape(2, 500, 130)


@dataclass
class _Draft:
    asked: list[tuple[int, int]] = field(default_factory=list)

    def read(self, expression: str, name: str, region: tuple[slice, slice, slice]) -> NDArray[Any]:
        self.asked.append((region[1].start, region[1].stop))
        return STORED[region]


@pytest.mark.parametrize(
    ("values", "asked"),
    [
        # A row of chunks, but never less than was asked for.
        (1, [(0, 64), (0, 72), (56, 200), (200, 500)]),
        (3 * 64 * 2 * 130, [(0, 192), (56, 248), (200, 500)]),
        (4 * 64 * 2 * 130 - 1, [(0, 192), (56, 248), (200, 500)]),
        (1 << 22, [(0, 500)]),
    ],
)
def test_rows(monkeypatch: pytest.MonkeyPatch, values: int, asked: list[tuple[int, int]]) -> None:
    monkeypatch.setattr(rows_ahead, "_VALUES_AT_ONCE", values)
    draft = _Draft()
    rows = rows_ahead.RowsAhead(cast(WeightDraft, draft), "sad", "norm", (2, 500, 130), 64)
    for start, stop in ((0, 64), (0, 72), (56, 200), (200, 500)):
        np.testing.assert_array_equal(rows(slice(start, stop)), STORED[:, start:stop])
    assert draft.asked == asked
