"""Primitives of registers as functions of arrays, so that tests can hold them against plain numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fesdist.simd.lanes import LANES, load, store

Array = NDArray[Any]

AVX512 = "+avx2,+fma,+avx512f,+avx512bw,+avx512dq,+avx512vl,+evex512"
"""Features of a CPU with AVX-512; evex512 is what some releases of LLVM ask for as well, and others do not know."""


def applied(primitive: Any, *values: Array) -> Array:
    """Return what a primitive of one to three registers makes of arrays of `LANES` numbers."""
    out = np.zeros_like(values[0])
    _RUNNERS[len(values)](primitive)(out, *values)
    return out


def numbers(dtype: Any, seed: int = 0) -> Array:
    """Return `LANES` numbers of both signs, of magnitudes from tiny to huge."""
    random = np.random.default_rng(seed)
    return (random.normal(size=LANES) * 10.0 ** random.integers(-3, 4, LANES)).astype(dtype)


def pairs(seed: int = 0) -> tuple[Array, Array]:
    """Return `LANES` pairs of 8-bit values as uint32, and the same as (lane, half) int64."""
    halves = np.random.default_rng(seed).integers(0, 256, (LANES, 2))
    return (halves[:, 0] | halves[:, 1] << 16).astype(np.uint32), halves


def _of_one(primitive: Any) -> Any:
    return njit(lambda out, a: store(out, 0, primitive(load(a, 0))))


def _of_two(primitive: Any) -> Any:
    return njit(lambda out, a, b: store(out, 0, primitive(load(a, 0), load(b, 0))))


def _of_three(primitive: Any) -> Any:
    return njit(lambda out, a, b, c: store(out, 0, primitive(load(a, 0), load(b, 0), load(c, 0))))


_RUNNERS = {1: _of_one, 2: _of_two, 3: _of_three}
