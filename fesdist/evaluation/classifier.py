"""A classifier of expressions: linear, in closed form, from a few dozen real photographs.

scikit-learn would bring no more than the formula below, which takes ten lines of numpy, so it is no dependency.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fesdist.evaluation.descriptors import Descriptors

RIDGE = 1.0
"""λ as a multiple of the mean squared distance of a descriptor from their centre."""

NOTHING = ""
"""What an image without any gradient is taken for."""


@dataclass(frozen=True, eq=False)
class ExpressionClassifier:
    """Takes a face for the expression with the largest score, s = Wᵀ (f - centre)."""

    expressions: tuple[str, ...]
    centre: NDArray[np.float64]
    """(value,)"""
    weights: NDArray[np.float64]
    """W, (value, expression)."""

    @classmethod
    def learn(cls, photographs: Mapping[str, Descriptors]) -> ExpressionClassifier:
        """Return the classifier of some photographs, (sample, value) by their expression.

        A ridge regression of the indicators of the expressions, in which each expression weighs the same however
        many photographs it has: with F the descriptors minus their weighted mean and T the indicators minus 1 / k,
        both with rows times the square root of the weight 1 / (k n_c), W = Fᵀ (F Fᵀ + λ I)⁻¹ T and
        λ = RIDGE trace(F Fᵀ) / n. Of more photographs than values W = (Fᵀ F + λ I)⁻¹ Fᵀ T, which is the same.
        """
        counts = [len(found) for found in photographs.values()]
        each = np.repeat([1 / (len(counts) * count) for count in counts], counts)[:, None]
        # In place from here on: of thousands of photographs each array takes a hundred megabytes.
        F = np.concatenate([*photographs.values()], dtype=np.float64)
        indicators = np.repeat(np.eye(len(counts)), counts, axis=0)
        centre = (each * F).sum(axis=0)
        F -= centre
        F *= np.sqrt(each)
        T = np.sqrt(each) * (indicators - 1 / len(counts))
        few = len(F) <= len(centre)
        products = F @ F.T if few else F.T @ F
        # Where all photographs are alike there is nothing to learn, and nothing to divide by.
        penalty = RIDGE * np.trace(products) / len(F) or 1.0
        products.flat[:: len(products) + 1] += penalty
        weights = F.T @ np.linalg.solve(products, T) if few else np.linalg.solve(products, F.T @ T)
        return cls(tuple(photographs), centre, weights)

    def take(self, descriptors: Descriptors) -> tuple[str, ...]:
        """Return what each face, a row of `descriptors`, is taken for."""
        scores = (descriptors - self.centre) @ self.weights
        best = scores.argmax(axis=1)
        shown = np.abs(descriptors).max(axis=1) > 0
        return tuple(self.expressions[k] if some else NOTHING for k, some in zip(best, shown, strict=True))
