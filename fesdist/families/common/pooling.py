"""Pooling: a pixel's normal equations take in those of its neighbours, weighted by binomial coefficients.

Geographically weighted regression (Fotheringham, Brunsdon, Charlton 2002) with windows for inputs: fewer people say as
much, as faces lie a little differently in every photograph. The sums stay what they are; only reading them changes.
"""

from __future__ import annotations

import math
from functools import lru_cache
from operator import index
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.errors import BadParameterError

WIDEST = 8


def checked_pool(value: Any) -> int:
    """Return how far neighbours are taken in, 0 or more pixels; raises BadParameterError for anything else."""
    try:
        pool = -1 if isinstance(value, bool) else index(value)
    except TypeError:
        pool = -1
    if not 0 <= pool <= WIDEST:
        raise BadParameterError(f"pool {value!r}; expected 0 (each pixel for itself) to {WIDEST}, for instance 1")
    return pool


def check_margin(margin: int, pool: int) -> None:
    """Raise BadParameterError for sums that know neighbours as far as `margin` where more are to be pooled."""
    if pool > margin:
        raise BadParameterError(
            f"pool {pool}, but the sums know neighbours as far as {margin} pixels; expected sums made by a model with "
            f"a pool of {pool} or more"
        )


@lru_cache(maxsize=1024)
def neighbour_weights(pool: int, pixels: range, length: int) -> NDArray[np.float64]:
    """Return how much of each neighbour in a line of `length` pixels is taken in, (pixel, 2 pool + 1); rows sum to 1.

    The binomial coefficients of 2 pool, over the sum of those whose pixel is in the line.

    >>> neighbour_weights(1, range(0, 2), 9)
    array([[0.        , 0.66666667, 0.33333333],
           [0.25      , 0.5       , 0.25      ]])
    """
    places = np.array(pixels)[:, None] + np.arange(-pool, pool + 1)
    weights = np.where((places >= 0) & (places < length), _binomial(pool), 0.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


@lru_cache(maxsize=WIDEST + 1)
def _binomial(pool: int) -> NDArray[np.float64]:
    return np.array([math.comb(2 * pool, k) for k in range(2 * pool + 1)], np.float64)
