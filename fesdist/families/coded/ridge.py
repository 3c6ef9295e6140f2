"""Ridge regression (RR): each output pixel is a ridge regression on all pixels of the input.

Khan, Akram, Mehmood, Ashraf, Murtaza: Masked Linear Regression for Learning Local Receptive Fields for Facial
Expression Synthesis, International Journal of Computer Vision, 2020, equations 1 and 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fesdist.families.coded.eigen import positive_eigen
from fesdist.families.coded.model import CodedModel
from fesdist.families.coded.solution import Grams, Solution
from fesdist.families.common.hyperparameters import positive, ridge_option


@dataclass(frozen=True)
class RidgeRegression(CodedModel):
    """RR: minimise Σ_n ‖t_n - W x_n - b‖² + ridge (‖W‖² + ‖b‖²) over all images at once.

    The bias is penalised as well, as in the paper, where it is the weight of a pixel that is always 1. Equation 2
    inverts a matrix of pixels x pixels. The same W is Tᵀ (K + ridge I)⁻¹ X with K = X Xᵀ + 1, of samples x samples;
    with the eigenvectors K = Vᵀ S V the codes are S^-1/2 V (X x + 1), inner products with orthonormal images,
    and the decoder is S^1/2 (S + ridge)⁻¹ V T. Raises BadParameterError for a ridge that is not positive.
    """

    ridge: float = ridge_option(0.4)

    name: ClassVar[str] = "ridge"
    needs_targets: ClassVar[bool] = False
    one_code: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "ridge", positive("ridge", self.ridge, 0.4))

    def describe(self) -> str:
        return f"all pixels, ridge {self.ridge:g}"

    def n_codes(self, n_vectors: int) -> int:
        return n_vectors

    def solution(self, grams: Grams, n_pixels: int) -> Solution:
        kernel = grams.inputs + 1.0
        values, vectors = positive_eigen(kernel, np.trace(kernel))
        mixing = vectors / np.sqrt(values)[:, None]
        decoder = vectors * (np.sqrt(values) / (values + self.ridge))[:, None]
        # What the constant pixel adds to the codes.
        return Solution(mixing, decoder, mixing.sum(axis=1) @ decoder)
