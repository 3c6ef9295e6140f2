"""Cross-validation of models of the whole image, from inner products of images alone.

An output is a combination of training targets, and its coefficients follow from inner products of inputs and targets.
So do squared errors: ‖t - Σ_j c_j t_j‖² = t·t - 2 Σ_j c_j t·t_j + Σ_ij c_i c_j t_i·t_j. One pass over the images
therefore serves every fold and every hyper-parameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fesdist.families.coded.model import LowRankModel
from fesdist.families.coded.vectors import applied_vectors, by_set, fitted_vectors, inner_products, squared_norms
from fesdist.families.common.contract import Array
from fesdist.families.common.fit import Fit
from fesdist.families.common.whole_image import RegionImages, held_out_name
from fesdist.ground.colour import Colour
from fesdist.ground.units import unit_of

Products = Mapping[str, Array]


def fold_products(
    model: LowRankModel,
    inputs: Array,
    targets: Mapping[str, Array],
    colour: Colour,
    regions: Sequence[tuple[slice, slice]],
) -> dict[str, Array]:
    """Return what `fold_errors` needs of all images in a tile, (sample, channel, row, col); to be added up over tiles.

    To the products of the model, with all people as its held-out people, come those of targets in each of `regions`
    of the tile: `fitted/<expression>` (region, set, M, M) of what is fitted with itself, `judged/<expression>`
    (region, set, J, M) of what is judged with it, and `norms/<expression>` (region, set, J).
    """
    found = model.products(RegionImages(inputs, targets, {name: inputs for name in targets}), colour)
    n_sets = colour.weight_channels(inputs.shape[1])
    for name, images in targets.items():
        parts = [images[..., rows, cols] for rows, cols in regions]
        pairs = [(fitted_vectors(part, colour), applied_vectors(part, n_sets)) for part in parts]
        found[f"fitted/{name}"] = np.stack([_products(fitted, fitted) for fitted, _ in pairs])
        found[f"judged/{name}"] = np.stack([_products(judged, fitted) for fitted, judged in pairs])
        found[f"norms/{name}"] = np.stack([[squared_norms(own) for own in judged] for _, judged in pairs])
    return found


def fold_errors(
    model: LowRankModel, products: Products, expressions: Sequence[str], fit: Fit, within: NDArray[np.bool_]
) -> dict[str, NDArray[np.float64]]:
    """Return the squared errors on the samples `within` a fold, (region,), by the model fitted on the others.

    `products` are those of `fold_products` over the whole image, `within` is (sample,); images are in [0, 1], and
    outputs are not clipped.
    """
    fitted = ~np.repeat(within, fit.colour.channels_per_fit(fit.channels))
    judged = np.repeat(within, fit.channels if fit.weight_channels == 1 else 1)
    of_others = {name: values for name, values in products.items() if "/" not in name or name.startswith("targets/")}
    of_others = {name: values[:, fitted][:, :, fitted] for name, values in of_others.items()}
    with_norms = np.append(fitted, True)
    for name in map(held_out_name, expressions):
        of_others[name] = products[name][:, judged][:, :, with_norms]
    prepared = model.prepare_globals(of_others, expressions, replace(fit, n_samples=int((~within).sum())))
    unit = unit_of(np.dtype(fit.dtype))
    errors = {}
    for name in expressions:
        decode = prepared[name]["decode"]
        codes = by_set(prepared[name]["held_out"].astype(np.float64), len(decode))
        coefficients = unit * (codes @ decode[:, :-1] + decode[:, -1:])
        own = products[f"norms/{name}"][:, :, judged].sum(axis=(1, 2))
        mixed = products[f"judged/{name}"][:, :, judged][..., fitted]
        among = products[f"fitted/{name}"][:, :, fitted][..., fitted]
        shared = np.einsum("sjm,rsjm->r", coefficients, mixed)
        squared = np.einsum("sjm,rsjm->r", coefficients, coefficients @ among)
        errors[name] = (own - 2 * shared + squared) / unit**2
    return errors


def fold_product_bytes(model: LowRankModel, fit: Fit, tile_shape: tuple[int, int]) -> int:
    """Return an upper bound of the array bytes of `fold_products` in a tile, and of adding them up."""
    judged = fit.n_samples * (fit.channels if fit.weight_channels == 1 else 1)
    of_targets = 2 * fit.n_expressions * fit.weight_channels * (fit.n_vectors + judged) * (fit.n_vectors + 1) * 8
    return model.global_bytes(fit, tile_shape, fit.n_samples) + 3 * of_targets


def _products(left: Array, right: Array) -> Array:
    return np.stack([inner_products(own, other) for own, other in zip(left, right, strict=True)])
