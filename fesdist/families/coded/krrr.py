"""KRRR and BKRRR: kernel regression through a few codes, for one expression or for all of them together.

Huang, De la Torre: Bilinear Kernel Reduced Rank Regression for Facial Expression Synthesis, European Conference on
Computer Vision, 2010; baselines in Khan et al. 2020 (International Journal of Computer Vision), section 5.1. The
solution in closed form is that of Mukherjee, Zhu: Reduced Rank Ridge Regression and Its Kernel Extensions,
Statistical Analysis and Data Mining, 2011.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from fesdist.families.coded.eigen import positive_eigen
from fesdist.families.coded.gathered import Combinations, StoredInputs
from fesdist.families.coded.model import CodedModel
from fesdist.families.coded.products import Products
from fesdist.families.coded.solution import Grams, Solution, filled
from fesdist.families.coded.vectors import Floats, applied_vectors, by_image, by_set, squared_norms
from fesdist.families.common.fit import Fit
from fesdist.families.common.hyperparameters import (
    kernel_option,
    positive,
    positive_count,
    rank_option,
    ridge_option,
    sigma_option,
)
from fesdist.families.common.layout import Array, ArrayLayout, TileArrays
from fesdist.families.common.problem import TileProblem
from fesdist.ground.errors import BadParameterError
from fesdist.ground.memory import Allocation
from fesdist.ground.units import unit_of

KERNELS = ("gaussian", "linear")

SMALLEST_SIGMA = 1e-100
"""The square of less, or of more than its inverse, may be no number."""


@dataclass(frozen=True)
class KernelReducedRank(CodedModel):
    """KRRR: minimise Σ_n ‖t_n - B A (φ(x_n), 1)‖² + ridge ‖B A‖² over A with `rank` rows, the codes, and B.

    The constant 1 makes a bias, penalised as all weights are. The kernel φ(x)·φ(x') is
    exp(-mean_p (x[p] - x'[p])² / (2 sigma²)), with sigma in the units of intensity whatever the size of the image, or
    Σ_p x[p] x'[p] if it is linear. With K = the kernel of the training inputs + 1 = Vᵀ S V and F the matrix
    Vᵀ (S / (S + ridge))^1/2 V, the solution is that of kernel ridge regression, projected on the first right singular
    vectors of F T. Q being the first left ones, the codes are Q Vᵀ (S (S + ridge))^-1/2 V (k(x) + 1), and the decoder
    is Q F T. The training inputs are a part of the model.

    Raises BadParameterError for an unknown kernel, and numbers out of their range.
    """

    rank: int = rank_option(50)
    ridge: float = ridge_option(0.01)
    kernel: str = kernel_option("gaussian", known=KERNELS)
    sigma: float = sigma_option(0.5)

    name: ClassVar[str] = "krrr"
    small_names: ClassVar[tuple[str, ...]] = ("mixing", "squared_norms", "distance_scale")

    def __post_init__(self) -> None:
        if self.kernel not in KERNELS:
            raise BadParameterError(f"kernel {self.kernel!r}; {self.name} knows {' and '.join(KERNELS)}")
        object.__setattr__(self, "rank", positive_count("rank", self.rank, 50))
        object.__setattr__(self, "ridge", positive("ridge", self.ridge, 0.01))
        object.__setattr__(self, "sigma", positive("sigma", self.sigma, 0.5))
        if not SMALLEST_SIGMA <= self.sigma <= 1 / SMALLEST_SIGMA:
            raise BadParameterError(
                f"sigma {self.sigma:g}; expected {SMALLEST_SIGMA:g} to {1 / SMALLEST_SIGMA:g}, for instance 0.5: "
                "intensities are in [0, 1]"
            )

    def describe(self) -> str:
        sigma = f" of sigma {self.sigma:g}" if self.kernel == "gaussian" else ""
        return f"{self.kernel} kernel{sigma} on whole images, rank {self.rank}, ridge {self.ridge:g}"

    def n_codes(self, n_vectors: int) -> int:
        return min(self.rank, n_vectors)

    def solution(self, grams: Grams, n_pixels: int) -> Solution:
        inputs, targets = grams.inputs, grams.targets
        norms = inputs.diagonal()
        kernel = self._kernel(inputs, norms, norms, self._distance_scale(n_pixels)) + 1.0
        values, vectors = positive_eigen(kernel, np.trace(kernel))
        shrunk = np.sqrt(values / (values + self.ridge))[:, None] * vectors
        # F T (F T)ᵀ in the coordinates V.
        _, left = positive_eigen(shrunk @ targets @ shrunk.T, np.trace(targets), self.rank)
        decoder = left @ shrunk
        mixing = (left / np.sqrt(values * (values + self.ridge))) @ vectors
        # Codes that are inner products with orthonormal features are the same outputs in better numbers.
        sizes, rotation = positive_eigen((left / (values + self.ridge)) @ left.T, 0.0)
        scale = np.sqrt(sizes)[:, None]
        mixing, decoder = rotation @ mixing / scale, rotation @ decoder * scale
        return Solution(mixing, decoder, mixing.sum(axis=1) @ decoder)

    def code_layout(self, fit: Fit) -> tuple[ArrayLayout, ...]:
        channel = "weight_channel", fit.weight_channels
        _, decoder = super().code_layout(fit)
        inputs = "training inputs x_n; codes = mixing @ k(x, x_n)"
        return ArrayLayout("encoder", (channel, ("vector", fit.n_vectors)), fit.dtype, inputs), decoder

    def small_layout(self, fit: Fit) -> tuple[ArrayLayout, ...]:
        channel, vector = ("weight_channel", fit.weight_channels), ("vector", fit.n_vectors)
        code = "code", self.n_codes(fit.n_vectors)
        scale = "k(x, x_n) = exp(-distance_scale |x - x_n|^2); 0 stands for a linear kernel, x . x_n"
        return (
            ArrayLayout("mixing", (channel, code, vector), "float64", "codes of kernel values", False),
            ArrayLayout("squared_norms", (channel, vector), "float64", "|x_n|^2, intensities in [0, 1]", False),
            ArrayLayout("distance_scale", (channel, ("one", 1)), "float64", scale, False),
        )

    def encoding(self, solutions: Sequence[Solution], sets: Sequence[Grams], fit: Fit) -> dict[str, Array]:
        codes, spare = self.n_codes(fit.n_vectors), fit.n_vectors - len(solutions[0].bias)
        mixing = [np.pad(filled(found.mixing, codes), ((0, 0), (0, spare))) for found in solutions]
        return {
            "mixing": np.stack(mixing),
            "squared_norms": np.stack([np.pad(gram.inputs.diagonal(), (0, spare)) for gram in sets]),
            "distance_scale": np.full((len(solutions), 1), self._distance_scale(fit.n_pixels)),
        }

    def held_out_codes(
        self, solutions: Sequence[Solution], encoding: Mapping[str, Array], sums: Floats, fit: Fit
    ) -> NDArray[np.float32]:
        spare = fit.n_vectors - len(solutions[0].bias)
        products = np.pad(sums[..., :-1], ((0, 0), (0, 0), (0, spare)))
        return self.codes(encoding, by_image(np.concatenate((products, sums[..., -1:]), axis=2), fit.channels))

    def encode(self, arrays: Mapping[str, Array], inputs: Array) -> NDArray[np.float64]:
        """Return Σ_p x_n[p] x[p] over the region's pixels for each training input, and at the end Σ_p x[p]²."""
        vectors = applied_vectors(inputs, len(arrays[self.encoder_name]))
        norms = np.stack([squared_norms(own) for own in vectors])[..., None] / unit_of(inputs.dtype) ** 2
        return np.concatenate((super().encode(arrays, inputs), by_image(norms, inputs.shape[1])), axis=2)

    def codes(self, small: Mapping[str, Array], sums: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return mixing @ k(x, x_n), (sample, channel, code), of the sums of `encode`."""
        of_sets = by_set(sums, len(small["mixing"]))
        parts = zip(of_sets, small["mixing"], small["squared_norms"], small["distance_scale"], strict=True)
        codes = [
            self._kernel(own[:, :-1], own[:, -1], norms, float(scale[0])) @ mixing.T
            for own, mixing, norms, scale in parts
        ]
        return by_image(np.stack(codes), sums.shape[1]).astype(np.float32)

    def gather(self, problem: TileProblem, dtype: np.dtype[Any]) -> Combinations:
        return StoredInputs(problem, dtype)

    def stored(self, fit: Fit, tile_shape: tuple[int, int]) -> tuple[Allocation, ...]:
        return (Allocation("training inputs", (fit.weight_channels, fit.n_vectors, *tile_shape), fit.dtype),)

    def encoder_of(self, gathered: Combinations, expression: str) -> TileArrays:
        inputs = cast(StoredInputs, gathered).inputs
        return {"encoder": inputs.reshape(*inputs.shape[:2], *gathered.problem.tile.region.shape)}

    def _distance_scale(self, n_pixels: int) -> float:
        return 1 / (2 * self.sigma**2 * n_pixels) if self.kernel == "gaussian" else 0.0

    def _kernel(self, products: Floats, left_norms: Floats, right_norms: Floats, distance_scale: float) -> Floats:
        """Return k(x_i, x_j), (i, j), from inner products (i, j) and squared norms (i,) and (j,)."""
        if self.kernel == "linear":
            return products
        distances = left_norms[:, None] + right_norms - 2 * products
        kernel: Floats = np.exp(-distance_scale * np.maximum(distances, 0.0))
        return kernel


@dataclass(frozen=True)
class BilinearKernelReducedRank(KernelReducedRank):
    """BKRRR: KRRR of all expressions together, minimise Σ_e Σ_n ‖t_en - B_e A (φ(x_n), 1)‖² + ridge Σ_e ‖B_e A‖².

    An output is bilinear in the person's codes A φ(x), which are the same for all expressions, and the expression,
    which chooses B_e: KRRR for the targets of all expressions beside each other, with Σ_e T_e T_eᵀ in the place of
    T Tᵀ. Expressions must have the same people to share codes; others are fitted apart. The paper's search for
    fewer factors of expression than there are expressions is not made. Raises BadParameterError as KRRR.
    """

    name: ClassVar[str] = "bkrrr"
    one_code: ClassVar[bool] = True
    joint: ClassVar[bool] = True

    def grams(self, products: Products, expression: str, expressions: Sequence[str]) -> tuple[Array, Array]:
        first, *others = (products.targets[name] for name in expressions)
        return products.inputs, first + sum(others)
