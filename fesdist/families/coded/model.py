"""What the coded models have in common: codes of the whole image, and outputs that are linear in the codes.

With M training images x_m (inputs) and t_m (targets) as vectors, everything a model learns is a combination of
them: encoder = mixing @ inputs, decoder = weights @ targets. So the pass over the image needs only their M x M inner
products, the tiles form the combinations pixel by pixel, and no array is pixels by pixels.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fesdist.families.coded.coder import Coder
from fesdist.families.coded.folds import CodedValidation
from fesdist.families.coded.gathered import Combinations
from fesdist.families.coded.image_pass import CodePass
from fesdist.families.coded.kernels.combinations import add_combinations
from fesdist.families.coded.memory import tile_memory
from fesdist.families.coded.vectors import by_image, by_set
from fesdist.families.common.blocks import check_between
from fesdist.families.common.contract import Model
from fesdist.families.common.fit import Fit
from fesdist.families.common.fixed_map import Codes, FixedMap
from fesdist.families.common.layout import Array, ArrayLayout, TileArrays
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.sums import KeepsSamples
from fesdist.ground.errors import BadParameterError
from fesdist.ground.memory import Allocation, Memory
from fesdist.ground.status import Status
from fesdist.ground.tiles import Padding, Region
from fesdist.ground.units import unit_of


@dataclass(frozen=True)
class CodedModel(KeepsSamples, Coder, Model[Combinations], ABC):
    """y[p] = bias[p] + Σ_r decoder[r, p] z[r] with codes z[r] = Σ_p encoder[r, p] x[p]; see `CodePass`.

    Where there is nothing to learn a code from (black images, a single target) there is no solution.
    """

    name: ClassVar[str]
    reads: ClassVar[tuple[str, ...]] = ("decoder", "bias")
    follows_samples: ClassVar[tuple[str, ...]] = ("code", "vector")

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

    def memory(self, fit: Fit, tile_shape: tuple[int, int], n_block: int, n_folds: int = 1) -> Memory:
        read = [layout for layout in self.layout(fit) if layout.name in self.reads]
        return tile_memory(self, self.stored(fit, tile_shape), read, fit, n_block)

    def stored(self, fit: Fit, tile_shape: tuple[int, int]) -> tuple[Allocation, ...]:
        """Return what becomes the arrays of `encoder_of`."""
        shape = fit.weight_channels, self.n_codes(fit.n_vectors), *tile_shape
        return (Allocation("encoders", shape, "float64", 1 if self.one_code else fit.n_expressions),)

    def gather(self, problem: TileProblem, dtype: np.dtype[Any]) -> Combinations:
        return Combinations(problem, dtype, one_encoder=self.one_code)

    def solve(self, gathered: Combinations) -> dict[str, TileArrays]:
        """Return `encoder`, `decoder`, `bias`, `status`, `norm` and `mean_difference` of each expression.

        `norm` is the l2 norm of the decoder: that of the weights of all input pixels, where codes are inner products
        with orthonormal images. Raises ValueError when the samples are not those of the image pass.
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

    def encoder_of(self, gathered: Combinations, expression: str) -> TileArrays:
        """Return the arrays of `solve` that only `encode` reads."""
        encoder = gathered.encoder(expression)
        return {"encoder": encoder.reshape(*encoder.shape[:2], *gathered.problem.tile.region.shape)}

    def check_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        # How many codes there are follows from the samples, of which nobody knows here.
        check_between(shapes, bias=(), decoder=shapes.get("decoder", ())[1:2])

    def prepare(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Return `decoder` and `bias` as `apply` uses them."""
        self.check_shapes({name: arrays[name].shape for name in self.reads})
        return {name: np.ascontiguousarray(arrays[name], dtype=np.float32) for name in ("decoder", "bias")}

    def apply(self, arrays: Mapping[str, Array], inputs: Array, padding: Padding) -> NDArray[np.float32]:
        """Return bias[p] + Σ_r decoder[r, p] z[r]; `inputs` are the codes z, (sample, channel, code) float32."""
        ready = self.prepare(arrays)
        decoder, bias = ready["decoder"], ready["bias"]
        sets, n_codes, rows, cols = decoder.shape
        if inputs.shape[2] != n_codes:
            raise BadParameterError(f"{inputs.shape[2]} codes of an image for a decoder of {n_codes}; expected as many")
        outputs = []
        for codes, weights, offset in zip(by_set(inputs, sets), decoder, bias, strict=True):
            made = np.repeat(offset.reshape(1, -1), len(codes), axis=0)
            add_combinations(np.require(codes, requirements=("C", "W")), weights.reshape(n_codes, -1), made, 0)
            outputs.append(made)
        return by_image(np.stack(outputs), inputs.shape[1]).reshape(*inputs.shape[:2], rows, cols)

    def fixed_map(self, read: Callable[[str], Array]) -> FixedMap:
        if self.small_names:
            raise BadParameterError(
                f"model {self.name!r} compares a photograph with those it was trained on, which an export would have "
                "to contain; export one of mr, pixel-rr, pixel-kr, omp, lsrf, lasso, ridge, pca or ssc"
            )
        return Codes(read(self.encoder_name), read("decoder"), read("bias"))


def _status(decode: Array, shape: tuple[int, int]) -> NDArray[np.uint8]:
    status = np.full((len(decode), *shape), Status.SOLVED, np.uint8)
    status[~decode[:, :-1].any(axis=(1, 2))] = Status.NO_SOLUTION
    return status


def _l2_norm(decoder: Array) -> Array:
    """Return the root of Σ_code decoder², (set, row, col)."""
    squares = np.zeros((len(decoder), *decoder.shape[2:]))
    # Code by code, so that the bits of a pixel depend on nothing but its own numbers.
    for code in range(decoder.shape[1]):
        squares += decoder[:, code] ** 2
    return np.sqrt(squares)
