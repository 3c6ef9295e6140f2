"""Cells: a coarse grid over the image, in which a hyper-parameter may differ from place to place, smoothly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from fesdist.families.windowed.ridge_map import CELLS, hat_weights

SMOOTHING = 1.0
"""Standard deviation, in cells, of the blur of errors before the best is chosen in each cell."""


class CellErrors:
    """Squared errors of every candidate around each cell's centre, `squared` (candidate, row, col of cells)."""

    def __init__(self, n_candidates: int) -> None:
        self.squared = np.zeros((n_candidates, *CELLS))

    def add(
        self,
        candidate: int,
        squared: NDArray[np.float64],
        pixels: tuple[range, range],
        image_shape: tuple[int, int],
    ) -> None:
        """Add squared errors (row, col) of the rows and columns `pixels` of an image."""
        down, across = (
            hat_weights(places, length, n_cells)
            for places, length, n_cells in zip(pixels, image_shape, CELLS, strict=True)
        )
        self.squared[candidate] += down.T @ squared @ across

    def best(self, candidates: list[int]) -> NDArray[np.int64]:
        """Return, for each cell, which of the candidates has the smallest error around it, (row, col)."""
        smooth = gaussian_filter(self.squared[candidates], (0, SMOOTHING, SMOOTHING), mode="nearest")
        chosen: NDArray[np.int64] = np.array(candidates, np.int64)[smooth.argmin(axis=0)]
        return chosen
