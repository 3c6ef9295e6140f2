"""What a coded model learns from inner products: a set of weights as combinations of its training images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fesdist.families.coded.vectors import Floats


@dataclass(frozen=True)
class Grams:
    """Inner products of one set's training images, in [0, 1] units; (0, 0) where the model does not need them."""

    inputs: Floats
    """Of inputs with inputs, (M, M)."""
    targets: Floats
    """Of targets with targets, (M, M)."""


@dataclass(frozen=True)
class Solution:
    """One set of weights as combinations of its M training images, intensities in [0, 1]."""

    mixing: Floats
    """(code, M): codes, as combinations of an image's inner products (or kernels) with the images of the basis."""
    decoder: Floats
    """(code, M): the output for each code, as a combination of the targets."""
    bias: Floats
    """(M,): the output for codes of zero, as a combination of the targets."""

    def or_mean(self) -> Solution:
        """Return the solution, or the mean target where there is no code."""
        n_vectors = len(self.bias)
        return self if len(self.mixing) else Solution(self.mixing, self.decoder, np.full(n_vectors, 1 / n_vectors))


def filled(rows: Floats, n_codes: int) -> Floats:
    """Return rows (code, M) with rows of zeros after them, `n_codes` in all."""
    return np.concatenate((rows, np.zeros((n_codes - len(rows), rows.shape[1]))))
