"""A few orthonormal directions in which nearly all of a dictionary lies, since neighbouring pixels are nearly alike.

A vector is then known by its coordinates, which are fewer than the samples, and by the length of what they leave out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.families.sparse.kernels.atoms import Atoms
from fesdist.ground.memory import Allocation
from fesdist.simd.kernel import kernel
from fesdist.simd.lanes import LANES

Floats = NDArray[np.float64]

LEFT_OUT = 0.003
"""Part of the atoms' squared norms beside the first direction, which without centring is mere brightness, that may be
left out: less takes more directions, more leaves more atoms in question."""

MOST = 1024
"""Most atoms that directions are found from, and most directions."""

_NO_DIRECTION = 1e-10
"""Part of the largest eigenvalue up to which another one may be rounding."""

_ROUNDING = 1e-12
"""Bound of the relative error of a difference of squared norms."""


def normalised(atoms: Atoms, pixels: NDArray[np.int64] | slice) -> Floats:
    """Return the normalised atoms of some pixels, (pixel, channel × sample), 0 in the filling."""
    columns = atoms.samples[:, pixels] - atoms.means[:, pixels, None]
    columns *= atoms.scales[:, pixels, None]
    columns[..., atoms.n_samples :] = 0.0
    return np.ascontiguousarray(columns.transpose(1, 0, 2)).reshape(columns.shape[1], -1)


def main_directions(atoms: Atoms) -> Floats:
    """Return orthonormal columns (channel × sample, direction), of which the last may be 0: whole registers."""
    n_pixels = atoms.samples.shape[1]
    some = normalised(atoms, np.linspace(0, n_pixels - 1, min(n_pixels, MOST)).astype(np.int64))
    wide = len(some) < some.shape[1]
    values, vectors = np.linalg.eigh(some @ some.T if wide else some.T @ some)
    values, vectors = values[::-1], vectors[:, ::-1]
    left = values.sum() - np.cumsum(values)
    needed = registers(1 + int((left > LEFT_OUT * values.sum()).sum()))
    # What is smaller is rounding, and has no direction.
    kept = min(needed, int((values > _NO_DIRECTION * values[0]).sum()))
    directions = np.zeros((some.shape[1], needed))
    found = vectors[:, :kept]
    directions[:, :kept] = some.T @ (found / np.sqrt(values[:kept])) if wide else found
    return directions


def most_directions(n_pixels: int, n_values: int) -> int:
    """Return how many directions `main_directions` finds at most for atoms of `n_values` values."""
    return registers(min(n_pixels, n_values, MOST))


def finding(n_pixels: int, n_values: int) -> tuple[Allocation, ...]:
    """Return what `main_directions` holds at once, beside what it returns."""
    chosen = min(n_pixels, MOST)
    order = min(chosen, n_values)
    return (
        # As they are taken, centred, and pixel by pixel.
        Allocation("atoms that directions are found from", (chosen, n_values), "float64", 3),
        # Their products, LAPACK's copy of them and its room for two, and eigenvectors.
        Allocation("an eigendecomposition", (order, order), "float64", 5),
    )


def registers(count: int) -> int:
    """Return a count rounded up to whole registers."""
    return -(-count // LANES) * LANES


@kernel
def left_out(squares: Any, of_coordinates: Any) -> Any:
    """Return a bound of the norm of what coordinates leave out of a vector; given are the squared norms of both."""
    return np.sqrt(np.maximum(squares - of_coordinates, 0.0) + _ROUNDING * squares)
