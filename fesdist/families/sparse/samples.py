"""The samples of a tile themselves, for models that choose among all input pixels."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from typing import Any, Self, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.blocks import checked_block
from fesdist.families.common.layout import Array
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.sparse.kernels.columns import columns_of
from fesdist.ground.colour import Colour, to_gray
from fesdist.ground.tiles import Region, Tile
from fesdist.simd.lanes import LANES

T = TypeVar("T")

MOST_VALUES = LANES * (np.iinfo(np.int32).max // 255**2)
"""8-bit values of a pixel, of all samples and channels of a fit, whose products a register of 32-bit sums can hold."""


class KeptSamples:
    """Samples of the whole image (inputs) and of a tile (targets), as they came.

    `differences` is (expression, image channel, row, col): Σ (target - input) over the samples, int64 for uint8
    samples and float64 for float64 ones.
    """

    def __init__(self, problem: TileProblem, dtype: np.dtype[Any]) -> None:
        self.problem = problem
        self.dtype = dtype
        self.n_samples = 0
        self.image_shape = (0, 0)
        """Rows and columns of the inputs; known from the first samples on."""
        self._blocks: list[list[Array]] = []
        """For each call of `add` its inputs and targets, (channel of the fits, pixel, sample)."""
        self._shared: dict[str, Any] | None = None
        """What was made of the inputs, where several parts share it."""
        shape = len(problem.expressions), problem.channels, *problem.tile.region.shape
        self.differences = np.zeros(shape, np.int64 if dtype == np.uint8 else np.float64)

    def add(self, samples: Samples) -> None:
        """Add samples; see `Gathered.add`."""
        inputs = samples.inputs
        (rows, cols), own = inputs.shape[2:], self.problem.tile.region
        whole = self.image_shape if self.n_samples else (max(rows, own.row1), max(cols, own.col1))
        images = checked_block(self.problem, self.dtype, whole, samples)
        self._check_room(self.n_samples + len(inputs))
        self.image_shape = inputs.shape[2:]
        unchanged = inputs[:, :, *own.slices]
        for difference, after in zip(self.differences, images[1:], strict=True):
            if self.dtype == np.uint8:
                difference += after.sum(axis=0, dtype=np.uint32)
                difference -= unchanged.sum(axis=0, dtype=np.uint32)
                continue
            # Sample by sample, so that floating-point sums do not depend on the blocks.
            for n in range(len(inputs)):
                difference += after[n]
                difference -= unchanged[n]
        if self.problem.colour is Colour.GRAY:
            images = [to_gray(array) for array in images]
        self._blocks.append([columns_of(array) for array in images])
        self.n_samples += len(inputs)

    def part(self, region: Region) -> Self:
        """Return the same samples for the outputs of `region`, a part of the tile; see `WholeInputs.part`."""
        if self._shared is None:
            self._shared = {}
        place = region.within(self.problem.tile.region)
        tile_shape = self.problem.tile.region.shape
        pixels = np.arange(math.prod(tile_shape)).reshape(tile_shape)[place].ravel()
        some = copy(self)
        some.problem = replace(self.problem, tile=Tile(self.problem.tile.index, region))
        some.differences = self.differences[..., *place]
        some._blocks = [[inputs, *(target[:, pixels] for target in targets)] for inputs, *targets in self._blocks]
        return some

    def made(self, name: str, make: Callable[[], T]) -> T:
        """Return what `make` makes of the inputs; once for all parts of a tile, where it is solved in parts."""
        if self._shared is None:
            return make()
        if name not in self._shared:
            self._shared[name] = make()
        return cast(T, self._shared[name])

    def inputs(self, number: int) -> NDArray[Any]:
        """Return the inputs from which set `number` of the weights is learned, (channel, pixel, sample).

        Zeros fill the samples up to whole registers.
        """
        return self._vectors(0, number)

    def targets(self, number: int) -> list[NDArray[Any]]:
        """Return the targets of each expression, likewise."""
        return [self._vectors(1 + place, number) for place in range(len(self.problem.expressions))]

    def _check_room(self, n_samples: int) -> None:
        n_values = n_samples * self.problem.colour.channels_per_fit(self.problem.channels)
        if self.dtype == np.uint8 and n_values > MOST_VALUES:
            raise ValueError(f"{self.problem.tile}: {n_values} samples; sums of 32 bits hold {MOST_VALUES}")

    def _vectors(self, image: int, number: int) -> Array:
        part = slice(None) if self.problem.weight_channels == 1 else slice(number, number + 1)
        first = self._blocks[0][image][part]
        together = np.zeros((*first.shape[:2], -(-self.n_samples // LANES) * LANES), self.dtype)
        start = 0
        for block in self._blocks:
            columns = block[image][part]
            together[..., start : start + columns.shape[2]] = columns
            start += columns.shape[2]
        return together
