"""Hyper-parameters that several models have: what people are told of them, and how their values are checked."""

from __future__ import annotations

import sys
from functools import partial
from operator import index
from typing import Any

from fesdist.ground.errors import BadParameterError
from fesdist.ground.options import option

ridge_option = partial(option, help="weight of the penalty on the weights, above 0", metavar="LAMBDA")
pool_option = partial(option, help="pixels around each whose equations it takes in", metavar="N")
mirror_option = partial(option, help="learn from the photographs turned left to right as well", metavar="yes|no")
rank_option = partial(option, help="codes through which outputs see the whole image", metavar="R")
kernel_option = partial(option, help="how alike two intensities, or two faces, are", metavar="NAME")
sigma_option = partial(option, help="width of a gaussian or laplacian kernel, in [0, 1] units", metavar="S")
"""Fields that several models have: options with their defaults, and what else differs between the models."""

LARGEST = sys.float_info.max
"""Whole numbers may be larger, and then are no floating-point numbers."""


def positive(name: str, value: Any, example: float) -> float:
    """Return a finite number above 0 as float; raises BadParameterError for anything else."""
    if not (isinstance(value, (int, float)) and 0 < value <= LARGEST):
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
