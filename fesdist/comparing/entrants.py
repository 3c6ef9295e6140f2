"""Entrants of a comparison: models under the names by which people call them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fesdist.families.common.contract import AnyModel
from fesdist.ground.errors import BadParameterError
from fesdist.registry.options import model_from_options
from fesdist.training.job import Shape

_DEFAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "mr-3": ("mr", {"window": 3}),
    "mr-5": ("mr", {"window": 5}),
    "mr-3-in-5": ("mr", {"window": 3, "dilation": 2}),
    "mr-3-in-7": ("mr", {"window": 3, "dilation": 3}),
    "pixel-rr": ("pixel-rr", {}),
    "pixel-kr": ("pixel-kr", {}),
    "omp": ("omp", {"n_nonzero": 5}),
    "lsrf": ("lsrf", {"n_nonzero": 5}),
    "lasso": ("lasso", {}),
    "ridge": ("ridge", {}),
    "pca": ("pca", {}),
    "ssc": ("ssc", {}),
    "krrr": ("krrr", {}),
    "bkrrr": ("bkrrr", {}),
}
"""Model and options, those left out at their defaults: the rows of the papers' tables."""


@dataclass(frozen=True)
class Entrant:
    """A model that takes part, with the name of its row."""

    name: str
    model: AnyModel
    shape: Shape = Shape.NO

    @property
    def joins_expressions(self) -> bool:
        """Return whether what it learns for an expression depends on the others it is trained with."""
        return self.model.joint


def default_entrants() -> tuple[Entrant, ...]:
    """Return the models that are compared when nobody says which."""
    return tuple(Entrant(name, model_from_options(model, options)) for name, (model, options) in _DEFAULTS.items())


def choose_entrants(entrants: Sequence[Entrant], names: Sequence[str]) -> tuple[Entrant, ...]:
    """Return the entrants of these names, in the order of `entrants`; raises BadParameterError for an unknown name."""
    known = [entrant.name for entrant in entrants]
    for name in names:
        if name not in known:
            raise BadParameterError(f"no entrant is called {name!r}; expected one of {', '.join(known)}")
    return tuple(entrant for entrant in entrants if entrant.name in names)
