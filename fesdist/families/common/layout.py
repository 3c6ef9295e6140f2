"""The arrays that a model stores for each expression."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.status import legend

Array = NDArray[Any]
TileArrays = dict[str, Array]
"""Arrays of one expression for one tile, by name; the last two dimensions are the tile's rows and columns."""


@dataclass(frozen=True)
class ArrayLayout:
    """One array; its last two dimensions are `row` and `col`, unless it has no pixels."""

    name: str
    leading: tuple[tuple[str, int], ...]
    """Names and lengths of the dimensions before `row` and `col`, for instance (("channel", 3), ("tap", 9))."""
    dtype: str
    description: str
    of_pixels: bool = True
    """Whether there is one for each pixel; an array without pixels has two `leading` dimensions or more."""

    @property
    def bytes_per_pixel(self) -> int:
        """Bytes of an image's pixel (row, col)."""
        if not self.of_pixels:
            return 0
        return math.prod(length for _, length in self.leading) * np.dtype(self.dtype).itemsize

    def shape(self, pixels: tuple[int, int]) -> tuple[int, ...]:
        """Return the shape of the array for so many rows and columns."""
        return (*(length for _, length in self.leading), *pixels)

    def empty(self, pixels: tuple[int, int]) -> Array:
        """Return the array for so many rows and columns, yet to be filled."""
        return np.empty(self.shape(pixels), self.dtype)


def common_layout(weight_channels: int, channels: int) -> tuple[ArrayLayout, ...]:
    """Return the arrays that the `solve` of every model fills beside its own."""
    weight_channel = (("weight_channel", weight_channels),)
    return (
        ArrayLayout("status", weight_channel, "uint8", legend()),
        ArrayLayout(
            "norm",
            weight_channel,
            "float64",
            "l1 norm of the receptive field with its bias; l2 norm of the decoder where outputs see the whole image",
        ),
        ArrayLayout(
            "mean_difference",
            (("channel", channels),),
            "float32",
            "mean of target - input over the training samples, in [0, 1] units",
        ),
    )


def l1_norm(weights: Array, bias: Array) -> Array:
    """Return Σ_tap |weights[:, tap]| + |bias|, (weight channel, row, col) float64.

    `weights` is (weight channel, tap, row, col), `bias` (weight channel, row, col), both float64.
    """
    norm: Array = np.abs(bias)
    # Tap by tap: no copy of all the weights is made, and the order of the sum does not depend on the tile's shape.
    for tap in range(weights.shape[1]):
        norm += np.abs(weights[:, tap])
    return norm
