"""Whether a photograph lies as others do: how far its picture, shrunk to a few numbers, is from what they span."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.signature import MOVES, SIDE, UNIT, Floats, Signature

LEAST_PEOPLE = 10
"""Fewer do not tell what is unusual among them."""

_NOISE = 0.1
"""Variance that every direction has besides, in units of an image's: what people may differ in who were not seen."""

_FURTHER, _LEAST_DISTANCE = 1.5, 0.45
_NEARER, _LEAST_NEARER = 1.25, 1.8
"""How much further than the furthest of the people left out a photograph may be, and what all may be at least."""

_SCALES = np.array([1, *[UNIT] * SIDE**2])
"""Of the terms of the sums."""


@dataclass(frozen=True)
class Limits:
    """What photographs that lie as the others do keep to."""

    people: int
    """From how many it is known."""
    distance: float
    """Largest distance."""
    nearer: float
    """How many times as far a photograph may be as its picture moved or turned."""


@dataclass(frozen=True)
class LikenessSums:
    """Sums over people of z zᵀ, z being 1 and then the signature: their number, total and second moments."""

    products: NDArray[np.int32]
    """(term, other term) int32, which holds those of 130,000 people."""

    @classmethod
    def of(cls, signatures: NDArray[np.int8]) -> LikenessSums:
        """Return the sums of signatures, (sample, row, col); those of flat images are left out."""
        flat = signatures.reshape(len(signatures), -1)
        flat = flat[flat.any(axis=1)]
        # Sums of products of bytes are whole numbers in float64, whatever their order.
        terms = np.insert(flat.astype(np.float64), 0, 1, axis=1)
        return cls((terms.T @ terms).astype(np.int32))

    @property
    def n_people(self) -> int:
        """Return of how many people they are."""
        return int(self.products[0, 0])

    def __add__(self, other: LikenessSums) -> LikenessSums:
        return LikenessSums(self.products + other.products)

    def __sub__(self, other: LikenessSums) -> LikenessSums:
        return LikenessSums(self.products - other.products)


class Likeness:
    """How far images are from those that were summed.

    d(z) = 0.1 / p (z - m)ᵀ (C + 0.1)⁻¹ (z - m), with z the signature in standard deviations, p its length, m and C mean
    and covariance of the signatures summed. Along what these vary in d hardly grows; elsewhere it is the mean square.
    """

    def __init__(self, sums: LikenessSums) -> None:
        moments = sums.products / sums.n_people / np.outer(_SCALES, _SCALES)
        self._mean = moments[0, 1:]
        covariance = moments[1:, 1:] - np.outer(self._mean, self._mean)
        size = len(covariance)
        self._weights: NDArray[np.floating[Any]] = np.linalg.inv(covariance + _NOISE * np.eye(size)) * (_NOISE / size)

    def measured(self, signature: Signature) -> tuple[float, float, str]:
        """Return d of a signature, (row, col), how many times nearer it is when moved or turned, and how, in words."""
        here, *others = self._distances([signature, *(move(signature) for move in MOVES.values())])
        nearest = int(np.argmin(others))
        return float(here), float(here / others[nearest]), tuple(MOVES)[nearest]

    def _distances(self, signatures: Sequence[NDArray[Any]]) -> Floats:
        flat = np.stack(signatures).reshape(len(signatures), -1).astype(np.float64)
        flat -= flat.mean(axis=1, keepdims=True)
        flat /= np.maximum(flat.std(axis=1, keepdims=True), np.finfo(np.float64).tiny)
        flat -= self._mean
        # No BLAS: its threads would fight those that read photographs.
        distances: Floats = (np.einsum("mi,ij->mj", flat, self._weights) * flat).sum(axis=1)
        return distances


def limits(folds: Sequence[NDArray[np.int8]]) -> Limits | None:
    """Return the limits that signatures of people give, (sample, row, col) for each fold; None if they are too few.

    Each fold is measured by what the others span; the furthest of all counts.
    """
    sums = [LikenessSums.of(fold) for fold in folds]
    total = sum(sums[1:], sums[0])
    if total.n_people < LEAST_PEOPLE:
        return None
    found = []
    for fold, own in zip(folds, sums, strict=True):
        others = Likeness(total - own)
        found += [others.measured(one)[:2] for one in fold if one.any()]
    distance, nearer = np.max(found, axis=0)
    return Limits(
        total.n_people,
        round(max(_LEAST_DISTANCE, _FURTHER * distance), 3),
        round(max(_LEAST_NEARER, _NEARER * nearer), 3),
    )
