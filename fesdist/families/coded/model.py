"""What the global models have in common: codes of the whole image, and outputs that are linear in the codes.

With M training images x_m (inputs) and t_m (targets) as vectors, everything a model learns is a combination of
them: encoder = mixing @ inputs, decoder = weights @ targets. So the global stage needs only their M x M inner
products, the tiles form the combinations pixel by pixel, and no array is pixels by pixels.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fesdist.families.coded.folds import CodedValidation
from fesdist.families.coded.image_pass import CodePass
from fesdist.families.coded.kernels.combinations import add_combinations
from fesdist.families.coded.solution import Grams, Solution, filled
from fesdist.families.coded.statistics import CodedStatistics
from fesdist.families.coded.vectors import (
    PIXELS_AT_ONCE,
    Floats,
    applied_vectors,
    by_image,
    by_set,
    inner_products,
)
from fesdist.families.common.contract import Model
from fesdist.families.common.fit import Fit
from fesdist.families.common.layout import Array, ArrayLayout, TileArrays
from fesdist.families.common.problem import TileProblem
from fesdist.ground.memory import Allocation, Memory
from fesdist.ground.tiles import Padding, Region
from fesdist.ground.units import unit_of
from fesdist.simd.lanes import LANES


@dataclass(frozen=True)
class CodedModel(Model[CodedStatistics], ABC):
    """y[p] = bias[p] + Σ_r decoder[r, p] z[r] with codes z[r] = Σ_p encoder[r, p] x[p]; see `CodePass`.

    Where there is nothing to learn a code from (black images, a single target) the status is 1.
    """

    name: ClassVar[str]
    keeps_sums: ClassVar[bool] = False
    reads: ClassVar[tuple[str, ...]] = ("decoder", "bias")
    encoder_name: ClassVar[str] = "encoder"
    """The array with pixels that `encode` reads."""
    small_names: ClassVar[tuple[str, ...]] = ()
    """The arrays without pixels that `codes` reads."""
    basis: ClassVar[str] = "inputs"
    """The training images whose inner products with an image make its codes: inputs or targets."""
    needs: ClassVar[tuple[str, ...]]
    """What `solution` needs of `Grams`."""
    one_code: ClassVar[bool] = False
    """Whether expressions with the same samples have the same codes, and one solution."""

    @abstractmethod
    def n_codes(self, n_vectors: int) -> int:
        """Return how many codes are stored for a fit on `n_vectors` images; those not needed are zero."""

    @abstractmethod
    def solution(self, grams: Grams, n_pixels: int) -> Solution:
        """Return the solution for one set of weights; without any code where there is nothing to learn from."""

    @abstractmethod
    def describe(self) -> str:
        """Return the model in a few words, for people."""

    def parameters(self) -> dict[str, Any]:
        return asdict(self)

    def inputs_of(self, region: Region, image_shape: tuple[int, int]) -> tuple[Region, Padding]:
        return region, Padding(0, 0, 0, 0)

    def image_pass(self) -> CodePass:
        return CodePass(self)

    @classmethod
    def cross_validation(cls, candidates: Sequence[Self]) -> CodedValidation:
        return CodedValidation(tuple(candidates))

    def layout(self, fit: Fit) -> tuple[ArrayLayout, ...]:
        description = "output for codes of zero, in [0, 1] units"
        bias = ArrayLayout("bias", (("weight_channel", fit.weight_channels),), "float64", description)
        return (bias, *self.code_layout(fit), *self.small_layout(fit))

    def code_layout(self, fit: Fit) -> tuple[ArrayLayout, ...]:
        """Return encoder and decoder."""
        leading = ("weight_channel", fit.weight_channels), ("code", self.n_codes(fit.n_vectors))
        encoder = "code = sum over the image of encoder x input, intensities in [0, 1]"
        return (
            ArrayLayout("encoder", leading, "float64", encoder),
            ArrayLayout("decoder", leading, "float64", "output = bias + sum over the codes of decoder x code"),
        )

    def small_layout(self, fit: Fit) -> tuple[ArrayLayout, ...]:
        """Return the arrays without pixels, those of `small_names`."""
        return ()

    def memory(self, fit: Fit, tile_shape: tuple[int, int], n_block: int) -> Memory:
        pixels, n_expressions = math.prod(tile_shape), fit.n_expressions
        channels, sets = fit.channels, fit.weight_channels
        codes = self.n_codes(fit.n_vectors)
        block_values = n_block * channels * pixels
        # Vectors of an image may be a copy of it.
        adding = block_values * fit.itemsize * (2 + n_expressions) + n_block * pixels * fit.gray_bytes
        # Some pixels of all images in floating point, the next ones while they are made, and packed coefficients.
        panels = n_block * channels * 8 * (2 * PIXELS_AT_ONCE + LANES + 2 * codes) + codes * LANES * 8
        learned = sum(layout.bytes_per_pixel for layout in self.layout(fit))
        coefficients = n_expressions * sets * (2 * codes + 1) * fit.n_vectors * 8
        solved = n_expressions * (sets * 17 + channels * 20) * pixels
        # A decoder in float32, outputs as they are made and put together, and what they are compared with.
        applying = sets * (codes + 1) * pixels * 4 + 7 * block_values * 4
        total = n_expressions * learned * pixels + coefficients + solved + max(adding + panels, applying)
        return Memory((Allocation("all arrays", (total,), "uint8"),))

    def grams(self, products: Mapping[str, Array], expression: str, expressions: Sequence[str]) -> dict[str, Array]:
        """Return what `solution` needs for an expression, but (set, M, M) and in the units of the images."""
        names = {"inputs": "inputs", "targets": f"targets/{expression}"}
        return {needed: products[names[needed]] for needed in self.needs}

    def encoding(self, solutions: Sequence[Solution], sets: Sequence[Grams], fit: Fit) -> dict[str, Array]:
        """Return the arrays from which tiles make the encoder, and those of `small_layout`.

        `encode` (set, code, M) combines inputs as they are stored to the encoder of inputs in [0, 1] units.
        """
        codes, unit = self.n_codes(fit.n_vectors), unit_of(np.dtype(fit.dtype))
        return {"encode": np.stack([filled(found.mixing, codes) / unit for found in solutions])}

    def held_out_codes(
        self, solutions: Sequence[Solution], encoding: Mapping[str, Array], sums: Floats, fit: Fit
    ) -> NDArray[np.float32]:
        """Return the codes (sample, channel, code) of held-out images from their products, in [0, 1] units."""
        codes = self.n_codes(fit.n_vectors)
        pairs = zip(sums, solutions, strict=True)
        own = np.stack([products[:, :-1] @ filled(found.mixing, codes).T for products, found in pairs])
        return by_image(own, fit.channels).astype(np.float32)

    def encode(self, arrays: Mapping[str, Array], inputs: Array) -> NDArray[np.float64]:
        """Return Σ_p encoder[r, p] x[p] over the region's pixels; see `WholeImageModel.encode`."""
        encoder = arrays[self.encoder_name]
        vectors = applied_vectors(inputs, len(encoder))
        units = unit_of(inputs.dtype) * unit_of(encoder.dtype)
        rows = encoder.reshape(*encoder.shape[:2], -1)
        sums = np.stack([inner_products(own, of_set) for own, of_set in zip(vectors, rows, strict=True)])
        return by_image(sums / units, inputs.shape[1])

    def codes(self, small: Mapping[str, Array], sums: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the sums of `encode`, which are the codes of a linear model, as `apply` takes them."""
        return sums.astype(np.float32)

    def gather(self, problem: TileProblem, dtype: np.dtype[Any]) -> CodedStatistics:
        return CodedStatistics(problem, dtype, one_encoder=self.one_code)

    def solve(self, gathered: CodedStatistics) -> dict[str, TileArrays]:
        """Return `encoder`, `decoder`, `bias`, `status`, `norm` and `mean_difference` of each expression.

        `norm` is the l2 norm of the decoder: that of the weights of all input pixels, where codes are inner products
        with orthonormal images. Raises ValueError when the samples are not those of the global stage.
        """
        gathered.check_complete()
        unit, shape = unit_of(gathered.dtype), gathered.problem.tile.region.shape
        solved: dict[str, TileArrays] = {}
        for number, expression in enumerate(gathered.problem.expressions):
            outputs = gathered.outputs[expression]
            outputs = outputs.reshape(*outputs.shape[:2], *shape)
            difference = gathered.differences[number] / (unit * gathered.n_samples)
            solved[expression] = {
                **self.encoder_of(gathered, expression),
                "decoder": outputs[:, :-1],
                "bias": outputs[:, -1],
                "status": _status(gathered.problem.prepared[expression].arrays["decode"], shape),
                "norm": _l2_norm(outputs[:, :-1]),
                "mean_difference": difference.astype(np.float32),
            }
        return solved

    def encoder_of(self, statistics: CodedStatistics, expression: str) -> TileArrays:
        """Return the arrays of `solve` that only `encode` reads."""
        encoder = statistics.encoder(expression)
        return {"encoder": encoder.reshape(*encoder.shape[:2], *statistics.problem.tile.region.shape)}

    def prepare(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Return `decoder` and `bias` as `apply` uses them."""
        return {name: np.ascontiguousarray(arrays[name], dtype=np.float32) for name in ("decoder", "bias")}

    def apply(self, arrays: Mapping[str, Array], inputs: Array, padding: Padding) -> NDArray[np.float32]:
        """Return bias[p] + Σ_r decoder[r, p] z[r]; `inputs` are the codes z, (sample, channel, code) float32."""
        ready = self.prepare(arrays)
        decoder, bias = ready["decoder"], ready["bias"]
        sets, n_codes, rows, cols = decoder.shape
        outputs = []
        for codes, weights, offset in zip(by_set(inputs, sets), decoder, bias, strict=True):
            made = np.repeat(offset.reshape(1, -1), len(codes), axis=0)
            add_combinations(np.ascontiguousarray(codes), weights.reshape(n_codes, -1), made, 0)
            outputs.append(made)
        return by_image(np.stack(outputs), inputs.shape[1]).reshape(*inputs.shape[:2], rows, cols)


def _status(decode: Array, shape: tuple[int, int]) -> NDArray[np.uint8]:
    status = np.zeros((len(decode), *shape), np.uint8)
    status[~decode[:, :-1].any(axis=(1, 2))] = 1
    return status


def _l2_norm(decoder: Array) -> Array:
    """Return the root of Σ_code decoder², (set, row, col)."""
    squares = np.zeros((len(decoder), *decoder.shape[2:]))
    # Code by code, so that the bits of a pixel depend on nothing but its own numbers.
    for code in range(decoder.shape[1]):
        squares += decoder[:, code] ** 2
    return np.sqrt(squares)
