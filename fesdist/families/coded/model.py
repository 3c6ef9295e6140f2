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
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fesdist.families.coded.kernels.combinations import add_combinations
from fesdist.families.coded.solution import Grams, Solution, filled
from fesdist.families.coded.statistics import LowRankStatistics
from fesdist.families.coded.vectors import (
    PIXELS_AT_ONCE,
    Floats,
    applied_vectors,
    by_image,
    by_set,
    fitted_vectors,
    inner_products,
    squared_norms,
)
from fesdist.families.common.contract import Array, ArrayLayout, TileArrays, TileProblem
from fesdist.families.common.fit import Fit
from fesdist.families.common.whole_image import RegionImages, SmallLayout, held_out_name
from fesdist.ground.colour import Colour
from fesdist.ground.tiles import Padding, Region
from fesdist.ground.units import unit_of
from fesdist.simd.lanes import LANES


@dataclass(frozen=True)
class LowRankModel(ABC):
    """y[p] = bias[p] + Σ_r decoder[r, p] z[r] with codes z[r] = Σ_p encoder[r, p] x[p]; see `WholeImageModel`.

    Where there is nothing to learn a code from (black images, a single target) the status is 1.
    """

    name: ClassVar[str]
    encoder_name: ClassVar[str] = "encoder"
    decoder_name: ClassVar[str] = "decoder"
    small_names: ClassVar[tuple[str, ...]] = ()
    basis: ClassVar[str] = "inputs"
    """The training images whose inner products with an image make its codes: inputs or targets."""
    needs: ClassVar[tuple[str, ...]]
    """What `solution` needs of `Grams`."""
    one_code: ClassVar[bool] = False
    """Whether expressions with the same samples have the same codes, and one solution."""
    joint: ClassVar[bool] = False
    """Whether what is learned for an expression depends on the others it is trained with."""

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

    def coordinates(self) -> dict[str, tuple[str, list[int]]]:
        return {}

    def layout(self, weight_channels: int) -> tuple[ArrayLayout, ...]:
        description = "output for codes of zero, in [0, 1] units"
        return (ArrayLayout("bias", (("weight_channel", weight_channels),), "float64", description),)

    def code_layout(self, fit: Fit) -> tuple[ArrayLayout, ...]:
        leading = ("weight_channel", fit.weight_channels), ("code", self.n_codes(fit.n_vectors))
        encoder = "code = sum over the image of encoder x input, intensities in [0, 1]"
        return (
            ArrayLayout("encoder", leading, "float64", encoder),
            ArrayLayout("decoder", leading, "float64", "output = bias + sum over the codes of decoder x code"),
        )

    def small_layout(self, fit: Fit) -> tuple[SmallLayout, ...]:
        return ()

    def global_bytes(self, fit: Fit, tile_shape: tuple[int, int], n_held_out: int) -> int:
        n_tile_pixels, n_expressions = math.prod(tile_shape), fit.n_expressions
        channels, sets, n_vectors = fit.channels, fit.weight_channels, fit.n_vectors
        # Inputs, and each expression's targets and held-out inputs; then an array's vectors, and a gray version.
        n_images = (3 + n_expressions) * fit.n_samples + (1 + n_expressions) * n_held_out
        images = n_images * channels * n_tile_pixels * fit.itemsize
        gray = fit.n_samples * n_tile_pixels * 12 if fit.colour is Colour.GRAY else 0
        # Some pixels of both sides of a product in floating point, and the next ones while they are made.
        converted = 2 * 2 * (n_vectors + n_held_out * channels) * PIXELS_AT_ONCE * 8
        grams = sets * (1 + n_expressions) * n_vectors**2 * 8
        sums = grams + n_expressions * n_held_out * channels * (n_vectors + 1) * 8
        # What is kept is arrays and the bytes of a file at once. A solution takes an eigendecomposition.
        prepared = n_expressions * sets * (2 * self.n_codes(n_vectors) + 1) * n_vectors * 8
        return max(images + gray + converted + 3 * sums, sums + 2 * prepared + 8 * n_vectors**2 * 8)

    def projected_bytes(self, fit: Fit, tile_shape: tuple[int, int], n_block: int) -> int:
        pixels, n_expressions = math.prod(tile_shape), fit.n_expressions
        channels, sets = fit.channels, fit.weight_channels
        codes = self.n_codes(fit.n_vectors)
        block_values = n_block * channels * pixels
        # Vectors of an image may be a copy of it.
        adding = block_values * fit.itemsize * (2 + n_expressions) + n_block * pixels * fit.gray_bytes
        # Some pixels of all images in floating point, the next ones while they are made, and packed coefficients.
        panels = n_block * channels * 8 * (2 * PIXELS_AT_ONCE + LANES + 2 * codes) + codes * LANES * 8
        learned = sum(layout.bytes_per_pixel for layout in (*self.layout(sets), *self.code_layout(fit)))
        coefficients = n_expressions * sets * (2 * codes + 1) * fit.n_vectors * 8
        solved = n_expressions * (sets * 17 + channels * 20) * pixels
        # A decoder in float32, outputs as they are made and put together, and what they are compared with.
        applying = sets * (codes + 1) * pixels * 4 + 7 * block_values * 4
        return n_expressions * learned * pixels + coefficients + solved + max(adding + panels, applying)

    def products(self, images: RegionImages, colour: Colour) -> dict[str, Array]:
        """Return inner products in the units of the images, which for uint8 are exact integers, as float64.

        `inputs` and `targets/<expression>` are those of the training images with each other, (set, M, M). Those of
        held-out inputs with the images of the basis, and at the end with themselves, are (set, held-out image, M + 1).
        """
        inputs = fitted_vectors(images.inputs, colour)
        found: dict[str, Array] = {}
        if "inputs" in self.needs:
            found["inputs"] = np.stack([inner_products(vectors, vectors) for vectors in inputs])
        for expression, after in images.targets.items():
            targets = fitted_vectors(after, colour)
            if "targets" in self.needs:
                found[f"targets/{expression}"] = np.stack([inner_products(vectors, vectors) for vectors in targets])
            held_out = applied_vectors(images.held_out[expression], len(inputs))
            found[held_out_name(expression)] = np.stack(
                [
                    np.column_stack((inner_products(vectors, own), squared_norms(vectors)))
                    for vectors, own in zip(held_out, inputs if self.basis == "inputs" else targets, strict=True)
                ]
            )
        return found

    def grams(self, products: Mapping[str, Array], expression: str, expressions: Sequence[str]) -> dict[str, Array]:
        """Return what `solution` needs for an expression, but (set, M, M) and in the units of the images."""
        names = {"inputs": "inputs", "targets": f"targets/{expression}"}
        return {needed: products[names[needed]] for needed in self.needs}

    def prepare_globals(
        self, products: Mapping[str, Array], expressions: Sequence[str], fit: Fit
    ) -> dict[str, dict[str, Array]]:
        """Return `decode` (set, code + 1, M), `held_out` and what `encoding` adds, by expression.

        `decode` combines targets as they are stored to outputs in [0, 1] units, the bias last. See `WholeImageModel`.
        """
        unit = unit_of(np.dtype(fit.dtype))
        codes = self.n_codes(fit.n_vectors)
        prepared: dict[str, dict[str, Array]] = {}
        solutions: list[Solution] = []
        sets: list[Grams] = []
        for expression in expressions:
            if not (self.one_code and solutions):
                grams = self.grams(products, expression, expressions)
                numbers = range(fit.weight_channels)
                sets = [{name: gram[number] / unit**2 for name, gram in grams.items()} for number in numbers]
                solutions = [self.solution(gram, fit.n_pixels).or_mean() for gram in sets]
            decode = [np.vstack((filled(found.decoder, codes), found.bias)) / unit for found in solutions]
            encoding = self.encoding(solutions, sets, fit)
            sums = products[held_out_name(expression)] / unit**2
            prepared[expression] = {
                "decode": np.stack(decode),
                "held_out": self.held_out_codes(solutions, encoding, sums, fit),
                **encoding,
            }
        return prepared

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

    def statistics(self, problem: TileProblem, dtype: np.dtype[Any]) -> LowRankStatistics:
        return LowRankStatistics(problem, dtype, one_encoder=self.one_code)

    def solve(self, statistics: LowRankStatistics) -> dict[str, TileArrays]:
        """Return `encoder`, `decoder`, `bias`, `status`, `norm` and `mean_difference` of each expression.

        `norm` is the l2 norm of the decoder: that of the weights of all input pixels, where codes are inner products
        with orthonormal images. Raises ValueError when the samples are not those of the global stage.
        """
        statistics.check_complete()
        unit, shape = unit_of(statistics.dtype), statistics.problem.tile.region.shape
        solved: dict[str, TileArrays] = {}
        for number, expression in enumerate(statistics.problem.expressions):
            outputs = statistics.outputs[expression]
            outputs = outputs.reshape(*outputs.shape[:2], *shape)
            difference = statistics.differences[number] / (unit * statistics.n_samples)
            solved[expression] = {
                **self.encoder_of(statistics, expression),
                "decoder": outputs[:, :-1],
                "bias": outputs[:, -1],
                "status": _status(statistics.problem.shared[expression]["decode"], shape),
                "norm": _l2_norm(outputs[:, :-1]),
                "mean_difference": difference.astype(np.float32),
            }
        return solved

    def encoder_of(self, statistics: LowRankStatistics, expression: str) -> TileArrays:
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
