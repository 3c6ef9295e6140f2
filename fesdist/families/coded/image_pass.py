"""The pass over the image of a coded model: inner products of images, the solution in their terms, codes of new ones.

Nothing is ever pixels by pixels: what a model learns from M images follows from their M x M inner products. The
products of 8-bit images are exact integers below 2⁵³, so float64 adds them in any order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fesdist.families.coded.products import Products
from fesdist.families.coded.solution import Grams, Solution, filled
from fesdist.families.coded.vectors import (
    PIXELS_AT_ONCE,
    applied_vectors,
    fitted_vectors,
    inner_products,
    squared_norms,
)
from fesdist.families.common.fit import Fit
from fesdist.families.common.image_pass import Prepared, RegionImages
from fesdist.families.common.layout import Array
from fesdist.ground.colour import Colour
from fesdist.ground.memory import Allocation, Memory
from fesdist.ground.units import unit_of

if TYPE_CHECKING:
    from fesdist.families.coded.model import CodedModel


@dataclass(frozen=True)
class CodePass:
    """See `ImagePass`; what differs from model to model is asked of the model."""

    model: CodedModel

    @property
    def encoder(self) -> str:
        return self.model.encoder_name

    @property
    def small(self) -> tuple[str, ...]:
        return self.model.small_names

    def memory(self, fit: Fit, tile_shape: tuple[int, int], n_held_out: int) -> Memory:
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
        prepared = n_expressions * sets * (2 * self.model.n_codes(n_vectors) + 1) * n_vectors * 8
        total = max(images + gray + converted + 3 * sums, sums + 2 * prepared + 8 * n_vectors**2 * 8)
        return Memory((Allocation("all arrays", (total,), "uint8"),))

    def find(self, images: RegionImages, colour: Colour) -> Products:
        """Return inner products in the units of the images, which for uint8 are exact integers, as float64.

        `inputs` and `targets/<expression>` are those of the training images with each other, (set, M, M). Those of
        held-out inputs with the images of the basis, and at the end with themselves, are (set, held-out image, M + 1).
        """
        inputs = fitted_vectors(images.inputs, colour)
        found: dict[str, Array] = {}
        if "inputs" in self.model.needs:
            found["inputs"] = np.stack([inner_products(vectors, vectors) for vectors in inputs])
        for expression, after in images.targets.items():
            targets = fitted_vectors(after, colour)
            if "targets" in self.model.needs:
                found[f"targets/{expression}"] = np.stack([inner_products(vectors, vectors) for vectors in targets])
            held_out = applied_vectors(images.held_out[expression], len(inputs))
            found[held_out_name(expression)] = np.stack(
                [
                    np.column_stack((inner_products(vectors, own), squared_norms(vectors)))
                    for vectors, own in zip(held_out, inputs if self.model.basis == "inputs" else targets, strict=True)
                ]
            )
        return Products(found)

    def restore(self, arrays: Mapping[str, Array]) -> Products:
        return Products(arrays)

    def finish(self, total: Products, expressions: Sequence[str], fit: Fit) -> dict[str, Prepared]:
        """Return `decode` (set, code + 1, M) and what `CodedModel.encoding` adds, by expression.

        `decode` combines targets as they are stored to outputs in [0, 1] units, the bias last. See `ImagePass.finish`.
        """
        model, products = self.model, total.named
        unit, codes = unit_of(np.dtype(fit.dtype)), self.model.n_codes(fit.n_vectors)
        prepared: dict[str, Prepared] = {}
        solutions: list[Solution] = []
        sets: list[Grams] = []
        for expression in expressions:
            if not (model.one_code and solutions):
                grams = model.grams(products, expression, expressions)
                numbers = range(fit.weight_channels)
                sets = [{name: gram[number] / unit**2 for name, gram in grams.items()} for number in numbers]
                solutions = [model.solution(gram, fit.n_pixels).or_mean() for gram in sets]
            decode = [np.vstack((filled(found.decoder, codes), found.bias)) / unit for found in solutions]
            encoding = model.encoding(solutions, sets, fit)
            sums = products[held_out_name(expression)] / unit**2
            held_out = model.held_out_codes(solutions, encoding, sums, fit)
            prepared[expression] = Prepared({"decode": np.stack(decode), **encoding}, held_out)
        return prepared

    def encode(self, arrays: Mapping[str, Array], inputs: Array) -> NDArray[np.float64]:
        return self.model.encode(arrays, inputs)

    def codes(self, small: Mapping[str, Array], sums: NDArray[np.float64]) -> NDArray[np.float32]:
        return self.model.codes(small, sums)


def held_out_name(expression: str) -> str:
    """Return the name of the products between held-out inputs and the images that codes are made from."""
    return f"held-out/{expression}"
