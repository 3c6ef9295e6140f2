"""Inner products of images: all that a coded model must know of them, added up over the regions of an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self, cast

import numpy as np

from fesdist.families.common.fit import Fit
from fesdist.families.common.layout import Array
from fesdist.ground.memory import Allocation

ByExpression = Mapping[str, Array]

REGIONS = 2
"""Parts of an image whose errors are told apart: the face and the mouth."""


@dataclass(frozen=True)
class Products:
    """Inner products of the images of some expressions, which have the same samples.

    They are in the units of the images, float64: of uint8 images exact integers. M are the images that each set of
    weights is fitted on, J the held-out images that it is applied to.
    """

    inputs: Array
    """Of inputs with each other, (set, M, M); (set, 0, 0) where the model does not need them."""
    targets: ByExpression
    """Of targets with each other, (set, M, M); (set, 0, 0) where the model does not need them."""
    held_out: ByExpression
    """Of held-out inputs with the images that codes are made from, and at the end with themselves, (set, J, M + 1)."""

    def __add__(self, other: Self) -> Self:
        theirs = other.arrays()
        return self.restored({name: values + theirs[name] for name, values in self.arrays().items()})

    def arrays(self) -> dict[str, Array]:
        """Return all arrays by the name of their field, and after a slash their expression."""
        named: dict[str, Array] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Mapping):
                named |= {f"{field.name}/{expression}": values for expression, values in value.items()}
            else:
                named[field.name] = value
        return named

    @classmethod
    def restored(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the products that `arrays` told."""
        given: dict[str, Array | dict[str, Array]] = {}
        for name, values in arrays.items():
            field, _, expression = name.partition("/")
            if expression:
                cast("dict[str, Array]", given.setdefault(field, {}))[expression] = values
            else:
                given[field] = values
        return cls(**given)  # type: ignore[arg-type]

    def of_fold(self, fitted: Array, judged: Array) -> Products:
        """Return the products of a fit on the images `fitted`, (M,) bool, the held-out ones being `judged`, (J,)."""
        with_norm = np.append(fitted, True)
        return Products(
            _among(self.inputs, fitted),
            {name: _among(values, fitted) for name, values in self.targets.items()},
            {name: values[:, judged][:, :, with_norm] for name, values in self.held_out.items()},
        )


@dataclass(frozen=True)
class FoldProducts(Products):
    """Products of all people as held-out people, and of targets in some regions: for any fold's errors."""

    fitted: ByExpression
    """Of fitted targets with each other, (region, set, M, M)."""
    judged: ByExpression
    """Of judged targets with fitted ones, (region, set, J, M)."""
    norms: ByExpression
    """Of judged targets with themselves, (region, set, J)."""
    pixels: Array
    """Pixels of each region, (region,) int64."""


def product_allocations(fit: Fit, needs_inputs: bool, needs_targets: bool, n_held_out: int) -> tuple[Allocation, ...]:
    """Return the arrays of `Products` for so many held-out people."""
    sets, m, n_expressions = fit.weight_channels, fit.n_vectors, fit.n_expressions
    held_out = (sets, n_held_out * fit.channels // sets, m + 1)
    return (
        Allocation("products of inputs", (sets, m, m), "float64", int(needs_inputs)),
        Allocation("products of targets", (sets, m, m), "float64", n_expressions * needs_targets),
        Allocation("products of held-out inputs", held_out, "float64", n_expressions),
    )


def fold_allocations(fit: Fit) -> tuple[Allocation, ...]:
    """Return the arrays that `FoldProducts` adds."""
    sets, m, n_expressions = fit.weight_channels, fit.n_vectors, fit.n_expressions
    judged = fit.n_samples * fit.channels // sets
    return (
        Allocation("fitted targets", (REGIONS, sets, m, m), "float64", n_expressions),
        Allocation("judged targets", (REGIONS, sets, judged, m), "float64", n_expressions),
        Allocation("norms of judged targets", (REGIONS, sets, judged), "float64", n_expressions),
    )


def _among(values: Array, fitted: Array) -> Array:
    return values[:, fitted][:, :, fitted] if values.shape[1] else values
