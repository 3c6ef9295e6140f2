"""PCA: a face is projected on the principal components of the target expression's faces.

Baseline of Khan, Akram, Mehmood, Ashraf, Murtaza: Masked Linear Regression for Learning Local Receptive Fields for
Facial Expression Synthesis, International Journal of Computer Vision, 2020, section 5.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fesdist.families.coded.eigen import positive_eigen
from fesdist.families.coded.gathered import Combinations
from fesdist.families.coded.model import CodedModel
from fesdist.families.coded.solution import Grams, Solution
from fesdist.families.common.fit import Fit
from fesdist.families.common.hyperparameters import positive_count, rank_option
from fesdist.families.common.layout import Array, ArrayLayout, TileArrays
from fesdist.ground.memory import Allocation


@dataclass(frozen=True)
class PrincipalComponents(CodedModel):
    """PCA: y = m + P Pᵀ (x - m), where m is the mean target and P the `rank` first principal components of targets.

    Who is in which pair does not matter. With C the targets minus their mean and C Cᵀ = Vᵀ S V, samples x samples,
    Pᵀ = S^-1/2 V C: one array is encoder and decoder. Raises BadParameterError for a rank below 1.
    """

    rank: int = rank_option(50)

    name: ClassVar[str] = "pca"
    encoder_name: ClassVar[str] = "decoder"
    codes_from_targets: ClassVar[bool] = True
    needs_inputs: ClassVar[bool] = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "rank", positive_count("rank", self.rank, 50))

    def describe(self) -> str:
        return f"{self.rank} principal components of the targets"

    def n_codes(self, n_vectors: int) -> int:
        return min(self.rank, n_vectors)

    def solution(self, grams: Grams, n_pixels: int) -> Solution:
        gram = grams.targets
        n_vectors = len(gram)
        means = gram.mean(axis=0)
        centred = gram - means - means[:, None] + means.mean()
        values, vectors = positive_eigen(centred, np.trace(gram), self.rank)
        components = vectors / np.sqrt(values)[:, None]
        # Of centred targets: coefficients that add up to zero.
        components -= components.mean(axis=1, keepdims=True)
        mean = np.full(n_vectors, 1 / n_vectors)
        return Solution(components, components, mean - components @ means @ components)

    def code_layout(self, fit: Fit) -> tuple[ArrayLayout, ...]:
        leading = ("weight_channel", fit.weight_channels), ("code", self.n_codes(fit.n_vectors))
        components = "principal components: code = sum over the image of decoder x input, output = bias + their mixture"
        return (ArrayLayout("decoder", leading, "float64", components),)

    def encoding(self, solutions: Sequence[Solution], sets: Sequence[Grams], fit: Fit) -> dict[str, Array]:
        return {}

    def stored(self, fit: Fit, tile_shape: tuple[int, int]) -> tuple[Allocation, ...]:
        return (Allocation("no encoders", tile_shape, "float64", 0),)

    def encoder_of(self, gathered: Combinations, expression: str) -> TileArrays:
        return {}
