"""Ridge regression on a growing set of atoms: every pick adds one row to a Cholesky factor."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.families.sparse.kernels.atoms import Atoms, product, subtract_atom, sum_and_squares
from fesdist.ground.memory import Allocation
from fesdist.simd.kernel import kernel, pasted, subkernel

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
    products: Array
    """(1, 1 + tap) float64: room for an atom times the target, and times the atoms that were picked before."""


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
        Allocation("products of an atom", (1, order), "float64"),
    )


@pasted
def begin(fits: Fits, at: int, problem: Problem, pixel: int) -> float:
    """Start the fit `at` of a target pixel on the bias alone and return Σ_channel ‖target‖; no residual is set."""
    atoms, targets, constant = problem.atoms, problem.targets, problem.constant
    total = norms = 0.0
    for channel in range(len(targets)):
        of_channel, squares = sum_and_squares(targets, channel, pixel, atoms.n_samples)
        fits.means[at, channel] = of_channel / atoms.n_samples if atoms.centred else 0.0
        total += of_channel
        norms += np.sqrt(squares)
    fits.n_taps[at] = 0
    diagonal = constant**2 * len(targets) * atoms.n_samples + problem.penalty
    # A column of zeros may have any pivot.
    fits.factor[at, 0, 0] = np.sqrt(diagonal) if diagonal > 0.0 else 1.0
    fits.forward[at, 0] = constant * total / fits.factor[at, 0, 0]
    fits.solution[at, 0] = fits.forward[at, 0] / fits.factor[at, 0, 0]
    return norms


@kernel
def extend(fits: Fits, at: int, problem: Problem, pixel: int, atom: int) -> bool:
    """Add an atom to the fit `at`, and set its residual; return False, and leave both as they are, if the atom depends
    on those it has.
    """
    products, support = fits.products, fits.support
    channels, n_atoms, length = problem.atoms.samples.shape
    samples, targets, n_targets = (
        problem.atoms.samples.reshape(-1),
        problem.targets.reshape(-1),
        problem.targets.shape[1],
    )
    products[0, 0] = product(samples, atom, n_atoms, targets, pixel, n_targets, (channels, length))
    for tap in range(fits.n_taps[at]):
        other = support[at, tap]
        products[0, tap + 1] = product(samples, atom, n_atoms, samples, other, n_atoms, (channels, length))
    start = problem.atoms.squares[atom] + problem.penalty, problem.constant * problem.atoms.sums[atom]
    n = fits.n_taps[at] + 1
    if not grow(fits.factor, fits.forward, fits.solution, at, n, start, products, 0):
        return False
    fits.support[at, n - 1], fits.n_taps[at] = atom, n
    set_residual(fits, at, problem, pixel)
    return True


@subkernel
def grow(
    factor: Array,
    forward: Array,
    solution: Array,
    at: int,
    n: int,
    start: tuple[float, float],
    products: Array,
    place: int,
) -> bool:
    """Add unknown `n` to the fit `at`; return False, and leave it as it is, if its column depends on the others.

    `factor`, `forward` and `solution` are those of `Fits`. `start` is the column's entry on the diagonal, and with the
    bias; `products[place]` are its products with the target, and with the columns 1 to n - 1.
    """
    diagonal, pivot, right = start[0], start[0], products[place, 0]
    for i in range(n):
        entry = start[1] if i == 0 else products[place, i]
        for k in range(i):
            entry -= factor[at, n, k] * factor[at, i, k]
        factor[at, n, i] = entry / factor[at, i, i]
        pivot -= factor[at, n, i] ** 2
        right -= factor[at, n, i] * forward[at, i]
    if not pivot > _DEPENDENT * diagonal:
        return False
    factor[at, n, n] = np.sqrt(pivot)
    forward[at, n] = right / factor[at, n, n]
    for i in range(n, -1, -1):
        value = forward[at, i]
        for k in range(i + 1, n + 1):
            value -= factor[at, k, i] * solution[at, k]
        solution[at, i] = value / factor[at, i, i]
    return True


@kernel
def set_residual(fits: Fits, at: int, problem: Problem, pixel: int) -> None:
    """Set residual = (target - mean) - Σ_tap weight (sample - mean); a bias is gone with the means."""
    targets, residual, centres, n_samples = problem.targets, fits.residual[at], fits.means, problem.atoms.n_samples
    support, solution, shape = fits.support, fits.solution[at], problem.atoms.samples.shape
    samples, means, right = problem.atoms.samples.reshape(-1), problem.atoms.means.reshape(-1), residual.reshape(-1)
    for channel in range(len(targets)):
        for n in range(n_samples):
            residual[channel, n] = targets[channel, pixel, n] - centres[at, channel]
    for tap in range(fits.n_taps[at]):
        subtract_atom(samples, means, support[at, tap], solution, tap + 1, right, shape)
    residual[:, n_samples:] = 0.0
