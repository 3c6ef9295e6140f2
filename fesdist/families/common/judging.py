"""Errors from place to place, told apart as a judgement wants them: by region, and by cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.cells import CellErrors
from fesdist.families.common.validation import FoldErrors, Judgement
from fesdist.ground.tiles import Region


class Judging:
    """Squared errors of candidates on folds, counted one part of a tile after the other."""

    def __init__(self, judgement: Judgement, values: list[int], n_candidates: int, n_expressions: int) -> None:
        """Count nothing yet; `values` are those of a pixel and expression in each fold: samples times channels."""
        self._judgement, self._values = judgement, np.array(values)
        n_folds, n_regions = len(values), len(judgement.regions)
        self._squared = np.zeros((n_folds, n_candidates, n_expressions, n_regions))
        self._counted = np.zeros((n_folds, n_regions))
        self._cells = CellErrors.empty(n_candidates) if judgement.in_cells else None

    def enter(self, part: Region) -> None:
        """Go on to another part of the tile."""
        self._pixels = self._judgement.rows(part), range(part.col0, part.col1)
        self._places = [_positions(region, *self._pixels) for region in self._judgement.regions]
        self._counted += self._values[:, None] * [len(rows) * len(cols) for rows, cols in self._places]

    def count(self, fold: int, candidate: int, errors: NDArray[np.float64]) -> None:
        """Count the errors (expression, measured row, col) of a candidate in the part."""
        for to, (rows, cols) in enumerate(self._places):
            self._squared[fold, candidate, :, to] += errors[:, rows][:, :, cols].sum(axis=(1, 2))
        if self._cells is not None:
            self._cells.count(candidate, errors.sum(axis=0), self._pixels, self._judgement.image_shape)

    def found(self) -> FoldErrors:
        """Return all that was counted."""
        return FoldErrors(self._squared, self._counted, self._cells)


def _positions(region: Region, rows: range, cols: range) -> tuple[list[int], list[int]]:
    """Return which of these rows and columns of the image lie in a region."""
    return (
        [number for number, row in enumerate(rows) if region.row0 <= row < region.row1],
        [number for number, col in enumerate(cols) if region.col0 <= col < region.col1],
    )
