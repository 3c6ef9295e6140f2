"""Where in the running sums of a block the normal equations of its windows are."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.families.windowed.sums import FlatBlock
from fesdist.ground.receptive_field import Offset, displacements


@lru_cache(maxsize=64)
def window_entries(
    offsets: tuple[Offset, ...],
    block_shape: tuple[int, int],
    n_expressions: int,
    unit: float,
    summed: tuple[Offset, ...] | None = None,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return `entries` and `factors` of `solve_windows`: (entry,) int64 positions in the sums, (entry,) float64.

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
    return np.array(entries, dtype=np.int64), np.array(factors)
