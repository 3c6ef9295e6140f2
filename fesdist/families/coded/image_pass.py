"""The pass over the image of a coded model: inner products of images, the solution in their terms, codes of new ones.

Nothing is ever pixels by pixels: what a model learns from M images follows from their M x M inner products. The
products of 8-bit images are exact integers below 2⁵³, so float64 adds them in any order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fesdist.families.coded.coder import Coder
from fesdist.families.coded.memory import pass_memory
from fesdist.families.coded.products import Products
from fesdist.families.coded.solution import Grams, Solution, filled
from fesdist.families.coded.vectors import applied_vectors, fitted_vectors, inner_products, squared_norms
from fesdist.families.common.fit import Fit
from fesdist.families.common.image_pass import Prepared, RegionImages
from fesdist.families.common.layout import Array
from fesdist.ground.colour import Colour
from fesdist.ground.memory import Memory
from fesdist.ground.units import unit_of


@dataclass(frozen=True)
class CodePass:
    """See `ImagePass`."""

    coder: Coder

    @property
    def encoder(self) -> str:
        return self.coder.encoder_name

    @property
    def small(self) -> tuple[str, ...]:
        return self.coder.small_names

    def memory(self, fit: Fit, tile_shape: tuple[int, int], n_held_out: int) -> Memory:
        return pass_memory(self.coder, fit, tile_shape, n_held_out)

    def find(self, images: RegionImages, colour: Colour) -> Products:
        coder, inputs = self.coder, fitted_vectors(images.inputs, colour)
        unneeded = np.zeros((len(inputs), 0, 0))
        products: dict[str, Array] = {}
        held_out: dict[str, Array] = {}
        for expression, after in images.targets.items():
            targets = fitted_vectors(after, colour)
            products[expression] = own_products(targets) if coder.needs_targets else unneeded
            people = applied_vectors(images.held_out[expression], len(inputs))
            held_out[expression] = np.stack(
                [
                    np.column_stack((inner_products(vectors, own), squared_norms(vectors)))
                    for vectors, own in zip(people, targets if coder.codes_from_targets else inputs, strict=True)
                ]
            )
        return Products(own_products(inputs) if coder.needs_inputs else unneeded, products, held_out)

    def restore(self, arrays: Mapping[str, Array]) -> Products:
        return Products.restored(arrays)

    def finish(self, total: Products, expressions: Sequence[str], fit: Fit) -> dict[str, Prepared]:
        """Return `decode` (set, code + 1, M) and what `Coder.encoding` adds, by expression.

        `decode` combines targets as they are stored to outputs in [0, 1] units, the bias last. See `ImagePass.finish`.
        """
        coder, unit = self.coder, unit_of(np.dtype(fit.dtype))
        codes = coder.n_codes(fit.n_vectors)
        prepared: dict[str, Prepared] = {}
        solutions: list[Solution] = []
        sets: list[Grams] = []
        for expression in expressions:
            if not (coder.one_code and solutions):
                pairs = zip(*coder.grams(total, expression, expressions), strict=True)
                sets = [Grams(inputs / unit**2, targets / unit**2) for inputs, targets in pairs]
                solutions = [coder.solution(gram, fit.n_pixels).or_mean() for gram in sets]
            decode = [np.vstack((filled(found.decoder, codes), found.bias)) / unit for found in solutions]
            encoding = coder.encoding(solutions, sets, fit)
            held_out = coder.held_out_codes(solutions, encoding, total.held_out[expression] / unit**2, fit)
            prepared[expression] = Prepared({"decode": np.stack(decode), **encoding}, held_out)
        return prepared

    def encode(self, arrays: Mapping[str, Array], inputs: Array) -> NDArray[np.float64]:
        return self.coder.encode(arrays, inputs)

    def codes(self, small: Mapping[str, Array], sums: NDArray[np.float64]) -> NDArray[np.float32]:
        return self.coder.codes(small, sums)


def own_products(vectors: Array) -> Array:
    """Return the inner products of vectors (set, vector, pixel) with each other, (set, vector, vector)."""
    return np.stack([inner_products(own, own) for own in vectors])
