"""A tile's pieces of encoders and decoders, added up from the samples as they come."""

from __future__ import annotations

from typing import Any

import numpy as np

from fesdist.families.coded.kernels.combinations import add_combinations
from fesdist.families.coded.vectors import PIXELS_AT_ONCE, fitted_vectors
from fesdist.families.common.blocks import checked_block
from fesdist.families.common.layout import Array
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples


class Combinations:
    """Combinations of the images of a tile, with the coefficients that the image pass found.

    `outputs` are, by expression, the targets combined by `decode`, (set, code + 1, pixel) float64. `differences` is
    (expression, image channel, row, col): Σ (target - input), int64 for uint8 samples and float64 for float64 ones.
    Samples must come in the order of the image pass, as each of them has its own coefficients.
    """

    def __init__(self, problem: TileProblem, dtype: np.dtype[Any], *, one_encoder: bool) -> None:
        self.problem = problem
        self.dtype = dtype
        self.n_samples = 0
        self.n_vectors = 0
        """Images of one channel that were added to each set of weights."""
        rows, cols = problem.tile.region.shape
        given = {name: problem.prepared[name].arrays for name in problem.expressions}
        self.outputs = {name: _sums(arrays["decode"], rows * cols) for name, arrays in given.items()}
        self._encoders = {
            name: _sums(given[name]["encode"], rows * cols)
            for name in (problem.expressions[:1] if one_encoder else problem.expressions)
            if "encode" in given[name]
        }
        shape = len(problem.expressions), problem.channels, rows, cols
        self.differences = np.zeros(shape, np.int64 if dtype == np.uint8 else np.float64)

    def encoder(self, expression: str) -> Array:
        """Return the inputs combined by `encode`, (set, code, pixel) float64, of a model that has this array."""
        return self._encoders.get(expression, self._encoders[self.problem.expressions[0]])

    def add(self, samples: Samples) -> None:
        """Add samples; see `Gathered.add`."""
        problem, inputs = self.problem, samples.inputs
        images = checked_block(problem, self.dtype, problem.tile.region.shape, samples)
        if self._encoders:
            vectors = fitted_vectors(inputs, problem.colour)
            for name, encoder in self._encoders.items():
                _combine(problem.prepared[name].arrays["encode"], vectors, self.n_vectors, encoder)
        for name, after, difference in zip(problem.expressions, images[1:], self.differences, strict=True):
            vectors = fitted_vectors(after, problem.colour)
            _combine(problem.prepared[name].arrays["decode"], vectors, self.n_vectors, self.outputs[name])
            # Sample by sample, so that floating-point sums do not depend on the blocks.
            for n in range(len(inputs)):
                difference += after[n]
                difference -= inputs[n]
        self.n_samples += len(inputs)
        self.n_vectors += vectors.shape[1]

    def check_complete(self) -> None:
        """Raise ValueError unless there are as many samples as the image pass had."""
        expected = self.problem.prepared[self.problem.expressions[0]].arrays["decode"].shape[2]
        if self.n_vectors != expected:
            raise ValueError(
                f"{self.problem.tile}: {self.n_samples} samples were added, which are {self.n_vectors} images to fit; "
                f"expected {expected}, as in the image pass"
            )


class StoredInputs(Combinations):
    """The same for models whose encoder is the training inputs themselves.

    `inputs` is (set, vector, pixel) of the samples' dtype, with zeros where the image pass filled up its arrays.
    """

    def __init__(self, problem: TileProblem, dtype: np.dtype[Any]) -> None:
        super().__init__(problem, dtype, one_encoder=True)
        rows, cols = problem.tile.region.shape
        sets, _, n_vectors = problem.prepared[problem.expressions[0]].arrays["mixing"].shape
        self.inputs = np.zeros((sets, n_vectors, rows * cols), dtype)

    def add(self, samples: Samples) -> None:
        start = self.n_vectors
        super().add(samples)
        self.inputs[:, start : self.n_vectors] = fitted_vectors(samples.inputs, self.problem.colour)


def _sums(coefficients: Array, n_pixels: int) -> Array:
    return np.zeros((*coefficients.shape[:2], n_pixels))


def _combine(coefficients: Array, vectors: Array, start: int, sums: Array) -> None:
    """Add vectors (set, vector, pixel), from the `start`-th on, times their coefficients to sums (set, code, pixel)."""
    n_vectors, n_pixels = vectors.shape[1:]
    for own, images, to in zip(coefficients[..., start : start + n_vectors], vectors, sums, strict=True):
        # The kernel would be compiled a second time for arrays that are read-only.
        factors = np.require(own, requirements=("C", "W"))
        for first in range(0, n_pixels, PIXELS_AT_ONCE):
            part = np.ascontiguousarray(images[:, first : first + PIXELS_AT_ONCE], dtype=np.float64)
            add_combinations(factors, part, to, first)
