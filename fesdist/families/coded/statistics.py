"""A tile's pieces of encoders and decoders, added up from the samples as they come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fesdist.families.coded.kernels.combinations import add_combinations
from fesdist.families.coded.vectors import PIXELS_AT_ONCE, fitted_vectors
from fesdist.families.common.blocks import checked_block
from fesdist.families.common.contract import Array, TileProblem


class LowRankStatistics:
    """Combinations of the images of a tile, with the coefficients that the global stage found.

    `outputs` are, by expression, the targets combined by `decode`, (set, code + 1, pixel) float64. `differences` is
    (expression, image channel, row, col): Σ (target - input), int64 for uint8 samples and float64 for float64 ones.
    Samples must come in the order of the global stage, as each of them has its own coefficients.
    """

    def __init__(self, problem: TileProblem, dtype: np.dtype[Any], *, one_encoder: bool) -> None:
        self.problem = problem
        self.dtype = dtype
        self.n_samples = 0
        self.n_vectors = 0
        """Images of one channel that were added to each set of weights."""
        rows, cols = problem.tile.region.shape
        self.outputs = {name: _sums(problem.shared[name]["decode"], rows * cols) for name in problem.expressions}
        self._encoders = {
            name: _sums(problem.shared[name]["encode"], rows * cols)
            for name in (problem.expressions[:1] if one_encoder else problem.expressions)
            if "encode" in problem.shared[name]
        }
        shape = len(problem.expressions), problem.channels, rows, cols
        self.differences = np.zeros(shape, np.int64 if dtype == np.uint8 else np.float64)

    def encoder(self, expression: str) -> Array:
        """Return the inputs combined by `encode`, (set, code, pixel) float64, of a model that has this array."""
        return self._encoders.get(expression, self._encoders[self.problem.expressions[0]])

    def add(self, inputs: Array, targets: Mapping[str, Array]) -> None:
        """Add samples; see `TileStatistics.add`.

        Raises ValueError when the arrays do not fit the tile, each other or the dtype of the statistics.
        """
        problem = self.problem
        images = checked_block(problem, self.dtype, problem.tile.region.shape, inputs, targets)
        if self._encoders:
            vectors = fitted_vectors(inputs, problem.colour)
            for name, encoder in self._encoders.items():
                _combine(problem.shared[name]["encode"], vectors, self.n_vectors, encoder)
        for name, after, difference in zip(problem.expressions, images[1:], self.differences, strict=True):
            vectors = fitted_vectors(after, problem.colour)
            _combine(problem.shared[name]["decode"], vectors, self.n_vectors, self.outputs[name])
            # Sample by sample, so that floating-point sums do not depend on the blocks.
            for n in range(len(inputs)):
                difference += after[n]
                difference -= inputs[n]
        self.n_samples += len(inputs)
        self.n_vectors += vectors.shape[1]

    def check_complete(self) -> None:
        """Raise ValueError unless there are as many samples as the global stage had."""
        expected = self.problem.shared[self.problem.expressions[0]]["decode"].shape[2]
        if self.n_vectors != expected:
            raise ValueError(
                f"{self.problem.tile}: {self.n_samples} samples were added, which are {self.n_vectors} images to fit; "
                f"expected {expected}, as in the global stage"
            )


class StoredInputs(LowRankStatistics):
    """The same for models whose encoder is the training inputs themselves.

    `inputs` is (set, vector, pixel) of the samples' dtype, with zeros where the global stage filled up its arrays.
    """

    def __init__(self, problem: TileProblem, dtype: np.dtype[Any]) -> None:
        super().__init__(problem, dtype, one_encoder=True)
        rows, cols = problem.tile.region.shape
        sets, _, n_vectors = problem.shared[problem.expressions[0]]["mixing"].shape
        self.inputs = np.zeros((sets, n_vectors, rows * cols), dtype)

    def add(self, inputs: Array, targets: Mapping[str, Array]) -> None:
        start = self.n_vectors
        super().add(inputs, targets)
        self.inputs[:, start : self.n_vectors] = fitted_vectors(inputs, self.problem.colour)


def _sums(coefficients: Array, n_pixels: int) -> Array:
    return np.zeros((*coefficients.shape[:2], n_pixels))


def _combine(coefficients: Array, vectors: Array, start: int, sums: Array) -> None:
    """Add vectors (set, vector, pixel), from the `start`-th on, times their coefficients to sums (set, code, pixel)."""
    n_vectors, n_pixels = vectors.shape[1:]
    for own, images, to in zip(coefficients[..., start : start + n_vectors], vectors, sums, strict=True):
        factors = np.ascontiguousarray(own)
        for first in range(0, n_pixels, PIXELS_AT_ONCE):
            part = np.ascontiguousarray(images[:, first : first + PIXELS_AT_ONCE], dtype=np.float64)
            add_combinations(factors, part, to, first)
