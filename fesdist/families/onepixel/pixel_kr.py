"""Pixel-KR: each output pixel is a kernel ridge regression on the input pixel at its own place.

Akram, Khan: Pixel-based Facial Expression Synthesis, International Conference on Pattern Recognition, 2021:
c = t (K + λ I)⁻¹ and f(x) = Σ_n c[n] k(x[n], x). There is no bias.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.blocks import check_any_samples, check_between, check_sets
from fesdist.families.common.contract import Model
from fesdist.families.common.fit import Fit
from fesdist.families.common.fixed_map import Tables as TableMap
from fesdist.families.common.hyperparameters import (
    kernel_option,
    mirror_option,
    pool_option,
    positive,
    ridge_option,
    sigma_option,
)
from fesdist.families.common.in_memory import Learned
from fesdist.families.common.layout import Array, ArrayLayout, TileArrays
from fesdist.families.common.made_from_sums import MadeFromSums, same_mirror
from fesdist.families.common.pooling import check_margin
from fesdist.families.common.problem import TileProblem
from fesdist.families.onepixel.folds import IntensityValidation, evidence_of
from fesdist.families.onepixel.functions import KERNELS, IntensityKernel, Laplacian, features, kernel_named
from fesdist.families.onepixel.kernels.intensities import INTENSITIES, interpolate, look_up
from fesdist.families.onepixel.kernels.systems import Tables, solve_by_features, solve_chain
from fesdist.families.onepixel.memory import left_out_memory, training_memory
from fesdist.families.onepixel.sums import IntensitySums
from fesdist.families.onepixel.tables import Solver, own_row, solve_row
from fesdist.ground.errors import BadParameterError
from fesdist.ground.memory import Allocation, Memory
from fesdist.ground.options import option
from fesdist.ground.tiles import Padding, Region

_SHAPE = ("sigma", "degree", "offset")
"""Hyper-parameters that belong to a kernel."""


@dataclass(frozen=True)
class PixelKernelRidge(MadeFromSums[IntensitySums], Model[IntensitySums]):
    """Pixel-KR: minimise Σ_n (t[n, p] - f(x[n, p]))² + ridge ‖f‖² over the functions f of a kernel, for each pixel p.

    An 8-bit image has 256 intensities, so f is stored as its 256 values, which any reader can look up. The kernels
    are gaussian (sigma), laplacian (sigma), polynomial (degree, offset) and linear, as in
    `fesdist.families.onepixel.functions`; what is None takes the kernel's default. Raises BadParameterError for an
    unknown kernel, a value out of range, and one that the kernel does not have.

    It is learned from sums, which are values and serve every kernel:

    >>> images = np.random.default_rng(0).integers(0, 256, (2, 3, 1, 4, 5), dtype=np.uint8)
    >>> inputs, targets = images
    >>> model = PixelKernelRidge()
    >>> here = model.sums(inputs[:2], {"happy": targets[:2]}, ["ann", "bob"])
    >>> there = model.sums(inputs[2:], {"happy": targets[2:]}, ["cleo"])
    >>> bob = model.sums(inputs[1:2], {"happy": targets[1:2]}, ["bob"])
    >>> forgotten = PixelKernelRidge.from_sums(here + there - bob, kernel="laplacian", ridge=0.4)
    >>> others = model.sums(inputs[::2], {"happy": targets[::2]}, ["ann", "cleo"])
    >>> never_seen = PixelKernelRidge.from_sums(others, kernel="laplacian", ridge=0.4)
    >>> np.array_equal(forgotten.arrays["happy"]["outputs"], never_seen.arrays["happy"]["outputs"])
    True
    """

    kernel: str = kernel_option("gaussian", known=tuple(KERNELS))
    sigma: float | None = sigma_option(None, implied="0.2")
    degree: int | None = option(None, "degree of a polynomial kernel", metavar="N", implied="3")
    offset: float | None = option(None, "constant of a polynomial kernel, 0 to 1", metavar="C", implied="1")
    ridge: float = ridge_option(0.4)
    pool: int = pool_option(0)
    mirror: bool = mirror_option(False)

    name: ClassVar[str] = "pixel-kr"
    reads: ClassVar[tuple[str, ...]] = ("outputs",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ridge", positive("ridge", self.ridge, 0.4))
        self.check_beyond_the_papers()
        for name, value in asdict(self._kernel()).items():
            object.__setattr__(self, name, value)

    def parameters(self) -> dict[str, Any]:
        return {"kernel": self.kernel, **self._shape(), "ridge": self.ridge, **self.beyond_the_papers()}

    def _shape(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _SHAPE if getattr(self, name) is not None}

    def _kernel(self) -> IntensityKernel:
        return kernel_named(self.kernel, self._shape())

    def inputs_of(self, region: Region, image_shape: tuple[int, int]) -> tuple[Region, Padding]:
        return region, Padding(0, 0, 0, 0)

    def targets_of(self, region: Region, image_shape: tuple[int, int]) -> Region:
        return region.grown(self.pool, image_shape)

    def describe(self) -> str:
        """Return the model in a few words, for people."""
        shape = "".join(f", {name} {value:g}" for name, value in self._shape().items())
        return f"{self.kernel} kernel{shape}, ridge {self.ridge:g}{self.beyond_in_words()}"

    def layout(self, fit: Fit) -> tuple[ArrayLayout, ...]:
        return (
            ArrayLayout(
                "outputs",
                (("weight_channel", fit.weight_channels), ("intensity", INTENSITIES)),
                "float32",
                "output for each intensity 0..255 of the input pixel at (row, col), in [0, 1] units",
            ),
        )

    def memory(self, fit: Fit, tile_shape: tuple[int, int], n_block: int, n_folds: int = 1) -> Memory:
        _check_8_bit(fit.dtype)
        return training_memory(self.layout(fit), (self._rank(), self.pool), fit, tile_shape, (n_block, n_folds))

    def evidence_memory(
        self, fit: Fit, tile_shape: tuple[int, int], n_samples: int, n_folds: int
    ) -> tuple[Allocation, ...]:
        return left_out_memory((self._rank(), self.pool), fit, tile_shape[1], (n_samples, n_folds))

    @classmethod
    def cross_validation(cls, candidates: Sequence[Self]) -> IntensityValidation:
        """Return how candidates are judged by sums."""
        return IntensityValidation(
            tuple((model._solver(), model.pool) for model in candidates),
            max(model._rank() for model in candidates),
            same_mirror(candidates),
        )

    @classmethod
    def from_sums(cls, sums: IntensitySums, **parameters: Any) -> Learned:
        """Return what a model with these hyper-parameters learns; raises ValueError for sums of no samples."""
        model = cls(**parameters)
        return model.learned(sums)

    def gather(self, problem: TileProblem, dtype: np.dtype[Any]) -> IntensitySums:
        """Return empty statistics; raises BadParameterError for anything but uint8."""
        _check_8_bit(str(dtype))
        return IntensitySums(problem, margin=self.pool)

    def solve(self, gathered: IntensitySums) -> dict[str, TileArrays]:
        """Return `outputs`, `status`, `norm` and `mean_difference` of each expression.

        `norm` is |f(0)| + Σ_v |f(v) - f(v - 1)|, which for a straight line is the l1 norm of its weight and bias.
        Raises ValueError when no sample was added.
        """
        problem = gathered.problem
        check_any_samples(problem, gathered.n_samples)
        sets, n_expressions, shape = len(gathered.sums), len(problem.expressions), problem.tile.region.shape
        outputs = np.empty((sets, n_expressions, INTENSITIES, *shape), np.float32)
        norm = np.empty((sets, n_expressions, *shape))
        status = np.zeros((sets, *shape), np.uint8)
        check_margin(gathered.margin, self.pool)
        for channel in range(sets):
            self._solve_rows(gathered, channel, Tables(outputs[channel], norm[channel], status[channel]))
        before, *after = gathered.image_sums[..., *problem.tile.region.within(gathered.region)]
        return {
            expression: {
                "outputs": outputs[:, number],
                "status": status,
                "norm": norm[:, number],
                "mean_difference": ((after[number] - before) / (255.0 * gathered.n_samples)).astype(np.float32),
            }
            for number, expression in enumerate(problem.expressions)
        }

    def _solve_rows(self, gathered: IntensitySums, channel: int, tables: Tables) -> None:
        region, n_expressions = gathered.problem.tile.region, len(gathered.problem.expressions)
        for row in range(region.row0, region.row1):
            known = own_row(gathered, channel, row, self.pool)
            for whole, of_row in zip(tables, solve_row(self._solver(), known, n_expressions), strict=True):
                whole[..., row - region.row0, :] = of_row[..., 0, :]

    def evidence(self, total: IntensitySums, folds: Sequence[IntensitySums], row_step: int) -> dict[str, TileArrays]:
        return evidence_of(total, folds, (self._solver(), self.pool), row_step)

    def _solver(self) -> Solver:
        """Return what fills the tables of a set of weights from its sums."""
        kernel = self._kernel()
        if isinstance(kernel, Laplacian):
            return lambda sums, tables: solve_chain(sums, kernel.decay, kernel.end, self.ridge, tables)
        return lambda sums, tables: solve_by_features(sums, features(kernel), self.ridge, tables)

    def _rank(self) -> int:
        """Return the number of features, 0 for a kernel that is solved without."""
        kernel = self._kernel()
        return 0 if isinstance(kernel, Laplacian) else features(kernel).shape[1]

    def check_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        check_between(shapes, outputs=(INTENSITIES,))

    def prepare(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Return `outputs` as `apply` uses it."""
        self.check_shapes({name: arrays[name].shape for name in self.reads})
        return {"outputs": np.ascontiguousarray(arrays["outputs"], dtype=np.float32)}

    def apply(self, arrays: Mapping[str, Array], inputs: Array, padding: Padding) -> NDArray[np.float32]:
        """Return outputs[x[p], p], and for floating-point inputs the line between the two nearest intensities.

        See `Model.apply`. Values beyond [0, 1] get the outputs of 0 and 1.
        """
        tables = self.prepare(arrays)["outputs"]
        _, channels, *shape = inputs.shape
        if list(tables.shape[-2:]) != shape:
            raise ValueError(f"inputs of shape {inputs.shape}; expected {tables.shape[-2:]} rows and columns")
        check_sets(len(tables), channels)
        outputs = np.empty(inputs.shape, np.float32)
        evaluate = look_up if inputs.dtype == np.uint8 else interpolate
        for channel in range(channels):
            evaluate(inputs, channel, tables[channel if len(tables) > 1 else 0], outputs)
        return outputs

    def fixed_map(self, read: Callable[[str], Array]) -> TableMap:
        return TableMap(read("outputs"))


def _check_8_bit(dtype: str) -> None:
    if dtype != "uint8":
        raise BadParameterError(
            f"{PixelKernelRidge.name} counts 8-bit intensities and cannot learn from {dtype} images; "
            "ingest the photographs with --normalisation none"
        )
