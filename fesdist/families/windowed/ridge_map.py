"""A ridge that differs from place to place: a coarse grid of cells, stretched over the image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.cells import hat_weights
from fesdist.families.common.hyperparameters import positive
from fesdist.ground.errors import BadParameterError
from fesdist.ground.tiles import Region

RidgeMap = tuple[tuple[float, ...], ...]
"""Values at the centres of cells that divide the image evenly, a row of cells after the other."""

EXAMPLE = 0.4


def checked_ridge(value: Any) -> float | RidgeMap:
    """Return one ridge, or a map of them as plain tuples.

    Raises BadParameterError for a number that is not above 0, and for rows of different lengths.
    """
    if not isinstance(value, Sequence) or isinstance(value, str):
        return positive("ridge", value, EXAMPLE)
    if not value or not all(isinstance(row, Sequence) and not isinstance(row, str) and row for row in value):
        raise BadParameterError(f"ridge {value!r}; expected a number above 0, or rows of such numbers")
    if len({len(row) for row in value}) > 1:
        raise BadParameterError(
            f"a ridge of rows of {', '.join(str(len(row)) for row in value)} numbers; expected rows of one length"
        )
    return tuple(tuple(positive("ridge", number, EXAMPLE) for number in row) for row in value)


def ridges_at(ridge: float | RidgeMap, region: Region, image_shape: tuple[int, int] | None) -> NDArray[np.float64]:
    """Return the ridge of each pixel of a region, (row, col) float64: maps are interpolated linearly.

    Raises ValueError for a map without the shape of the image over which it is to be stretched.
    """
    if isinstance(ridge, float):
        return np.full(region.shape, ridge)
    if image_shape is None:
        raise ValueError("a map of ridges needs the shape of the image")
    cells = np.array(ridge)
    down = hat_weights(range(region.row0, region.row1), image_shape[0], cells.shape[0])
    across = hat_weights(range(region.col0, region.col1), image_shape[1], cells.shape[1])
    # One row of the image after the other, so that bits do not depend on the region.
    along = np.array([_combined(weights, cells) for weights in down])
    return np.array([_combined(weights, along.T) for weights in across]).T


def one_ridge(ridge: float | RidgeMap) -> float:
    """Return a ridge that is a number; raises BadParameterError for a map."""
    if not isinstance(ridge, float):
        raise BadParameterError("a map of ridges cannot be tuned; give numbers, for instance 0.1,1,10")
    return ridge


def as_json(ridge: float | RidgeMap) -> float | list[list[float]]:
    """Return a ridge as plain JSON values."""
    return ridge if isinstance(ridge, float) else [list(row) for row in ridge]


def in_words(ridge: float | RidgeMap) -> str:
    """Return a ridge in a few words, for people."""
    if isinstance(ridge, float):
        return f"ridge {ridge:g}"
    numbers = [number for row in ridge for number in row]
    return f"ridge {min(numbers):g} to {max(numbers):g} in {len(ridge)} x {len(ridge[0])} cells"


def _combined(weights: NDArray[np.float64], cells: NDArray[np.float64]) -> NDArray[np.float64]:
    first = min(math.floor(np.argmax(weights > 0)), len(cells) - 1)
    second = min(first + 1, len(cells) - 1)
    return np.asarray(weights[first] * cells[first] + (1.0 - weights[first]) * cells[second])
