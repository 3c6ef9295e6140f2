"""Picks among near atoms from sums of products alone, which of 8-bit samples are integers: no residual is made.

With C(j, k) = Σ (x_j - mean) (x_k - mean) of a channel, the correlation of atom j with the residual t - Σ_tap w_tap
x_tap is scale_j (C(j, t) - Σ_tap w_tap C(j, tap)), and the residual's squared norm is C(t, t) - 2 Σ w C(tap, t) +
ΣΣ w w' C(tap, tap'). n C = n Σ x_j x_k - Σ x_j Σ x_k is an integer. What is picked is what `search_near` picks, and the
fit is that of `extend`, which is made from the same integers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.families.sparse.kernels.atoms import product_of_lines, sum_and_squares
from fesdist.families.sparse.kernels.refits import Problem, grow
from fesdist.families.sparse.kernels.search import Search, is_free, wins
from fesdist.ground.memory import Allocation
from fesdist.simd.kernel import kernel, subkernel

Array = NDArray[Any]

_ROUNDING = 1e-14
"""Part of the terms of a squared norm that rounding is less than, times the square of their number."""


class Near(NamedTuple):
    """Room for the near atoms of one pixel; a place is that in its table, slot 0 the target, slot i + 1 tap i."""

    products: Array
    """(place, slot, channel) float64: n C of the atom and the slot."""
    totals: Array
    """(place, slot) float64: Σ_channel Σ x_j x_slot."""
    shares: Array
    """(place, slot) float64: Σ_channel scale_j C(j, slot), of which a correlation is made."""
    known: Array
    """(place) int64: slots that are set."""
    picked: Array
    """(tap) int64: places of the atoms picked."""
    sums: Array
    """(slot, channel) float64: Σ x."""
    diagonal: Array
    """(slot, channel) float64: n C of the slot with itself."""


def empty_near(places: int, n_nonzero: int, channels: int) -> Near:
    """Return room for tables of some places."""
    return Near(*(array.zeros() for array in near_of(places, n_nonzero, channels)))


def near_of(places: int, n_nonzero: int, channels: int) -> tuple[Allocation, ...]:
    """Return the arrays of `Near`."""
    slots = n_nonzero + 1
    return (
        Allocation("centred products of near atoms", (places, slots, channels), "float64"),
        Allocation("products of near atoms", (places, slots), "float64"),
        Allocation("correlations of near atoms", (places, slots), "float64"),
        Allocation("known products of near atoms", (places,), "int64"),
        Allocation("places of near atoms", (n_nonzero,), "int64"),
        Allocation("sums of near atoms", (slots, channels), "float64"),
        Allocation("squares of near atoms", (slots, channels), "float64"),
    )


@kernel
def pick_near(
    near: Near, search: Search, problem: Problem, first: int, corner: tuple[int, int], cols: int, open_pixels: Array
) -> None:
    """Pick atoms for fits that `begin` has started, as long as no atom beyond the tables can win.

    The fits are of target pixels from `first` on, of a tile of `cols` columns whose first pixel is `corner`. In
    `open_pixels`, (fit) bool, stay those that are not done: done is what has all its taps, or whose best atom depends
    on those it has. Samples are uint8.
    """
    # Arrays are taken out of tuples once: numba counts who refers to each, which costs more than a product.
    samples, n_samples, centred, means, scales, _, _, usable = problem.atoms
    rule, row_class, col_class, offsets, bonus, beyond = search.locality
    products, totals, shares, known, picked, sums, diagonal = near
    fits, ties, targets = search.fits, search.ties, problem.targets
    support, n_taps, factor, forward, solution, _, _, _ = fits
    squares_of, sums_of, constant, penalty = (
        problem.atoms.squares,
        problem.atoms.sums,
        problem.constant,
        problem.penalty,
    )
    of_atoms, of_targets = samples.reshape(-1), targets.reshape(-1)
    (channels, n_atoms, length), n_targets, (rows, n_cols) = samples.shape, targets.shape[1], rule.image_shape
    for at in range(len(open_pixels)):
        pixel, tie, reached = first + at, ties[at], 0
        row, col = corner[0] + pixel // cols, corner[1] + pixel % cols
        i, j = row_class[row], col_class[col]
        for channel in range(channels):
            total, squares = sum_and_squares(targets, channel, pixel, n_samples)
            sums[0, channel] = total if centred else 0.0
            diagonal[0, channel] = n_samples * squares - sums[0, channel] ** 2
        open_pixel = False
        while n_taps[at] < len(picked):
            tap = n_taps[at]
            largest = _norm(products, diagonal, picked, solution, at, tap, n_samples)
            best, best_atom, best_place = -np.inf, -1, -1
            for k in range(bonus.shape[2]):
                if best_atom >= 0 and largest + bonus[i, j, k] < best - tie:
                    break  # as in `search_near`
                if k == reached:
                    known[k] = 0
                    reached += 1
                atom_row, atom_col = row + offsets[i, j, k, 0], col + offsets[i, j, k, 1]
                if not (0 <= atom_row < rows and 0 <= atom_col < n_cols):
                    continue
                atom = atom_row * n_cols + atom_col
                if not is_free(usable, support, at, tap, atom):
                    continue
                for slot in range(known[k], tap + 1):
                    other, n_others = (pixel, n_targets) if slot == 0 else (support[at, slot - 1], n_atoms)
                    total = share = 0.0
                    for channel in range(channels):
                        here, there = (channel * n_atoms + atom) * length, (channel * n_others + other) * length
                        if slot == 0:
                            product = product_of_lines(of_atoms, here, of_targets, there, length)
                        else:
                            product = product_of_lines(of_atoms, here, of_atoms, there, length)
                        # What was divided to get the mean of integers is one; if atoms are not centred, it is 0.
                        centre = np.rint(means[channel, atom] * n_samples) * sums[slot, channel]
                        products[k, slot, channel] = n_samples * product - centre
                        share += scales[channel, atom] * products[k, slot, channel]
                        total += product
                    totals[k, slot], shares[k, slot] = total, share / n_samples
                known[k] = tap + 1
                correlation = shares[k, 0]
                for slot in range(1, tap + 1):
                    correlation -= solution[at, slot] * shares[k, slot]
                score = abs(correlation) + bonus[i, j, k]
                if wins(score, atom, best, best_atom, tie):
                    best, best_atom, best_place = score, atom, k
            if not (best_atom >= 0 and largest + beyond[i, j] < best - tie):
                open_pixel = True
                break
            start = squares_of[best_atom] + penalty, constant * sums_of[best_atom]
            if not grow(factor, forward, solution, at, tap + 1, start, totals, best_place):
                break
            support[at, tap], n_taps[at], picked[tap] = best_atom, tap + 1, best_place
            for channel in range(channels):
                scale = scales[channel, best_atom]
                sums[tap + 1, channel] = np.rint(means[channel, best_atom] * n_samples)
                diagonal[tap + 1, channel] = n_samples / scale**2 if scale > 0.0 else 0.0
        open_pixels[at] = open_pixel


@subkernel
def _norm(
    products: Array, diagonal: Array, picked: Array, solution: Array, at: int, n_taps: int, n_samples: int
) -> float:
    """Return a bound of Σ_channel ‖residual‖ of a fit, hardly larger than that; arrays as in `Near` and `Fits`."""
    total = 0.0
    for channel in range(diagonal.shape[1]):
        squares = terms = diagonal[0, channel]
        for tap in range(n_taps):
            weight, k = solution[at, tap + 1], picked[tap]
            of_tap = weight**2 * diagonal[tap + 1, channel]
            terms += of_tap
            rest = products[k, 0, channel]
            for other in range(tap):
                rest -= solution[at, other + 1] * products[k, other + 1, channel]
            squares += of_tap - 2.0 * weight * rest
        slack = _ROUNDING * (n_taps + 2) ** 2 * terms
        total += np.sqrt((max(squares, 0.0) + slack) / n_samples)
    return total
