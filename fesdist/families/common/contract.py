"""What every model offers: the arrays it stores, what a tile costs, statistics of samples, and their solution.

One tile runs `statistics -> add, add, ... -> solve`; inference runs `apply`. Nothing here knows of files or
Dask.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.fit import Fit
from fesdist.ground.colour import Colour
from fesdist.ground.tiles import Padding, Region, Tile

Array = NDArray[Any]
TileArrays = dict[str, Array]
"""Arrays of one expression for one tile, by name; the last two dimensions are the tile's rows and columns."""


@dataclass(frozen=True)
class ArrayLayout:
    """One array that a model stores for each expression; its last two dimensions are `row` and `col`."""

    name: str
    leading: tuple[tuple[str, int], ...]
    """Names and lengths of the dimensions before `row` and `col`, for instance (("channel", 3), ("tap", 9))."""
    dtype: str
    description: str

    @property
    def bytes_per_pixel(self) -> int:
        """Bytes of an image's pixel (row, col)."""
        return math.prod(length for _, length in self.leading) * np.dtype(self.dtype).itemsize

    def empty(self, shape: tuple[int, int]) -> Array:
        """Return the array for `shape` (row, col), yet to be filled."""
        return np.empty((*(length for _, length in self.leading), *shape), self.dtype)


def common_layout(weight_channels: int, channels: int) -> tuple[ArrayLayout, ...]:
    """Return the arrays that the `solve` of every model fills beside its own."""
    weight_channel = (("weight_channel", weight_channels),)
    return (
        ArrayLayout(
            "status",
            weight_channel,
            "uint8",
            "0: solved; 1: no solution, the output is the mean target; 2: fewer input pixels than asked for; "
            "3: more input pixels than there is room for; 4: duality gap above 1e-8",
        ),
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


@dataclass(frozen=True)
class TileProblem:
    """All a model knows of a tile before it sees a sample."""

    tile: Tile
    padding: Padding
    """Zeros to put around the inputs, which are clipped to the image."""
    channels: int
    """Channels of the images as they are stored."""
    colour: Colour
    expressions: tuple[str, ...]
    """Target expressions; all of them have exactly the samples that will be added."""
    shared: Mapping[str, Mapping[str, Array]] = field(default_factory=dict)
    """For each expression what a model of the whole image prepared before the tiles; empty for other models."""
    image_shape: tuple[int, int] | None = None
    """Rows and columns of the whole image, for models that differ from place to place."""

    @property
    def weight_channels(self) -> int:
        """Sets of weights."""
        return self.colour.weight_channels(self.channels)


class TileStatistics(Protocol):
    """What a model keeps of a tile's samples: sums of a size that does not depend on their number, or themselves."""

    def add(self, inputs: Array, targets: Mapping[str, Array]) -> None:
        """Add samples.

        `inputs` is (sample, channel, row, col) of the region that `Model.inputs_of` returned, not yet padded; each
        of `targets` is (sample, channel, row, col) of the tile. uint8 in 0..255, or float64 in [0, 1].
        """


class Model(Protocol):
    """A frozen dataclass of hyper-parameters, valid from its construction on."""

    name: ClassVar[str]

    def parameters(self) -> dict[str, Any]:
        """Return the hyper-parameters as plain JSON values; `model_from_parameters` rebuilds the model from them."""

    def inputs_of(self, region: Region, image_shape: tuple[int, int]) -> tuple[Region, Padding]:
        """Return the input pixels that the outputs of `region` need, and the zeros that stand for those outside."""

    def describe(self) -> str:
        """Return the model in a few words, for people."""

    def layout(self, weight_channels: int) -> tuple[ArrayLayout, ...]:
        """Return the model's own arrays for each expression: those that `apply` reads."""

    def coordinates(self) -> Mapping[str, tuple[str, list[int]]]:
        """Return small arrays that label a dimension of the layout: name -> (dimension, values)."""

    def projected_bytes(self, fit: Fit, tile_shape: tuple[int, int], n_block: int) -> int:
        """Return an upper bound of the array bytes alive at once in a tile; samples come `n_block` at a time."""

    def statistics(self, problem: TileProblem, dtype: np.dtype[Any]) -> TileStatistics:
        """Return empty statistics for samples of `dtype` (uint8 or float64)."""

    def solve(self, statistics: Any) -> dict[str, TileArrays]:
        """Return, for each expression, the arrays of `layout` and of `common_layout`."""

    def prepare(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Return the arrays of `layout` as `apply` uses them; given to it, they are not converted again."""

    def apply(self, arrays: Mapping[str, Array], inputs: Array, padding: Padding) -> NDArray[np.float32]:
        """Return unclipped outputs in [0, 1] units, (sample, channel, row, col) float32.

        `arrays` are those of one expression for a region of output pixels; `inputs` and `padding` are those of
        `inputs_of` for this region, (sample, channel, row, col), uint8 in 0..255 or floating point in [0, 1].
        """
