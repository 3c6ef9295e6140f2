"""Greedy selection of atoms: near ones first, where near ones are preferred; all atoms where that decides nothing.

The score of atom j for output pixel p is |correlation of j with p's residual| + bonus(p, j). A correlation is at most
the norm of the residual, so once that and the bonuses of all that is left are less than the best score, the
search is over, and it is exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fesdist.families.sparse.kernels.atoms import Atoms, correlation, squared_norm
from fesdist.families.sparse.kernels.locality import Locality, bonus_of
from fesdist.families.sparse.kernels.refits import Fits, begin, empty_fits, extend
from fesdist.families.sparse.kernels.screening import (
    COLUMNS,
    Panels,
    Residuals,
    empty_residuals,
    make_panels,
    no_panels,
    screen,
    screen_block,
    set_residuals,
)

Array = NDArray[Any]

AT_ONCE = 128
"""Pixels whose residuals meet the atoms together."""

SHORT = 2
"""Status of a pixel that has fewer taps than asked for, because no further atom can be used."""

_TIE = 1e-12
"""Scores that differ by less than this of the target's norm are equal in exact arithmetic: the first atom wins."""


class Selection:
    """Picks `n_nonzero` atoms of a dictionary for each pixel, one after the other, with a ridge fit after each.

    `penalty` and `constant` are those of `Fits`: unit² × ridge and the unit, or 0 and 0 for plain orthogonal matching
    pursuit, to which atoms that are not centred belong. The screening is made ready when the first pixel asks for it:
    where near atoms are much preferred, none may.
    """

    def __init__(self, atoms: Atoms, locality: Locality, n_nonzero: int, penalty: float, constant: float) -> None:
        channels, _, length = atoms.samples.shape
        self._dictionary = atoms, locality
        self._fits = empty_fits(AT_ONCE, n_nonzero, channels, length)
        self._ridge = penalty, constant
        self._panels = no_panels()
        self._residuals = empty_residuals(self._panels, AT_ONCE)

    def fill(
        self, targets: Array, corner: tuple[int, int], support: Array, values: Array, bias: Array, status: Array
    ) -> None:
        """Pick atoms for each pixel of a tile whose first row and column are `corner`.

        `targets` is (channel, pixel of the tile, sample) like the samples of the atoms. Written are `support` (tap,
        row, col) int32, -1 = unused, `values` (tap, row, col) and `bias` (row, col) float64, `status` (row, col) uint8.
        """
        atoms, locality = self._dictionary
        penalty, constant = self._ridge
        start = 0
        while start < bias.size:
            start = _fill(
                start,
                atoms,
                locality,
                self._panels,
                self._residuals,
                self._fits,
                targets,
                corner,
                penalty,
                constant,
                support,
                values,
                bias,
                status,
            )
            if start < bias.size:
                self._panels = make_panels(atoms)
                self._residuals = empty_residuals(self._panels, AT_ONCE)


@njit(nogil=True, cache=True)
def _fill(
    start: int,
    atoms: Atoms,
    locality: Locality,
    panels: Panels,
    residuals: Residuals,
    fits: Fits,
    targets: Array,
    corner: tuple[int, int],
    penalty: float,
    constant: float,
    support: Array,
    values: Array,
    bias: Array,
    status: Array,
) -> int:
    """Fill in the pixels from `start` on and return their end, or the first of those that need panels, without any."""
    n_nonzero, rows, cols = support.shape
    row0, col0 = corner
    ties, best, atom = np.empty(AT_ONCE), np.empty(AT_ONCE), np.empty(AT_ONCE, np.int64)
    open_pixels, waiting = np.empty(AT_ONCE, np.bool_), np.empty(AT_ONCE, np.int64)
    products = np.empty(COLUMNS, np.float32)
    for first in range(start, rows * cols, AT_ONCE):
        n_pixels = min(AT_ONCE, rows * cols - first)
        for at in range(n_pixels):
            norm = begin(fits, at, atoms, targets, first + at, penalty, constant)
            ties[at] = _TIE * (norm + locality.weight)
            open_pixels[at] = True
        for _ in range(n_nonzero):
            n_waiting = 0
            for at in range(n_pixels):
                if open_pixels[at]:
                    row, col = divmod(first + at, cols)
                    found = _search_near(atoms, locality, row0 + row, col0 + col, fits, at, ties[at])
                    best[at], atom[at], certain = found
                    if not certain:
                        waiting[n_waiting] = at
                        n_waiting += 1
            if n_waiting > 0 and len(panels.left_out) == 0:
                return first
            set_residuals(panels, residuals, fits.residual, waiting[:n_waiting])
            screen(panels, residuals, n_waiting)
            for number in range(n_waiting):
                at = waiting[number]
                row, col = divmod(first + at, cols)
                best[at], atom[at] = _settle(
                    atoms,
                    panels,
                    residuals,
                    number,
                    locality,
                    row0 + row,
                    col0 + col,
                    fits,
                    at,
                    ties[at],
                    best[at],
                    atom[at],
                    products,
                )
            for at in range(n_pixels):
                if open_pixels[at]:
                    open_pixels[at] = atom[at] >= 0 and extend(
                        fits, at, atom[at], atoms, targets, first + at, penalty, constant
                    )
        for at in range(n_pixels):
            row, col = divmod(first + at, cols)
            n_taps = fits.n_taps[at]
            for tap in range(n_nonzero):
                support[tap, row, col] = fits.support[at, tap] if tap < n_taps else -1
                values[tap, row, col] = fits.solution[at, tap + 1] if tap < n_taps else 0.0
            bias[row, col] = fits.solution[at, 0]
            status[row, col] = 0 if n_taps == n_nonzero else SHORT
    return rows * cols  # type: ignore[no-any-return]


