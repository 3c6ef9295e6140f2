"""Kernels on intensities: the matrix of all 256 values, and features that multiply to it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.families.onepixel.kernels.intensities import INTENSITIES
from fesdist.ground.errors import BadParameterError

Floats = NDArray[np.float64]

TOLERANCE = 2.0**-46
"""Largest part of the kernel's largest value that its features may leave out: some hundred roundings of float64."""

_LEVELS = [value / (INTENSITIES - 1) for value in range(INTENSITIES)]


@dataclass(frozen=True)
class Gaussian:
    """k(x, y) = exp(-(x - y)² / (2 sigma²))."""

    sigma: float = 0.2

    def __post_init__(self) -> None:
        object.__setattr__(self, "sigma", _checked_sigma(self.sigma))

    def matrix(self) -> Floats:
        return _of_distances([math.exp(-0.5 * (x / self.sigma) * (x / self.sigma)) for x in _LEVELS])


@dataclass(frozen=True)
class Laplacian:
    """k(x, y) = exp(-|x - y| / sigma)."""

    sigma: float = 0.2

    def __post_init__(self) -> None:
        object.__setattr__(self, "sigma", _checked_sigma(self.sigma))

    @property
    def decay(self) -> float:
        """Return k of neighbouring intensities."""
        return math.exp(-_LEVELS[1] / self.sigma)

    @property
    def end(self) -> float:
        """Return 1 / (1 - decay²), without the rounding of decay."""
        return -1.0 / math.expm1(-2.0 * _LEVELS[1] / self.sigma)

    def matrix(self) -> Floats:
        return _of_distances([math.exp(-x / self.sigma) for x in _LEVELS])


@dataclass(frozen=True)
class Polynomial:
    """k(x, y) = (x y + offset) ** degree."""

    degree: int = 3
    offset: float = 1.0

    def __post_init__(self) -> None:
        if not (isinstance(self.degree, int) and 1 <= self.degree <= 10):
            raise BadParameterError(f"degree {self.degree!r}; expected a whole number from 1 to 10")
        if not (isinstance(self.offset, (int, float)) and 0 <= self.offset <= 1):
            raise BadParameterError(f"offset {self.offset!r}; expected a number from 0 to 1")
        object.__setattr__(self, "offset", float(self.offset))

    def matrix(self) -> Floats:
        base = np.multiply.outer(_LEVELS, _LEVELS) + self.offset
        kernel: Floats = base.copy()
        for _ in range(self.degree - 1):
            kernel *= base
        return kernel


@dataclass(frozen=True)
class Linear:
    """k(x, y) = x y."""

    def matrix(self) -> Floats:
        return Polynomial(1, 0.0).matrix()


IntensityKernel = Gaussian | Laplacian | Polynomial | Linear
"""`matrix()` returns K[v, w] = k(v / 255, w / 255), (256, 256); a value out of range raises BadParameterError."""

KERNELS: dict[str, type[IntensityKernel]] = {
    "gaussian": Gaussian,
    "laplacian": Laplacian,
    "polynomial": Polynomial,
    "linear": Linear,
}


def kernel_named(name: str, shape: Mapping[str, Any]) -> IntensityKernel:
    """Return a kernel; what is not in `shape` has its default.

    Raises BadParameterError for an unknown name, a value out of range, and one that the kernel does not have.
    """
    # Among names, not among keys: what a manifest says may be of a type that is none.
    if name not in tuple(KERNELS):
        raise BadParameterError(f"unknown kernel {name!r}; known: {', '.join(KERNELS)}")
    own = [field.name for field in fields(KERNELS[name])]
    foreign = [parameter for parameter in shape if parameter not in own]
    if foreign:
        raise BadParameterError(
            f"{foreign[0]} {shape[foreign[0]]!r}: a {name} kernel has {' and '.join(own) if own else 'no parameter'}"
        )
    return KERNELS[name](**shape)


@lru_cache(maxsize=4)
def features(kernel: IntensityKernel) -> Floats:
    """Return the features of a kernel, read-only; the same object for the same kernel."""
    found = features_of(kernel.matrix())
    found.flags.writeable = False
    return found


def features_of(kernel: Floats) -> Floats:
    """Return Φ (256, rank) with K = Φ Φᵀ, by Cholesky factorisation with the largest pivot first.

    It ends when no entry of K - Φ Φᵀ exceeds `TOLERANCE` times the largest of K. Predictions of kernel ridge
    regression then differ from those of K by at most about `TOLERANCE` N / ridge: 1e-10 for 3,000 samples and a
    ridge of 0.4.
    """
    rest = kernel.copy()
    smallest = TOLERANCE * kernel.max()
    columns: list[Floats] = []
    # Element by element, in an order of its own: no library decides how these numbers are rounded.
    while len(columns) < INTENSITIES:
        pivot = int(rest.diagonal().argmax())
        if rest[pivot, pivot] <= smallest:
            break
        column = rest[:, pivot] / math.sqrt(rest[pivot, pivot])
        rest -= np.multiply.outer(column, column)
        columns.append(column)
    return np.stack(columns, axis=1)


def _checked_sigma(sigma: float) -> float:
    if not (isinstance(sigma, (int, float)) and 0 < sigma <= 1000):
        raise BadParameterError(
            f"sigma {sigma!r}; expected a number above 0 and at most 1000, for instance 0.2: intensities are in [0, 1]"
        )
    return float(sigma)


def _of_distances(values: list[float]) -> Floats:
    levels = np.arange(INTENSITIES)
    kernel: Floats = np.array(values)[np.abs(np.subtract.outer(levels, levels))]
    return kernel
