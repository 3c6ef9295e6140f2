"""What a user would otherwise take for MR: the papers' formula as a loop over pixels, or numpy in batches.

Both are Khan et al. 2020, eq. 7, w = (XᵀX + ridge I)⁻¹ Xᵀt with a last column of ones in X, in float64. Windows are
cut off at the border by zeros around the image, whose columns get weight 0.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def unit_planes(images: NDArray[np.uint8], reach: int = 0) -> Floats:
    """Return images (sample, channel, row, col) as (sample × channel, row, col) in [0, 1], with zeros around them."""
    planes = images.reshape(-1, *images.shape[2:]) / 255.0
    return np.pad(planes, ((0, 0), (reach, reach), (reach, reach)))


def pixel_loop(padded: Floats, targets: Floats, size: int, ridge: float) -> Floats:
    """Return weights and bias (tap + 1, row, col), one pixel after the other.

    `padded` is (plane, row + size - 1, col + size - 1), `targets` (plane, row, col).
    """
    n, rows, cols = targets.shape
    unknowns = size * size + 1
    penalty = ridge * np.eye(unknowns)
    solutions = np.empty((unknowns, rows, cols))
    design = np.ones((n, unknowns))
    for row in range(rows):
        for col in range(cols):
            design[:, :-1] = padded[:, row : row + size, col : col + size].reshape(n, -1)
            gram = design.T @ design + penalty
            solutions[:, row, col] = np.linalg.solve(gram, design.T @ targets[:, row, col])
    return solutions


def normal_equations(padded: Floats, targets: Floats, size: int, ridge: float) -> tuple[Floats, Floats]:
    """Return the matrices (pixel, unknown, unknown) and right-hand sides (pixel, unknown, 1) of all pixels."""
    n, rows, cols = targets.shape
    windows = sliding_window_view(padded, (size, size), axis=(1, 2)).transpose(1, 2, 0, 3, 4)
    return _equations(
        windows.reshape(rows * cols, n, size * size), targets.transpose(1, 2, 0).reshape(rows * cols, n), ridge
    )


def solved_windows(windows: Floats, targets: Floats, ridge: float) -> Floats:
    """Return weights and bias (pixel, tap + 1) of windows (pixel, plane, tap) and targets (pixel, plane)."""
    matrices, sides = _equations(windows, targets, ridge)
    solved: Floats = np.linalg.solve(matrices, sides)[..., 0]
    return solved


def _equations(windows: Floats, targets: Floats, ridge: float) -> tuple[Floats, Floats]:
    n_pixels, n, taps = windows.shape
    design = np.ones((n_pixels, n, taps + 1))
    design[..., :-1] = windows
    transposed = design.transpose(0, 2, 1)
    matrices = transposed @ design
    matrices += ridge * np.eye(taps + 1)
    return matrices, transposed @ targets[..., np.newaxis]


def batched_solve(padded: Floats, targets: Floats, size: int, ridge: float, pool: ThreadPoolExecutor) -> Floats:
    """Return weights and bias (tap + 1, row, col): windows gathered and solved a part of an image row at a time."""
    _, rows, cols = targets.shape
    solutions = np.empty((size * size + 1, rows, cols))
    at_once = 32  # pixels whose windows stay in the cache; longer parts were slower

    def solve(row: int, col: int) -> None:
        part = slice(col, min(col + at_once, cols))
        seen = padded[:, row : row + size, part.start : part.stop + size - 1]
        matrices, sides = normal_equations(seen, targets[:, row : row + 1, part], size, ridge)
        solutions[:, row, part] = np.linalg.solve(matrices, sides)[..., 0].T

    starts: list[tuple[Any, ...]] = [(row, col) for row in range(rows) for col in range(0, cols, at_once)]
    list(pool.map(solve, *zip(*starts, strict=True)))
    return solutions
