"""What cross-validation adds up: squared errors and how many values they are of, by fold, candidate and region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.cells import CellErrors
from fesdist.ground.measures import REGIONS


@dataclass
class FoldTotals:
    """Totals of one expression over what was measured so far."""

    squared: NDArray[np.float64]
    """(fold, candidate, region) squared errors of images in [0, 1], NaN for a candidate that could not be trained.

    The last candidate is the input itself.
    """
    values: NDArray[np.float64]
    """(fold, region) how many values these are sums over."""

    @classmethod
    def empty(cls, n_folds: int, n_candidates: int) -> FoldTotals:
        return cls(np.zeros((n_folds, n_candidates, len(REGIONS))), np.zeros((n_folds, len(REGIONS))))

    def mse_x100(self) -> NDArray[np.float64]:
        """Return 100 × the mean squared error over all folds, (candidate, region); 0 where nothing was measured."""
        return np.asarray(100 * self.squared.sum(axis=0) / np.maximum(self.values.sum(axis=0), 1))

    def standard_error(self) -> NDArray[np.float64]:
        """Return the standard error of `mse_x100` over the folds, (candidate, region); 0 if one fold has all people."""
        with_people = self.values[:, 0] > 0
        of_fold = 100 * self.squared[with_people] / np.maximum(self.values[with_people, None], 1)
        return np.asarray(of_fold.std(axis=0, ddof=min(1, len(of_fold) - 1)) / np.sqrt(len(of_fold)))


@dataclass(frozen=True)
class Validation:
    """All that was measured of some candidates."""

    totals: Mapping[str, FoldTotals]
    """By expression."""
    failed: Mapping[int, str] = field(default_factory=dict)
    """Why candidates could not be trained, by their positions."""
    cells: CellErrors | None = None
    """Errors from place to place, if they were asked for."""
    row_step: int = 1
    """Every so many rows of the image were measured."""
    clipped: bool = False
    """Whether outputs were clipped to [0, 1]."""
