"""How images become codes: what a coded model learns from inner products, and the codes of images it has not seen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fesdist.families.coded.products import Products
from fesdist.families.coded.solution import Grams, Solution, filled
from fesdist.families.coded.vectors import Floats, applied_vectors, by_image, inner_products
from fesdist.families.common.fit import Fit
from fesdist.families.common.layout import Array
from fesdist.ground.units import unit_of


class Coder(ABC):
    """z[r] = Σ_p encoder[r, p] x[p], the encoder being a combination of training images; see `ImagePass`."""

    encoder_name: ClassVar[str] = "encoder"
    """The array with pixels that `encode` reads."""
    small_names: ClassVar[tuple[str, ...]] = ()
    """The arrays without pixels that `codes` reads."""
    codes_from_targets: ClassVar[bool] = False
    """Whether codes come from an image's inner products with the training targets, not with the inputs."""
    needs_inputs: ClassVar[bool] = True
    """Whether `solution` reads `Grams.inputs`."""
    needs_targets: ClassVar[bool] = True
    """Whether `solution` reads `Grams.targets`."""
    one_code: ClassVar[bool] = False
    """Whether expressions with the same samples have the same codes, and one solution."""

    @abstractmethod
    def n_codes(self, n_vectors: int) -> int:
        """Return how many codes are stored for a fit on `n_vectors` images; those not needed are zero."""

    @abstractmethod
    def solution(self, grams: Grams, n_pixels: int) -> Solution:
        """Return the solution for one set of weights; without any code where there is nothing to learn from."""

    def grams(self, products: Products, expression: str, expressions: Sequence[str]) -> tuple[Array, Array]:
        """Return what `Grams` has, of all sets (set, M, M) and in the units of the images, for an expression."""
        return products.inputs, products.targets[expression]

    def encoding(self, solutions: Sequence[Solution], sets: Sequence[Grams], fit: Fit) -> dict[str, Array]:
        """Return the arrays from which tiles make the encoder, and those of `small_names`.

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
        """Return Σ_p encoder[r, p] x[p] over the region's pixels; see `ImagePass.encode`."""
        encoder = arrays[self.encoder_name]
        vectors = applied_vectors(inputs, len(encoder))
        units = unit_of(inputs.dtype) * unit_of(encoder.dtype)
        rows = encoder.reshape(*encoder.shape[:2], -1)
        sums = np.stack([inner_products(own, of_set) for own, of_set in zip(vectors, rows, strict=True)])
        return by_image(sums / units, inputs.shape[1])

    def codes(self, small: Mapping[str, Array], sums: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the sums of `encode`, which are the codes of a linear model, as `apply` takes them."""
        return sums.astype(np.float32)
