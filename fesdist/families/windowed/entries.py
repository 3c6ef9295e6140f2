"""Where in the sums of a block the normal equations of its windows are."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fesdist.families.windowed.block import Planes
from fesdist.families.windowed.flat import flat_block
from fesdist.families.windowed.kernels.systems import Equations
from fesdist.ground.errors import BadParameterError
from fesdist.ground.receptive_field import Field


@lru_cache(maxsize=64)
def window_equations(offsets: Field, planes: Planes, block_shape: tuple[int, int], unit: float) -> Equations:
    """Return the equations of the receptive field `offsets` in sums with these planes.

    `unit` is 255 for sums of uint8 samples, else 1. Raises BadParameterError for an offset that the sums do not have.
    """
    if foreign := sorted(set(offsets) - set(planes.field)):
        raise BadParameterError(f"offset {foreign[0]} is not among those of the sums: expected some of {planes.field}")
    flat = flat_block(block_shape, planes.field)
    plane_of = {displacement: number for number, displacement in enumerate(planes.displacements)}
    tap_of = {offset: tap for tap, offset in enumerate(planes.field)}
    shifts, length = flat.shifts(offsets), flat.length
    entries: list[int] = []
    factors: list[float] = []
    for i, (row, col) in enumerate(offsets):
        for j, (other_row, other_col) in enumerate(offsets[: i + 1]):
            entries.append(plane_of[row - other_row, col - other_col] * length + int(shifts[j]))
    entries += [len(plane_of) * length + int(shift) for shift in shifts]
    factors += [1.0] * (len(entries) - len(shifts)) + [unit] * len(shifts)
    for expression in range(planes.n_expressions):
        first = planes.target(expression)
        entries += [(first + tap_of[offset]) * length for offset in offsets] + [(first + len(tap_of)) * length]
    factors += ([1.0] * len(shifts) + [unit]) * planes.n_expressions
    return Equations(np.array(entries, dtype=np.int64), np.array(factors), len(offsets), planes.n_expressions)
