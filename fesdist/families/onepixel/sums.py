"""Running sums of a tile by input intensity: all that a one-pixel model of any kind needs to know of its samples."""

from __future__ import annotations

import numpy as np

from fesdist.families.common.blocks import checked_block
from fesdist.families.common.layout import Array
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.onepixel.kernels.intensities import INTENSITIES, add_targets, count_intensities
from fesdist.ground.colour import Colour, to_gray

PASS_SAMPLES = 64
"""Samples that are made contiguous and counted at a time."""

_LARGEST_SUM = np.iinfo(np.uint32).max


class IntensityStatistics:
    """How often each of 256 intensities occurs at a pixel, and the sum of its targets: integers, exact in any order.

    `sums` is (weight channel, row, col, intensity, 1 + expression) uint32: counts, then sums of each expression's
    targets in 0..255. `image_sums` is (1 + expression, image channel, row, col) int64: Σ x, then Σ t of each
    expression, of the images as they are stored.
    """

    def __init__(self, problem: TileProblem) -> None:
        self.problem = problem
        self.n_samples = 0
        shape, images = problem.tile.region.shape, 1 + len(problem.expressions)
        self.sums = np.zeros((problem.weight_channels, *shape, INTENSITIES, images), np.uint32)
        self.image_sums = np.zeros((images, problem.channels, *shape), np.int64)

    @property
    def n_fitted(self) -> int:
        """Samples of one fit: with shared colour, each channel of an image is one."""
        return self.n_samples * self.problem.colour.channels_per_fit(self.problem.channels)

    def add(self, samples: Samples) -> None:
        """Add samples; see `Gathered.add`.

        Raises ValueError also when they are so many that a sum may leave 32 bits: more than 16 million.
        """
        images = checked_block(self.problem, np.dtype(np.uint8), self.problem.tile.region.shape, samples)
        self.n_samples += len(samples)
        if self.n_fitted * (INTENSITIES - 1) > _LARGEST_SUM:
            raise ValueError(f"{self.problem.tile}: {self.n_fitted} samples; sums of 32 bits hold 16 million")
        for start in range(0, len(samples), PASS_SAMPLES):
            self._add_pass([np.ascontiguousarray(array[start : start + PASS_SAMPLES]) for array in images])

    def _add_pass(self, images: list[Array]) -> None:
        for array, sums in zip(images, self.image_sums, strict=True):
            sums += array.sum(axis=0, dtype=np.int64)
        if self.problem.colour is Colour.GRAY:
            images = [to_gray(array) for array in images]
        inputs, *targets = images
        for channel in range(inputs.shape[1]):
            sums = self.sums[channel if len(self.sums) > 1 else 0]
            count_intensities(inputs, channel, sums)
            for column, array in enumerate(targets, start=1):
                add_targets(inputs, array, channel, column, sums)
