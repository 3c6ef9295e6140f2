"""Greedy selection of atoms for the pixels of a tile: the best atom for what is left, a ridge fit, and again."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.families.sparse.kernels.atoms import Atoms
from fesdist.families.sparse.kernels.locality import Locality
from fesdist.families.sparse.kernels.near import Near, empty_near, pick_near
from fesdist.families.sparse.kernels.refits import Fits, Problem, begin, empty_fits, extend, set_residual
from fesdist.families.sparse.kernels.screening import empty_residuals, make_panels, no_panels, screen, set_residuals
from fesdist.families.sparse.kernels.search import Search, empty_search, search_near, search_screened
from fesdist.ground.share import tell
from fesdist.ground.status import Status
from fesdist.simd.kernel import kernel

Array = NDArray[Any]

AT_ONCE = 128
"""Pixels whose residuals meet the atoms together."""

TOLD_AFTER = 4 * AT_ONCE
"""Pixels between which it is told how far the selection is."""

SOLVED, SHORT = int(Status.SOLVED), int(Status.FEWER_TAPS)
"""`SHORT`: fewer taps than asked for, because no further atom can be used."""

_TIE = 1e-12
"""Scores that differ by less than this of the target's norm are equal in exact arithmetic: the first atom wins."""


class Fields(NamedTuple):
    """What is written for the pixels of a tile."""

    support: Array
    """(tap, row, col) int32: atoms in the order in which they were picked; -1 = unused."""
    values: Array
    """(tap, row, col) float64: their weights; 0 where unused."""
    bias: Array
    """(row, col) float64."""
    status: Array
    """(row, col) uint8: `SOLVED` or `SHORT`."""


class Selection:
    """Picks `n_nonzero` atoms of a dictionary for each pixel, one after the other, with a ridge fit after each.

    `penalty` and `constant` are those of `Problem`: unit² × ridge and the unit, or 0 and 0 for plain orthogonal
    matching pursuit, to which atoms that are not centred belong. The screening is made ready when the first pixel asks
    for it: where near atoms are much preferred, none may.
    """

    def __init__(self, atoms: Atoms, locality: Locality, n_nonzero: int, penalty: float, constant: float) -> None:
        channels, _, length = atoms.samples.shape
        panels, fits = no_panels(), empty_fits(AT_ONCE, n_nonzero, channels, length)
        self._search = empty_search(atoms, locality, panels, empty_residuals(panels, AT_ONCE), fits)
        self._ridge = penalty, constant
        # Sums of products of floating-point samples are rounded, and would not be those of `extend`.
        places = locality.bonus.shape[-1] if atoms.samples.dtype == np.uint8 else 0
        self._near = empty_near(places, n_nonzero, channels)

    def fill(self, targets: Array, corner: tuple[int, int], fields: Fields) -> None:
        """Pick atoms for each pixel of a tile whose first row and column are `corner`.

        `targets` is (channel, pixel of the tile, sample) like the samples of the atoms.
        """
        problem = Problem(self._search.atoms, targets, *self._ridge)
        start, n_pixels = 0, fields.bias.size
        while start < n_pixels:
            end = min(start + TOLD_AFTER, n_pixels)
            start = _fill((start, end), self._search, self._near, problem, corner, fields)
            if start < end:
                panels = make_panels(problem.atoms)
                residuals = empty_residuals(panels, AT_ONCE)
                self._search = self._search._replace(panels=panels, residuals=residuals)
            tell(start / n_pixels)


@kernel
def _fill(
    span: tuple[int, int], search: Search, near: Near, problem: Problem, corner: tuple[int, int], fields: Fields
) -> int:
    """Fill in a span of pixels and return its end, or the first of those that need panels, where there are none."""
    n_nonzero, _, cols = fields.support.shape
    panels, residuals, fits, best, found = search.panels, search.residuals, search.fits, search.best, search.atom
    without_tables = search.locality.bonus.shape[2] == 0
    (start, end), (row0, col0) = span, corner
    open_pixels, waiting = np.empty(AT_ONCE, np.bool_), np.empty(AT_ONCE, np.int64)
    for first in range(start, end, AT_ONCE):
        n_pixels = min(AT_ONCE, end - first)
        for at in range(n_pixels):
            norm = begin(fits, at, problem, first + at)
            search.ties[at] = _TIE * (norm + search.locality.rule.weight)
            open_pixels[at] = True
        if len(near.known) > 0:
            pick_near(near, search, problem, first, corner, cols, open_pixels[:n_pixels])
        for at in range(n_pixels):
            if open_pixels[at]:
                set_residual(fits, at, problem, first + at)
        for _ in range(n_nonzero):
            n_waiting = 0
            for at in range(n_pixels):
                if open_pixels[at] and without_tables:
                    best[at], found[at], waiting[n_waiting] = -np.inf, -1, at
                    n_waiting += 1
                elif open_pixels[at]:
                    row, col = divmod(first + at, cols)
                    if not search_near(search, at, row0 + row, col0 + col):
                        waiting[n_waiting] = at
                        n_waiting += 1
            if n_waiting > 0 and len(panels.left_out) == 0:
                return first
            set_residuals(panels, residuals, fits.residual, waiting[:n_waiting])
            screen(panels, residuals, n_waiting)
            search_screened(search, waiting[:n_waiting], first, corner, cols)
            for at in range(n_pixels):
                atom = found[at]
                open_pixels[at] = open_pixels[at] and atom >= 0 and extend(fits, at, problem, first + at, atom)
                open_pixels[at] = open_pixels[at] and fits.n_taps[at] < n_nonzero
        _write(fits, fields, first, n_pixels)
    return end


@kernel
def _write(fits: Fits, fields: Fields, first: int, n_pixels: int) -> None:
    """Write the first fits to the pixels of a tile from `first` on."""
    picked, numbers, _, _, solution, _, _, _ = fits
    support, values, bias, status = fields
    n_nonzero, _, cols = support.shape
    for at in range(n_pixels):
        row, col = divmod(first + at, cols)
        n_taps = numbers[at]
        for tap in range(n_nonzero):
            support[tap, row, col] = picked[at, tap] if tap < n_taps else -1
            values[tap, row, col] = solution[at, tap + 1] if tap < n_taps else 0.0
        bias[row, col] = solution[at, 0]
        status[row, col] = SOLVED if n_taps == n_nonzero else SHORT
