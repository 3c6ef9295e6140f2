"""Checks of hyper-parameters that several models have."""

from __future__ import annotations

import math
from operator import index
from typing import Any

from fesdist.ground.errors import BadParameterError


def positive(name: str, value: Any, example: float) -> float:
    """Return a finite number above 0 as float; raises BadParameterError for anything else."""
    if not (isinstance(value, (int, float)) and math.isfinite(value) and value > 0):
        raise BadParameterError(f"{name} {value!r}; expected a number above 0, for instance {example:g}")
    return float(value)


def positive_count(name: str, value: Any, example: int) -> int:
    """Return a whole number of 1 or more; raises BadParameterError for anything else."""
    try:
        number = index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise BadParameterError(f"{name} {value!r}; expected a whole number of 1 or more, for instance {example}")
    return number
