"""Cross-validation of coded models, from inner products of images alone.

An output is a combination of training targets, and its coefficients follow from inner products of inputs and targets.
So do squared errors: ‖t - Σ_j c_j t_j‖² = t·t - 2 Σ_j c_j t·t_j + Σ_ij c_i c_j t_i·t_j. One pass over the images
therefore serves every fold and every hyper-parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fesdist.families.coded.coder import Coder
from fesdist.families.coded.image_pass import CodePass, own_products
from fesdist.families.coded.memory import validation_memory
from fesdist.families.coded.products import FoldProducts
from fesdist.families.coded.vectors import applied_vectors, by_set, fitted_vectors, inner_products, squared_norms
from fesdist.families.common.fit import Fit
from fesdist.families.common.image_pass import RegionImages
from fesdist.families.common.layout import Array
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.common.validation import FoldErrors, Judgement
from fesdist.ground.memory import Memory
from fesdist.ground.tiles import Padding, Region
from fesdist.ground.units import unit_of


@dataclass(frozen=True)
class CodedValidation:
    """Candidates judged from inner products; see `CrossValidation`."""

    candidates: tuple[Coder, ...]

    by_place: ClassVar[bool] = False
    mirror: bool = False

    def inputs_of(self, region: Region, image_shape: tuple[int, int]) -> tuple[Region, Padding]:
        return region, Padding(0, 0, 0, 0)

    def targets_of(self, region: Region, image_shape: tuple[int, int]) -> Region:
        return region

    def memory(self, fit: Fit, tile_shape: tuple[int, int], n_block: int, n_folds: int) -> Memory:
        return validation_memory(self.candidates[0], fit, tile_shape)

    def gather(self, problem: TileProblem, dtype: np.dtype[Any], n_folds: int) -> CodedFolds:
        return CodedFolds(self.candidates[0], problem)

    def restore(self, arrays: Mapping[str, Array]) -> FoldProducts:
        return FoldProducts.restored(arrays)

    def errors(
        self, total: FoldProducts, expressions: tuple[str, ...], fit: Fit, folds: NDArray[np.int64]
    ) -> FoldErrors:
        """Return the errors of outputs, which are not clipped; see `CrossValidation.errors`."""
        n_folds = int(folds.max()) + 1
        squared = np.zeros((n_folds, len(self.candidates), len(expressions), len(total.pixels)))
        values = np.bincount(folds, minlength=n_folds)[:, None] * (1.0 * fit.channels * total.pixels)
        for fold in range(n_folds):
            for number, candidate in enumerate(self.candidates):
                squared[fold, number] = _errors(candidate, total, expressions, fit, folds == fold)
        return FoldErrors(squared, values)


class CodedFolds:
    """All images of a tile; what is found of them does not depend on who is in which fold."""

    def __init__(self, coder: Coder, problem: TileProblem) -> None:
        self._coder = coder
        self._problem = problem
        self._blocks: list[Samples] = []

    def add(self, folds: NDArray[np.int64], samples: Samples) -> None:
        """Keep samples; see `TileFolds.add`."""
        self._blocks.append(samples)

    def found(self, judgement: Judgement) -> FoldProducts:
        """Return the products that `CodedValidation.errors` needs."""
        colour, own = self._problem.colour, self._problem.tile.region
        inputs = np.concatenate([block.inputs for block in self._blocks])
        names = self._problem.expressions
        targets = {name: np.concatenate([block.targets[name] for block in self._blocks]) for name in names}
        self._blocks.clear()
        images = RegionImages(inputs, targets, dict.fromkeys(names, inputs))
        of_pass = CodePass(self._coder).find(images, colour)
        fitted: dict[str, Array] = {}
        judged: dict[str, Array] = {}
        norms: dict[str, Array] = {}
        regions = [own.overlap(region) for region in judgement.regions]
        for name, after in targets.items():
            parts = [after[..., rows, cols] for rows, cols in regions]
            pairs = [
                (fitted_vectors(part, colour), applied_vectors(part, self._problem.weight_channels)) for part in parts
            ]
            fitted[name] = np.stack([own_products(vectors) for vectors, _ in pairs])
            judged[name] = np.stack([_products(people, vectors) for vectors, people in pairs])
            norms[name] = np.stack([[squared_norms(part) for part in people] for _, people in pairs])
        pixels = np.array([inputs[0, 0, rows, cols].size for rows, cols in regions])
        return FoldProducts(of_pass.inputs, of_pass.targets, of_pass.held_out, fitted, judged, norms, pixels)


def _errors(
    coder: Coder, products: FoldProducts, expressions: tuple[str, ...], fit: Fit, within: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the squared errors (expression, region) on the samples `within` a fold by the model fitted on the others.

    `products` are those of the whole image, `within` is (sample,); images are in [0, 1].
    """
    fitted = ~np.repeat(within, fit.colour.channels_per_fit(fit.channels))
    judged = np.repeat(within, fit.channels if fit.weight_channels == 1 else 1)
    others = replace(fit, n_samples=int((~within).sum()))
    prepared = CodePass(coder).finish(products.of_fold(fitted, judged), expressions, others)
    unit = unit_of(np.dtype(fit.dtype))
    errors = []
    for name in expressions:
        decode = prepared[name].arrays["decode"]
        codes = by_set(prepared[name].held_out.astype(np.float64), len(decode))
        coefficients = unit * (codes @ decode[:, :-1] + decode[:, -1:])
        own = products.norms[name][:, :, judged].sum(axis=(1, 2))
        mixed = products.judged[name][:, :, judged][..., fitted]
        among = products.fitted[name][:, :, fitted][..., fitted]
        shared = np.einsum("sjm,rsjm->r", coefficients, mixed)
        squared = np.einsum("sjm,rsjm->r", coefficients, coefficients @ among)
        errors.append((own - 2 * shared + squared) / unit**2)
    return np.array(errors)


def _products(left: Array, right: Array) -> Array:
    return np.stack([inner_products(own, other) for own, other in zip(left, right, strict=True)])
