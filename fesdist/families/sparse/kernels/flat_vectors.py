"""Vectors that lie in flat arrays, in whole registers: their products, multiples and copies."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from fesdist.simd.kernel import kernel
from fesdist.simd.lanes import LANES, load, multiply_add, multiply_subtract, store
from fesdist.simd.values import spread, sum_of_lanes, zeros_like

Array = NDArray[Any]


@kernel
def dot(left: Array, at: int, right: Array, to: int, length: int) -> float:
    """Return Σ_n left[at + n] right[to + n] of flat float64 arrays; n runs in whole registers."""
    total = zeros_like(load(left, at))
    for n in range(0, length, LANES):
        total = multiply_add(total, load(left, at + n), load(right, to + n))
    return sum_of_lanes(total)  # type: ignore[no-any-return]


@kernel
def copy(source: Array, at: int, target: Array, to: int, length: int) -> None:
    """Set target[to + n] to source[at + n], flat arrays; numba compiles a slice assignment for ten times as long."""
    for n in range(length):
        target[to + n] = source[at + n]


@kernel
def subtract_multiple(factors: Array, index: int, left: Array, at: int, right: Array, length: int) -> None:
    """Subtract factors[index] × left[at + n] from right[n], flat float64 arrays; n runs in whole registers."""
    number = spread(factors, index)
    for n in range(0, length, LANES):
        store(right, n, multiply_subtract(load(right, n), load(left, at + n), number))
