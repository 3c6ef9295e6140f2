"""Where in the running sums of a block the normal equations of its windows are."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fesdist.families.windowed.kernels.systems import Equations
from fesdist.families.windowed.sums import FlatBlock
from fesdist.ground.receptive_field import Offset, displacements


@lru_cache(maxsize=64)
def window_equations(
    offsets: tuple[Offset, ...],
    block_shape: tuple[int, int],
    n_expressions: int,
    unit: float,
    summed: tuple[Offset, ...] | None = None,
) -> Equations:
    """Return the positions of the entries in the sums.

    `unit` is 255 for sums of uint8 samples, else 1. `summed` is the receptive field that the sums were made for, which
    holds at least the taps `offsets`; the same when None.
    """
    field = offsets if summed is None else summed
    flat, planes = FlatBlock(block_shape, field), displacements(field)
    plane_of = {displacement: number for number, displacement in enumerate(planes)}
    shifts, length = flat.shifts(offsets), flat.length
    entries: list[int] = []
    factors: list[float] = []
    for i, (row, col) in enumerate(offsets):
        for j, (other_row, other_col) in enumerate(offsets[: i + 1]):
            entries.append(plane_of[row - other_row, col - other_col] * length + int(shifts[j]))
    entries += [len(planes) * length + int(shift) for shift in shifts]
    factors += [1.0] * (len(entries) - len(shifts)) + [unit] * len(shifts)
    tap_of = {offset: tap for tap, offset in enumerate(field)}
    for expression in range(n_expressions):
        first = len(planes) + 1 + expression * (len(field) + 1)
        entries += [(first + tap_of[offset]) * length for offset in offsets] + [(first + len(field)) * length]
    factors += ([1.0] * len(shifts) + [unit]) * n_expressions
    return Equations(np.array(entries, dtype=np.int64), np.array(factors), len(offsets), n_expressions)