@njit(nogil=True, inline="always")
def _free(atoms: Atoms, fits: Fits, at: int, atom: int) -> bool:
    free = atoms.usable[atom]
    for tap in range(fits.n_taps[at]):
        free &= fits.support[at, tap] != atom
    return free  # type: ignore[no-any-return]


@njit(nogil=True, inline="always")
def _wins(score: float, atom: int, best: float, best_atom: int, tie: float) -> bool:
    return score > best + tie or (score >= best - tie and atom < best_atom)


@njit(nogil=True, inline="always")
def _search_near(
    atoms: Atoms, locality: Locality, row: int, col: int, fits: Fits, at: int, tie: float
) -> tuple[float, int, bool]:
    """Return the best score of the table's atoms, its atom (-1 for none), and whether no other atom can win."""
    i, j = locality.row_class[row], locality.col_class[col]
    offsets, bonus = locality.offsets[i, j], locality.bonus[i, j]
    best, best_atom = -np.inf, -1
    if len(bonus) == 0:
        return best, best_atom, False
    residual = fits.residual[at]
    largest = 0.0
    for channel in range(len(residual)):
        largest += np.sqrt(squared_norm(residual[channel]))
    rows, cols = locality.image_shape
    for k in range(len(bonus)):
        if best_atom >= 0 and largest + bonus[k] < best - tie:
            return best, best_atom, True
        atom_row, atom_col = row + offsets[k, 0], col + offsets[k, 1]
        if 0 <= atom_row < rows and 0 <= atom_col < cols:
            atom = atom_row * cols + atom_col
            if _free(atoms, fits, at, atom):
                score = abs(correlation(atoms, atom, residual)) + bonus[k]
                if _wins(score, atom, best, best_atom, tie):
                    best, best_atom = score, atom
    return best, best_atom, best_atom >= 0 and largest + locality.beyond[i, j] < best - tie


@njit(nogil=True, inline="always")
def _settle(
    atoms: Atoms,
    panels: Panels,
    residuals: Residuals,
    number: int,
    locality: Locality,
    row: int,
    col: int,
    fits: Fits,
    at: int,
    tie: float,
    best: float,
    best_atom: int,
    products: Array,
) -> tuple[float, int]:
    """Return the best score of all atoms and its atom (-1 for none), from the best of the near ones and the peaks."""
    pixels, peaks, unit = len(atoms.usable), residuals.peaks[number], residuals.units[number]
    error, left_out = residuals.errors[number], residuals.left_out[number]
    beyond = locality.beyond[locality.row_class[row], locality.col_class[col]]
    for tap in range(fits.n_taps[at]):
        # Picked atoms do not count, but the peak of their block may be theirs.
        block = fits.support[at, tap] // COLUMNS
        _screen_free(panels, residuals, number, block, fits, at, products)
        peaks[block] = products.max()
    # The block of the largest peak comes first: after that, few others are in question.
    first = int(peaks.argmax())
    for step in range(-1, len(peaks)):
        block = first if step < 0 else step
        if peaks[block] * unit + error + panels.most_left_out[block] * left_out + beyond < best - tie or step == first:
            continue
        _screen_free(panels, residuals, number, block, fits, at, products)
        for atom in range(block * COLUMNS, min(block * COLUMNS + COLUMNS, pixels)):
            most = products[atom - block * COLUMNS] * unit + error + panels.left_out[atom] * left_out + beyond
            if not _wins(most, atom, best, best_atom, tie) or not _free(atoms, fits, at, atom):
                continue
            score = abs(correlation(atoms, atom, fits.residual[at]))
            if locality.weight > 0.0:
                drow, dcol = atom // locality.image_shape[1] - row, atom % locality.image_shape[1] - col
                score += bonus_of(
                    locality.image_shape, locality.weight, locality.reach, locality.field, row, col, drow, dcol
                )
            if _wins(score, atom, best, best_atom, tie):
                best, best_atom = score, atom
    return best, best_atom


@njit(nogil=True, inline="always")
def _screen_free(
    panels: Panels, residuals: Residuals, number: int, block: int, fits: Fits, at: int, products: Array
) -> None:
    """Set `products` as `screen_block` does, 0 for atoms that are picked."""
    screen_block(panels, residuals, number, block, products)
    for tap in range(fits.n_taps[at]):
        if fits.support[at, tap] // COLUMNS == block:
            products[fits.support[at, tap] % COLUMNS] = 0.0
