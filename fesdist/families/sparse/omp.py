"""Orthogonal matching pursuit (OMP): each output pixel is made from the few input pixels that explain it best.

Khan, Akram, Mehmood, Ashraf, Murtaza: Masked Linear Regression for Learning Local Receptive Fields for Facial
Expression Synthesis, International Journal of Computer Vision, 2020, equation 15; selection and fits as in Akram
& Khan 2023.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fesdist.families.sparse.greedy import GreedyModel


@dataclass(frozen=True)
class OrthogonalMatchingPursuit(GreedyModel):
    """OMP: minimise Σ_n (t[n, p] - Σ_j w[j] x[n, j] - b)² + ridge (Σ_j w[j]² + b²) with at most F nonzero w[j].

    Greedily: of all input pixels j that are not picked yet, the one with the largest |Σ_channel x̂[j]ᵀ r| is picked,
    where x̂ are inputs centred over the samples and divided by their norm and r is the target minus the fit so far,
    at first the target itself; then the fit is made anew. Of equal scores the first in row-major order wins. Raises
    BadParameterError for an n_nonzero below 1 and for a ridge that is not positive.
    """

    name: ClassVar[str] = "omp"
