"""The best atom for what is left of a pixel: near ones first, where these are preferred, then all that can win.

The score of atom j for output pixel p is |correlation of j with p's residual| + bonus(p, j). A correlation is at most
the norm of the residual, so once that and the bonuses of all that is left are less than the best score, the
search is over, and it is exact.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.families.sparse.kernels.atoms import Atoms, correlation, correlation_of_lines, squared_norm
from fesdist.families.sparse.kernels.locality import Locality, bonus_of
from fesdist.families.sparse.kernels.refits import Fits
from fesdist.families.sparse.kernels.screening import COLUMNS, Panels, Residuals, screen_block
from fesdist.ground.memory import Allocation
from fesdist.simd.kernel import kernel, pasted, subkernel

Array = NDArray[Any]


class Search(NamedTuple):
    """What the atoms of a block of pixels are searched with, and the best that was found so far."""

    atoms: Atoms
    locality: Locality
    panels: Panels
    residuals: Residuals
    fits: Fits
    best: Array
    """(pixel of the block) float64: the largest score."""
    atom: Array
    """(pixel of the block) int64: whose it is; -1 for none."""
    ties: Array
    """(pixel of the block) float64: scores that differ by less are equal, and the first atom wins."""
    products: Array
    """(COLUMNS) float32: room for the screened scores of a block of atoms."""


def empty_search(atoms: Atoms, locality: Locality, panels: Panels, residuals: Residuals, fits: Fits) -> Search:
    """Return a search with room for as many pixels as there are fits."""
    return Search(atoms, locality, panels, residuals, fits, *(array.zeros() for array in search_of(len(fits.n_taps))))


def search_of(n_pixels: int) -> tuple[Allocation, ...]:
    """Return the last arrays of `Search`."""
    return (
        Allocation("best scores", (n_pixels,), "float64"),
        Allocation("best atoms", (n_pixels,), "int64"),
        Allocation("ties", (n_pixels,), "float64"),
        Allocation("screened scores", (COLUMNS,), "float32"),
    )


@subkernel
def is_free(usable: Array, support: Array, at: int, n_taps: int, atom: int) -> bool:
    """Return whether an atom can be picked for the pixel `at`, which has `n_taps` in `support`."""
    free = usable[atom]
    for tap in range(n_taps):
        free &= support[at, tap] != atom
    return free  # type: ignore[no-any-return]


@pasted
def wins(score: float, atom: int, best: float, best_atom: int, tie: float) -> bool:
    """Return whether a score is better than the best so far, or as good and of an atom before."""
    return score > best + tie or (score >= best - tie and atom < best_atom)


@pasted
def search_near(search: Search, at: int, row: int, col: int) -> bool:
    """Find the best of the atoms in the locality's table of the image's pixel; return whether no other can win."""
    locality, tie = search.locality, search.ties[at]
    i, j = locality.row_class[row], locality.col_class[col]
    offsets, bonus = locality.offsets[i, j], locality.bonus[i, j]
    best, best_atom = -np.inf, -1
    certain = False
    if len(bonus) > 0:
        residual = search.fits.residual[at]
        largest = 0.0
        for channel in range(len(residual)):
            largest += np.sqrt(squared_norm(residual[channel]))
        rows, cols = locality.rule.image_shape
        for k in range(len(bonus)):
            if best_atom >= 0 and largest + bonus[k] < best - tie:
                break  # the corners of a table are farther away than some atoms beyond its sides
            atom_row, atom_col = row + offsets[k, 0], col + offsets[k, 1]
            if 0 <= atom_row < rows and 0 <= atom_col < cols:
                atom = atom_row * cols + atom_col
                if is_free(search.atoms.usable, search.fits.support, at, search.fits.n_taps[at], atom):
                    score = abs(correlation(search.atoms, atom, residual)) + bonus[k]
                    if wins(score, atom, best, best_atom, tie):
                        best, best_atom = score, atom
        certain = best_atom >= 0 and largest + locality.beyond[i, j] < best - tie
    search.best[at], search.atom[at] = best, best_atom
    return certain


@kernel
def search_screened(search: Search, waiting: Array, first: int, corner: tuple[int, int], cols: int) -> None:
    """Find the best of all atoms, of which the near ones are searched, for the pixels `waiting` of a block.

    Residual k is that of pixel `waiting[k]`; pixels are those of a tile from `first` on, as in `pick_near`.
    """
    # Out of their tuples once, as in `pick_near`.
    atoms, locality, panels, residuals = search.atoms, search.locality, search.panels, search.residuals
    best_of, atom_of, ties, products = search.best, search.atom, search.ties, search.products
    support, n_taps, usable, rule = search.fits.support, search.fits.n_taps, atoms.usable, locality.rule
    coordinates, units, errors, rests, all_peaks = residuals
    of_atoms, most_left_out, steps = panels.left_out, panels.most_left_out, panels.atoms.shape[1]
    blocks, right = panels.atoms.reshape(-1), coordinates.reshape(-1)
    values, left = atoms.samples.reshape(-1), search.fits.residual.reshape(-1)
    means, scales, shape = atoms.means.reshape(-1), atoms.scales.reshape(-1), atoms.samples.shape
    image_cols, pixels, length = rule.image_shape[1], shape[1], shape[0] * shape[2]
    for number in range(len(waiting)):
        at = waiting[number]
        row, col = corner[0] + (first + at) // cols, corner[1] + (first + at) % cols
        best, best_atom, tie, taps = best_of[at], atom_of[at], ties[at], n_taps[at]
        unit, error, left_out = units[number], errors[number], rests[number]
        beyond = locality.beyond[locality.row_class[row], locality.col_class[col]]
        for tap in range(taps):
            # Picked atoms do not count, but the peak of their block may be theirs.
            block = support[at, tap] // COLUMNS
            screen_block(blocks, steps, right, number, block, products)
            all_peaks[number, block] = _largest_free(products, block, support, at, taps)
        # The block of the largest peak comes first: after that, few others are in question.
        leading = 0
        for block in range(all_peaks.shape[1]):
            if all_peaks[number, block] > all_peaks[number, leading]:
                leading = block
        for step in range(-1, all_peaks.shape[1]):
            block = leading if step < 0 else step
            most = all_peaks[number, block] * unit + error + most_left_out[block] * left_out + beyond
            if most < best - tie or step == leading:
                continue
            screen_block(blocks, steps, right, number, block, products)
            for atom in range(block * COLUMNS, min(block * COLUMNS + COLUMNS, pixels)):
                most = products[atom - block * COLUMNS] * unit + error + of_atoms[atom] * left_out + beyond
                if not wins(most, atom, best, best_atom, tie) or not is_free(usable, support, at, taps, atom):
                    continue
                score = abs(correlation_of_lines(values, left, means, scales, atom, at * length, shape))
                if rule.weight > 0.0:
                    score += bonus_of(rule, row, col, atom // image_cols - row, atom % image_cols - col)
                if wins(score, atom, best, best_atom, tie):
                    best, best_atom = score, atom
        best_of[at], atom_of[at] = best, best_atom


@subkernel
def _largest_free(products: Array, block: int, support: Array, at: int, n_taps: int) -> float:
    """Return the largest of a block's screened scores, but for atoms that are picked."""
    for tap in range(n_taps):
        if support[at, tap] // COLUMNS == block:
            products[support[at, tap] % COLUMNS] = 0.0
    return products.max()  # type: ignore[no-any-return]
