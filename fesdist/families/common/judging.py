"""Errors from place to place, told apart as a judgement wants them: by region, and by cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.cells import CellErrors
from fesdist.families.common.validation import FoldErrors, Judgement
from fesdist.ground.tiles import Region

REFINED_COLUMNS = 16
"""Neighbouring pixels of a row that share one alpha where refined errors are told."""


class Judging:
    """Squared errors of candidates on folds, counted one part of a tile after the other.

    With x, t and y the inputs, targets and outputs of people left out, the error of y is
    Σ (t - x)² - 2 Σ (t - x)(y - x) + Σ (y - x)², and that of the refined output x + alpha (y - x), alpha being the best
    in [0, 1] over all folds, follows from the same three sums.
    """

    def __init__(self, judgement: Judgement, values: list[int], n_candidates: int, n_expressions: int) -> None:
        """Count nothing yet; `values` are those of a pixel and expression in each fold: samples times channels."""
        self._judgement, self._values = judgement, np.array(values)
        n_folds, n_regions = len(values), len(judgement.regions)
        self._squared = np.zeros((n_folds, n_candidates, n_expressions, n_regions))
        self._refined = np.zeros((n_candidates, n_expressions, n_regions))
        self._counted = np.zeros((n_folds, n_regions))
        self._cells = CellErrors.empty(n_candidates) if judgement.in_cells else None

    def enter(self, part: Region) -> None:
        """Go on to another part of the tile."""
        self._pixels = self._judgement.rows(part), range(part.col0, part.col1)
        self._places = self._judgement.places(part)
        self._counted += self._values[:, None] * [
            (rows.stop - rows.start) * (cols.stop - cols.start) for rows, cols in self._places
        ]
        shape = *self._refined.shape[:2], *map(len, self._pixels)
        self._all_wanted = np.zeros(shape[1:])
        self._agreement, self._change = np.zeros(shape), np.zeros(shape)

    def want(self, wanted: NDArray[np.float64]) -> None:
        """Go on to another fold, with Σ (t - x)² of its people, (expression, measured row, col)."""
        self._wanted = wanted
        self._all_wanted += wanted

    def count(self, fold: int, candidate: int, agreement: NDArray[np.float64], change: NDArray[np.float64]) -> None:
        """Count Σ (t - x)(y - x) and Σ (y - x)² of a candidate in the part, (expression, measured row, col)."""
        self._agreement[candidate] += agreement
        self._change[candidate] += change
        errors = self._wanted - 2 * agreement + change
        for to, (rows, cols) in enumerate(self._places):
            self._squared[fold, candidate, :, to] += errors[:, rows, cols].sum(axis=(1, 2))
        if self._cells is not None:
            self._cells.count(candidate, errors.sum(axis=0), self._pixels, self._judgement.image_shape)

    def leave(self) -> None:
        """Count the refined errors of the part, of which all folds are counted."""
        for to, (rows, cols) in enumerate(self._places):
            if rows.stop > rows.start and cols.stop > cols.start:
                wanted, agreement, change = (
                    _segments(sums[..., rows, cols]) for sums in (self._all_wanted, self._agreement, self._change)
                )
                alpha = np.clip(agreement / np.where(change > 0, change, 1.0), 0.0, 1.0)
                self._refined[:, :, to] += (wanted - (2 * agreement - alpha * change) * alpha).sum(axis=(2, 3))

    def found(self) -> FoldErrors:
        """Return all that was counted."""
        return FoldErrors(self._squared, self._counted, self._refined, self._cells)


def _segments(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sums over `REFINED_COLUMNS` columns each."""
    return np.add.reduceat(sums, np.arange(0, sums.shape[-1], REFINED_COLUMNS), axis=-1)
