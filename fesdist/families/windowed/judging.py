"""What windows that some people were left out of do to these people: how much they change, and how rightly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fesdist.families.windowed.equations import ROWS_AT_ONCE, gathered_rows
from fesdist.families.windowed.kernels.validation import Judged, judge_windows
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
    unit, seen = unit_of(within.dtype), with_centre(field)
    places = np.array([*map(seen.index, field), len(seen), seen.index((0, 0))], np.int64)
    shape = len(ridges), within.planes.n_expressions, *ridges.shape[1:]
    found = Judged(np.empty(shape), np.empty(shape))
    for first in range(0, len(rows), ROWS_AT_ONCE):
        here = slice(first, first + ROWS_AT_ONCE)
        fitted = gathered_rows(outside, weight_channel, field, rows[here], pool)
        judges = gathered_rows(within, weight_channel, seen, rows[here], 0)
        of_rows = ridges[:, here]
        padded = np.ones((*of_rows.shape[:2], of_rows.shape[2] + LANES))
        np.multiply(of_rows, unit**2, out=padded[..., : of_rows.shape[2]])
        judged = Judged(*(np.empty((*shape[:2], *of_rows.shape[1:])) for _ in found))
        judge_windows(fitted, judges, places, padded, judged)
        for whole, sums in zip(found, judged, strict=True):
            np.divide(sums, unit**2, out=whole[..., here, :])
    return found


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
