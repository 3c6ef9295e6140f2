"""The models fesdist trains, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, cast

from fesdist.families.coded.krrr import BilinearKernelReducedRank, KernelReducedRank
from fesdist.families.coded.pca import PrincipalComponents
from fesdist.families.coded.ridge import RidgeRegression
from fesdist.families.coded.ssc import StyleAndContent
from fesdist.families.common.contract import AnyModel
from fesdist.families.onepixel.pixel_kr import PixelKernelRidge
from fesdist.families.sparse.lasso import Lasso
from fesdist.families.sparse.lsrf import LocalSparseReceptiveFields
from fesdist.families.sparse.omp import OrthogonalMatchingPursuit
from fesdist.families.windowed.mr import MaskedRegression
from fesdist.families.windowed.pixel_rr import PixelRidge
from fesdist.ground.errors import BadParameterError

MODELS: dict[str, type[AnyModel]] = {
    MaskedRegression.name: MaskedRegression,
    PixelRidge.name: PixelRidge,
    PixelKernelRidge.name: PixelKernelRidge,
    OrthogonalMatchingPursuit.name: OrthogonalMatchingPursuit,
    LocalSparseReceptiveFields.name: LocalSparseReceptiveFields,
    Lasso.name: Lasso,
    RidgeRegression.name: RidgeRegression,
    PrincipalComponents.name: PrincipalComponents,
    StyleAndContent.name: StyleAndContent,
    KernelReducedRank.name: KernelReducedRank,
    BilinearKernelReducedRank.name: BilinearKernelReducedRank,
}


def model_named(name: str) -> type[AnyModel]:
    """Return the class of a model; raises BadParameterError, with the names there are, for an unknown one."""
    if name not in MODELS:
        raise BadParameterError(f"unknown model {name!r}; this version of fesdist knows {', '.join(MODELS)}")
    return MODELS[name]


def hyperparameters(model: type[AnyModel]) -> dict[str, Field[Any]]:
    """Return the fields of a model's dataclass that may be set, by name."""
    return {field.name: field for field in fields(cast(Any, model)) if field.init}


def model_from_parameters(name: str, parameters: Mapping[str, Any]) -> AnyModel:
    """Return the model that `Model.parameters` described; raises BadParameterError for an unknown name or bad value."""
    build: Callable[..., AnyModel] = model_named(name)
    known = hyperparameters(MODELS[name])
    required = {parameter for parameter, field in known.items() if field.default is MISSING}
    if not required <= set(parameters) <= set(known):
        raise BadParameterError(
            f"parameters {', '.join(sorted(parameters)) or '(none)'} for model {name!r}; "
            f"expected {', '.join(sorted(known))}"
        )
    return build(**parameters)


__all__ = [
    "MODELS",
    "AnyModel",
    "BilinearKernelReducedRank",
    "KernelReducedRank",
    "Lasso",
    "LocalSparseReceptiveFields",
    "MaskedRegression",
    "OrthogonalMatchingPursuit",
    "PixelKernelRidge",
    "PixelRidge",
    "PrincipalComponents",
    "RidgeRegression",
    "StyleAndContent",
    "hyperparameters",
    "model_from_parameters",
    "model_named",
]
