"""What windows that some people were left out of do to these people: how much they change, and how rightly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fesdist.families.windowed.equations import ROWS_AT_ONCE, gathered_rows
from fesdist.families.windowed.kernels.validation import Gathered, Judged, judge_windows
from fesdist.families.windowed.sums import WindowSums
from fesdist.ground.receptive_field import Field, with_centre
from fesdist.ground.units import unit_of
from fesdist.simd.lanes import LANES


def judged_rows(
    parts: tuple[WindowSums, WindowSums],
    weight_channel: int,
    window: tuple[Field, int],
    ridges: NDArray[np.float64],
    rows: range,
) -> Judged:
    """Return the agreement and the change of each candidate in some rows of a block, images in [0, 1].

    `parts` are the sums of one block of those who are learned from, and of those who judge. `window` is a field, and
    how far neighbours are pooled; `ridges`, one for each candidate, are (candidate, row, col).
    """
    (outside, within), (field, pool) = parts, window
    shape = len(ridges), within.planes.n_expressions, *ridges.shape[1:]
    found = Judged(np.empty(shape), np.empty(shape))
    for here in _at_once(rows):
        fitted = gathered_rows(outside, weight_channel, field, rows[here], pool)
        judges = gathered_rows(within, weight_channel, with_centre(field), rows[here], 0)
        judged = _judged(fitted, judges, field, ridges[:, here], unit_of(within.dtype))
        for whole, sums in zip(found, judged, strict=True):
            whole[..., here, :] = sums
    return found


def left_out_rows(
    total: WindowSums,
    folds: Sequence[WindowSums],
    weight_channel: int,
    window: tuple[Field, int],
    ridges: NDArray[np.float64],
    rows: range,
) -> Judged:
    """Return the sums over all folds of what `judged_rows` tells of each, judged by what the others teach.

    Equations are means of sums, so those of all others are those of `total` less the fold's own.
    """
    field, pool = window
    shape = len(ridges), total.planes.n_expressions, *ridges.shape[1:]
    found = Judged(np.zeros(shape), np.zeros(shape))
    for here in _at_once(rows):
        of_all = gathered_rows(total, weight_channel, field, rows[here], pool)
        for fold in folds:
            judges = own = gathered_rows(fold, weight_channel, field, rows[here], pool)
            if pool or with_centre(field) != field:
                judges = gathered_rows(fold, weight_channel, with_centre(field), rows[here], 0)
            judged = _judged(of_all.without(own), judges, field, ridges[:, here], unit_of(total.dtype))
            for whole, sums in zip(found, judged, strict=True):
                whole[..., here, :] += sums
    return found


def _at_once(rows: range) -> Iterator[slice]:
    return (slice(first, first + ROWS_AT_ONCE) for first in range(0, len(rows), ROWS_AT_ONCE))


def _judged(fitted: Gathered, judges: Gathered, field: Field, ridges: NDArray[np.float64], unit: float) -> Judged:
    """Return what windows do that were solved for the samples of `fitted`, to those of `judges`; images in [0, 1]."""
    seen = with_centre(field)
    places = np.array([*map(seen.index, field), len(seen), seen.index((0, 0))], np.int64)
    padded = np.ones((*ridges.shape[:2], ridges.shape[2] + LANES))
    np.multiply(ridges, unit**2, out=padded[..., : ridges.shape[2]])
    shape = len(ridges), judges.equations.expressions, *ridges.shape[1:]
    judged = Judged(np.empty(shape), np.empty(shape))
    judge_windows(fitted, judges, places, padded, judged)
    return Judged(*(sums / unit**2 for sums in judged))


def wanted_change(within: WindowSums, rows: range) -> NDArray[np.float64]:
    """Return Σ (t - x)² of some rows of a block that has sums of squares, (expression, row, col), images in [0, 1].

    It is summed over the sets of weights, as errors are.
    """
    (block,) = within.blocks
    own, planes = block.own, within.planes
    sums = block.sums.flat.image(block.sums.sums)[..., *own][..., slice(rows.start - block.region.row0, None), :]
    sums = sums[..., :: rows.step, :][..., : len(rows), :]
    centre = planes.field.index((0, 0))
    # The plane of x² is found at the pixel itself, which is no further away than the halo.
    squares = planes.displacements.index((0, 0))
    of_inputs = sums[:, squares]
    wanted = [
        (of_inputs - 2 * sums[:, planes.target(number) + centre] + sums[:, planes.square(number)]).sum(axis=0)
        for number in range(planes.n_expressions)
    ]
    return np.asarray(wanted, np.float64) / unit_of(within.dtype) ** 2
