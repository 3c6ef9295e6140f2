"""SSC: style (expression) and content (person) are separated by a bilinear model.

Tenenbaum, Freeman: Separating Style and Content with Bilinear Models, Neural Computation, 2000, the asymmetric model
and its use for translation; as a baseline in Khan et al. 2020 (International Journal of Computer Vision), section 5.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fesdist.families.coded.eigen import positive_eigen
from fesdist.families.coded.model import CodedModel
from fesdist.families.coded.solution import Grams, Solution
from fesdist.families.common.hyperparameters import positive_count, rank_option


@dataclass(frozen=True)
class StyleAndContent(CodedModel):
    """SSC: x_n ≈ A b_n and t_n ≈ B b_n, with one content vector b_n of length `rank` for both images of a person.

    The styles A (input) and B (target) are found together, as the first left singular vectors of all pairs, the
    input above the target. A new face has the content that explains it best, b = argmin ‖x - A b‖² of the smallest
    norm, and y = B b. With V the first eigenvectors of X Xᵀ + T Tᵀ, samples x samples, A = (V X)ᵀ and B = (V T)ᵀ,
    whose scale changes y only where columns of A depend on each other. Raises BadParameterError for a rank below 1.
    """

    rank: int = rank_option(50)

    name: ClassVar[str] = "ssc"

    def __post_init__(self) -> None:
        object.__setattr__(self, "rank", positive_count("rank", self.rank, 50))

    def describe(self) -> str:
        return f"content of {self.rank} numbers, one style each for input and target"

    def n_codes(self, n_vectors: int) -> int:
        return min(self.rank, n_vectors)

    def solution(self, grams: Grams, n_pixels: int) -> Solution:
        both = grams.inputs + grams.targets
        _, contents = positive_eigen(both, np.trace(both), self.rank)
        style = contents @ grams.inputs @ contents.T
        # AᵀA = Qᵀ C Q: the codes C^-1/2 Q Aᵀ x are inner products with orthonormal images.
        values, rotation = positive_eigen(style, np.trace(grams.inputs))
        rotated = rotation @ contents
        scale = np.sqrt(values)[:, None]
        return Solution(rotated / scale, rotated / scale, np.zeros(len(both)))
