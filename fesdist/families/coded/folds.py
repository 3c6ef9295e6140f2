"""Cross-validation of models of the whole image, from inner products of images alone.

An output is a combination of training targets, and its coefficients follow from inner products of inputs and targets.
So do squared errors: ‖t - Σ_j c_j t_j‖² = t·t - 2 Σ_j c_j t·t_j + Σ_ij c_i c_j t_i·t_j. One pass over the images
therefore serves every fold and every hyper-parameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fesdist.families.coded.image_pass import held_out_name
from fesdist.families.coded.products import Products
from fesdist.families.coded.vectors import applied_vectors, by_set, fitted_vectors, inner_products, squared_norms
from fesdist.families.common.fit import Fit
from fesdist.families.common.image_pass import RegionImages
from fesdist.families.common.layout import Array
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.common.validation import FoldErrors, Judgement
from fesdist.ground.memory import Allocation, Memory
from fesdist.ground.tiles import Padding, Region
from fesdist.ground.units import unit_of

if TYPE_CHECKING:
    from fesdist.families.coded.model import CodedModel


@dataclass(frozen=True)
class CodedValidation:
    """Candidates judged from inner products; see `CrossValidation`."""

    candidates: tuple[CodedModel, ...]

    by_place: ClassVar[bool] = False

    def inputs_of(self, region: Region, image_shape: tuple[int, int]) -> tuple[Region, Padding]:
        return region, Padding(0, 0, 0, 0)

    def memory(self, fit: Fit, tile_shape: tuple[int, int], n_block: int, n_folds: int) -> Memory:
        judged = fit.n_samples * (fit.channels if fit.weight_channels == 1 else 1)
        of_targets = 2 * fit.n_expressions * fit.weight_channels * (fit.n_vectors + judged) * (fit.n_vectors + 1) * 8
        of_pass = self.candidates[0].image_pass().memory(fit, tile_shape, fit.n_samples)
        return of_pass.within(Allocation("products of targets", (3 * of_targets,), "uint8"))

    def gather(self, problem: TileProblem, dtype: np.dtype[Any], n_folds: int) -> CodedFolds:
        return CodedFolds(self.candidates[0], problem)

    def restore(self, arrays: Mapping[str, Array]) -> Products:
        return Products(arrays)

    def errors(self, total: Products, expressions: tuple[str, ...], fit: Fit, folds: NDArray[np.int64]) -> FoldErrors:
        """Return the errors of outputs, which are not clipped; see `CrossValidation.errors`."""
        n_folds, pixels = int(folds.max()) + 1, total.named["pixels"]
        squared = np.zeros((n_folds, len(self.candidates), len(expressions), len(pixels)))
        values = np.bincount(folds, minlength=n_folds)[:, None] * (1.0 * fit.channels * pixels)
        for fold in range(n_folds):
            for candidate, model in enumerate(self.candidates):
                squared[fold, candidate] = _errors(model, total.named, expressions, fit, folds == fold)
        return FoldErrors(squared, values)


class CodedFolds:
    """All images of a tile; what is found of them does not depend on who is in which fold."""

    def __init__(self, model: CodedModel, problem: TileProblem) -> None:
        self._model = model
        self._problem = problem
        self._blocks: list[Samples] = []

    def add(self, folds: NDArray[np.int64], samples: Samples) -> None:
        """Keep samples; see `TileFolds.add`."""
        self._blocks.append(samples)

    def found(self, judgement: Judgement) -> Products:
        """Return the products that `CodedValidation.errors` needs.

        To those of the model's own pass, with all people as its held-out people, come the products of targets in each
        region: `fitted/<expression>` (region, set, M, M) of what is fitted with itself, `judged/<expression>` (region,
        set, J, M) of what is judged with it, and `norms/<expression>` (region, set, J); and `pixels` (region,).
        """
        colour, own = self._problem.colour, self._problem.tile.region
        inputs = np.concatenate([block.inputs for block in self._blocks])
        names = self._problem.expressions
        targets = {name: np.concatenate([block.targets[name] for block in self._blocks]) for name in names}
        self._blocks.clear()
        images = RegionImages(inputs, targets, dict.fromkeys(names, inputs))
        found = dict(self._model.image_pass().find(images, colour).named)
        n_sets = colour.weight_channels(inputs.shape[1])
        for name, after in targets.items():
            parts = [after[..., rows, cols] for rows, cols in map(own.overlap, judgement.regions)]
            pairs = [(fitted_vectors(part, colour), applied_vectors(part, n_sets)) for part in parts]
            found[f"fitted/{name}"] = np.stack([_products(fitted, fitted) for fitted, _ in pairs])
            found[f"judged/{name}"] = np.stack([_products(judged, fitted) for fitted, judged in pairs])
            found[f"norms/{name}"] = np.stack([[squared_norms(part) for part in judged] for _, judged in pairs])
        found["pixels"] = np.array([after[0, 0, rows, cols].size for rows, cols in map(own.overlap, judgement.regions)])
        return Products(found)


def _errors(
    model: CodedModel, products: Mapping[str, Array], expressions: Sequence[str], fit: Fit, within: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the squared errors (expression, region) on the samples `within` a fold by the model fitted on the others.

    `products` are those of `CodedFolds.found` over the whole image, `within` is (sample,); images are in [0, 1].
    """
    fitted = ~np.repeat(within, fit.colour.channels_per_fit(fit.channels))
    judged = np.repeat(within, fit.channels if fit.weight_channels == 1 else 1)
    of_others = {name: values for name, values in products.items() if name == "inputs" or name.startswith("targets/")}
    of_others = {name: values[:, fitted][:, :, fitted] for name, values in of_others.items()}
    with_norms = np.append(fitted, True)
    for name in map(held_out_name, expressions):
        of_others[name] = products[name][:, judged][:, :, with_norms]
    others = replace(fit, n_samples=int((~within).sum()))
    prepared = model.image_pass().finish(Products(of_others), expressions, others)
    unit = unit_of(np.dtype(fit.dtype))
    errors = []
    for name in expressions:
        decode = prepared[name].arrays["decode"]
        codes = by_set(prepared[name].held_out.astype(np.float64), len(decode))
        coefficients = unit * (codes @ decode[:, :-1] + decode[:, -1:])
        own = products[f"norms/{name}"][:, :, judged].sum(axis=(1, 2))
        mixed = products[f"judged/{name}"][:, :, judged][..., fitted]
        among = products[f"fitted/{name}"][:, :, fitted][..., fitted]
        shared = np.einsum("sjm,rsjm->r", coefficients, mixed)
        squared = np.einsum("sjm,rsjm->r", coefficients, coefficients @ among)
        errors.append((own - 2 * shared + squared) / unit**2)
    return np.array(errors)


def _products(left: Array, right: Array) -> Array:
    return np.stack([inner_products(own, other) for own, other in zip(left, right, strict=True)])
