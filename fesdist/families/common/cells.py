"""Cells: a coarse grid over the image, in which a hyper-parameter may differ from place to place, smoothly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.gaussian import smoothed

CELLS = (16, 16)
"""Rows and columns of cells that tuning chooses: fine enough for eyes and mouth, coarse enough to be sure of each."""

SMOOTHING = 1.0
"""Standard deviation, in cells, of the blur of errors before the best is chosen in each cell."""


@dataclass(frozen=True)
class CellErrors:
    """Squared errors of every candidate around each cell's centre, `squared` (candidate, row, col of cells)."""

    squared: NDArray[Any]

    @classmethod
    def empty(cls, n_candidates: int) -> CellErrors:
        """Return no errors yet."""
        return cls(np.zeros((n_candidates, *CELLS)))

    def __add__(self, other: CellErrors) -> CellErrors:
        return CellErrors(self.squared + other.squared)

    def count(
        self, candidate: int, squared: NDArray[np.float64], pixels: tuple[range, range], image_shape: tuple[int, int]
    ) -> None:
        """Count squared errors (row, col) of the rows and columns `pixels` of an image."""
        down, across = (
            hat_weights(places, length, n_cells)
            for places, length, n_cells in zip(pixels, image_shape, CELLS, strict=True)
        )
        self.squared[candidate] += down.T @ squared @ across

    def best(self, candidates: list[int]) -> NDArray[np.int64]:
        """Return, for each cell, which of the candidates has the smallest error around it, (row, col)."""
        smooth = smoothed(self.squared[candidates], (0, SMOOTHING, SMOOTHING))
        chosen: NDArray[np.int64] = np.array(candidates, np.int64)[smooth.argmin(axis=0)]
        return chosen


def hat_weights(pixels: range, length: int, n_cells: int) -> NDArray[np.float64]:
    """Return how much of each cell is in each pixel of a line of `length` pixels, (pixel, cell); rows sum to 1.

    Linear interpolation between the centres of cells, constant beyond the outermost.

    >>> hat_weights(range(4), 4, 2)
    array([[1.  , 0.  ],
           [0.75, 0.25],
           [0.25, 0.75],
           [0.  , 1.  ]])
    """
    places = np.clip((np.array(pixels) + 0.5) * n_cells / length - 0.5, 0, n_cells - 1)
    return np.asarray(np.maximum(0.0, 1.0 - np.abs(places[:, None] - np.arange(n_cells))))
