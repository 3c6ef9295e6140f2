"""Rows of a stored map, many of them read at once and held, as each chunk that is read costs time by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.datasets.draft import WeightDraft

_VALUES_AT_ONCE = 1 << 21
"""16 MiB of float64: more is hardly faster."""


class RowsAhead:
    """The values of an array of a draft, (channel, row, col), in rows that are asked for from the top down.

    The array has this `shape`, and chunks of `chunk` rows and columns.
    """

    def __init__(self, draft: WeightDraft, expression: str, name: str, shape: tuple[int, int, int], chunk: int) -> None:
        self._draft, self._expression, self._name = draft, expression, name
        self._n_rows = shape[1]
        self._at_least = rows_at_once(shape, chunk)
        self._first = self._stop = 0
        self._held: NDArray[Any] = np.empty(0)

    def __call__(self, rows: slice) -> NDArray[Any]:
        """Return the rows, with explicit bounds; raises as `WeightDraft.read`."""
        if not self._first <= rows.start < rows.stop <= self._stop:
            self._first = rows.start
            self._stop = min(self._n_rows, max(rows.stop, rows.start + self._at_least))
            region = (slice(None), slice(self._first, self._stop), slice(None))
            self._held = self._draft.read(self._expression, self._name, region)
        return self._held[:, rows.start - self._first : rows.stop - self._first]


def rows_at_once(shape: tuple[int, int, int], chunk: int) -> int:
    """Return how many rows of a map are read, or written, at once: of whole chunks, but no more than there are."""
    channels, rows, cols = shape
    return min(rows, max(1, _VALUES_AT_ONCE // (channels * cols * chunk)) * chunk)
