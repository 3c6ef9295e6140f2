"""Ridge regression on a growing set of atoms: every pick adds one row to a Cholesky factor."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fesdist.families.sparse.kernels.atoms import Atoms, product, subtract_atom
from fesdist.ground.memory import Allocation

Array = NDArray[Any]

_DEPENDENT = 1e-13
"""A pivot that is less of its diagonal entry than this is nothing but rounding: the atom depends on the others."""


class Problem(NamedTuple):
    """Ridge regressions on few atoms: (XᵀX + penalty I) w = Xᵀt for each target t, the bias first."""

    atoms: Atoms
    targets: Array
    """(channel, pixel, sample) like the samples of the atoms."""
    penalty: float
    constant: float
    """The bias's column, in each sample. Without a bias it is 0, and so is the bias."""


class Fits(NamedTuple):
    """One growing fit of a `Problem` for each pixel of a block."""

    support: Array
    """(pixel, tap) int64: atoms in the order in which they were picked."""
    n_taps: Array
    """(pixel) int64: how many there are."""
    factor: Array
    """(pixel, 1 + tap, 1 + tap) float64: lower triangular."""
    forward: Array
    """(pixel, 1 + tap) float64: the factor's inverse times the right-hand side."""
    solution: Array
    """(pixel, 1 + tap) float64: bias, then weights."""
    means: Array
    """(pixel, channel) float64: what is subtracted from the targets as the atoms' means are from the samples."""
    residual: Array
    """(pixel, channel, sample) float64: target - fit, centred over the samples of each channel if the atoms are; 0 in
    the filling."""


def empty_fits(n_pixels: int, n_nonzero: int, channels: int, length: int) -> Fits:
    """Return room for `n_pixels` fits on up to `n_nonzero` atoms."""
    return Fits(*(array.zeros() for array in fits_of(n_pixels, n_nonzero, channels, length)))


def fits_of(n_pixels: int, n_nonzero: int, channels: int, length: int) -> tuple[Allocation, ...]:
    """Return the arrays of `Fits`."""
    order = n_nonzero + 1
    return (
        Allocation("supports", (n_pixels, n_nonzero), "int64"),
        Allocation("numbers of taps", (n_pixels,), "int64"),
        Allocation("Cholesky factors", (n_pixels, order, order), "float64"),
        Allocation("right-hand sides", (n_pixels, order), "float64"),
        Allocation("solutions", (n_pixels, order), "float64"),
        Allocation("means of targets", (n_pixels, channels), "float64"),
        Allocation("residuals", (n_pixels, channels, length), "float64"),
    )


@njit(nogil=True, cache=True)
def begin(fits: Fits, at: int, problem: Problem, pixel: int) -> float:
    """Start the fit `at` of a target pixel on the bias alone and return Σ_channel ‖target‖."""
    atoms, targets, constant = problem.atoms, problem.targets, problem.constant
    total = norms = 0.0
    for channel in range(len(targets)):
        of_channel = squares = 0.0
        for value in targets[channel, pixel, : atoms.n_samples]:
            of_channel += value
            squares += np.float64(value) ** 2
        fits.means[at, channel] = of_channel / atoms.n_samples if atoms.centred else 0.0
        total += of_channel
        norms += np.sqrt(squares)
    fits.n_taps[at] = 0
    diagonal = constant**2 * len(targets) * atoms.n_samples + problem.penalty
    # A column of zeros may have any pivot.
    fits.factor[at, 0, 0] = np.sqrt(diagonal) if diagonal > 0.0 else 1.0
    fits.forward[at, 0] = constant * total / fits.factor[at, 0, 0]
    fits.solution[at, 0] = fits.forward[at, 0] / fits.factor[at, 0, 0]
    _set_residual(fits, at, problem, pixel)
    return norms


@njit(nogil=True, cache=True)
def extend(fits: Fits, at: int, problem: Problem, pixel: int, atom: int) -> bool:
    """Add an atom to the fit `at`; return False, and leave it as it is, if the atom depends on those it has."""
    atoms = problem.atoms
    n = fits.n_taps[at] + 1
    factor, forward = fits.factor[at], fits.forward[at]
    diagonal = atoms.squares[atom] + problem.penalty
    pivot, right = diagonal, product(atoms.samples, atom, problem.targets, pixel)
    for i in range(n):
        if i == 0:
            entry = problem.constant * atoms.sums[atom]
        else:
            entry = product(atoms.samples, atom, atoms.samples, fits.support[at, i - 1])
        for k in range(i):
            entry -= factor[n, k] * factor[i, k]
        factor[n, i] = entry / factor[i, i]
        pivot -= factor[n, i] ** 2
        right -= factor[n, i] * forward[i]
    if not pivot > _DEPENDENT * diagonal:
        return False
    factor[n, n] = np.sqrt(pivot)
    forward[n] = right / factor[n, n]
    for i in range(n, -1, -1):
        value = forward[i]
        for k in range(i + 1, n + 1):
            value -= factor[k, i] * fits.solution[at, k]
        fits.solution[at, i] = value / factor[i, i]
    fits.support[at, n - 1] = atom
    fits.n_taps[at] = n
    _set_residual(fits, at, problem, pixel)
    return True


@njit(nogil=True, cache=True)
def _set_residual(fits: Fits, at: int, problem: Problem, pixel: int) -> None:
    """Set residual = (target - mean) - Σ_tap weight (sample - mean); a bias is gone with the means."""
    atoms, targets, residual = problem.atoms, problem.targets, fits.residual[at]
    n_samples = atoms.n_samples
    for channel in range(len(targets)):
        for n in range(n_samples):
            residual[channel, n] = targets[channel, pixel, n] - fits.means[at, channel]
    for tap in range(fits.n_taps[at]):
        subtract_atom(atoms, fits.support[at, tap], fits.solution[at, tap + 1 :], residual)
    residual[:, n_samples:] = 0.0
