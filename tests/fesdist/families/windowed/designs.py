"""The windows of one output pixel, cut out of images one by one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fesdist.registry import MaskedRegression


def design_of(model: MaskedRegression, images: NDArray[np.float64], row: int, col: int) -> NDArray[np.float64]:
    """Return (image, tap + 1): the window around a pixel, zeros outside the image, and a column of ones."""
    rows, cols = images.shape[1:]
    design = np.ones((len(images), len(model.offsets) + 1))
    for tap, (drow, dcol) in enumerate(model.offsets):
        r, c = row + drow, col + dcol
        design[:, tap] = images[:, r, c] if 0 <= r < rows and 0 <= c < cols else 0.0
    return design
