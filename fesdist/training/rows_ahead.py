"""Rows of a stored map, read for several bands at once where each reading is waited for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.blobs.threads import AT_ONCE
from storage.datasets.draft import WeightDraft


class RowsAhead:
    """The values of an array of a draft, (channel, row, col), in rows that are asked for from the top down.

    The array has chunks of `chunk` rows and columns.
    """

    def __init__(
        self, draft: WeightDraft, expression: str, name: str, image_shape: tuple[int, int], chunk: int
    ) -> None:
        self._draft, self._expression, self._name = draft, expression, name
        self._n_rows, n_cols = image_shape
        # From a disk nothing is gained by more than is asked for; from an object store, by all that can be on its way.
        late = draft.chunks_at_once > AT_ONCE
        self._at_least = chunk * (draft.chunks_at_once // -(-n_cols // chunk)) if late else 0
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
