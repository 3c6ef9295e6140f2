"""Shift-product planes: the sums over samples from which the normal equations of every window are read.

G_d[q] = Σ_n x[n, q] x[n, q + d] holds, for every pixel q, one entry of the Gram matrices of all windows in
which q and q + d occur together. Images lie row after row in one flat line, so a displacement is one number,
its shift.

8-bit samples are packed in fours of bytes or in pairs of 16-bit numbers (`fesdist.simd.octets`), because one
instruction multiplies and adds them all; 128 products of at most 255² stay far below 2³¹, after which the sums move
on to int64, exact for more than 10¹³ samples.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.simd.kernel import inlined, kernel
from fesdist.simd.lanes import (
    LANES,
    close_sum,
    load,
    multiply_add,
    ones_like,
    open_sum,
)
from fesdist.simd.octets import (
    RUNS,
    add_bias,
    add_run,
    as_left,
    close_run,
    no_bias,
    open_run,
    prefetch_run,
    unbiased,
)
from fesdist.simd.prefetching import prefetch_sums
from fesdist.simd.values import clear

Array = NDArray[Any]


class _Lines(NamedTuple):
    """What products are made of: a line as it is packed, then flat, the other flat, and all sums flat."""

    packed: Array
    left: Array
    right: Array
    sums: Array
    fresh: bool


@kernel
def add_products(left: Array, right: Array, shifts: Array, start: int, stop: int, sums: Array, fresh: bool) -> None:
    """Add Σ_n left[n, q] × right[n, q + shifts[k]] to `sums[k, q]`, for all k and start <= q < stop.

    `left` and `right` are two results of `pack` of the same length, `shifts` int64; `sums` is (shift, length)
    int64, or float64 for float64 samples. q runs in whole registers, so some sums beyond `stop` change too; q +
    shift must lie in the line. Where the sums are `fresh`, which may hold anything, as many are set as would change.
    """
    lines = _Lines(left, left.reshape(-1), right.reshape(-1), sums.reshape(-1), fresh)
    for q in range(start, stop, LANES):
        for k in range(0, len(shifts), 6):
            _add_six(lines, shifts, q, k)


@kernel
def add_runs(
    left: Array, right: Array, shifts: Array, runs: Array, start: int, stop: int, sums: Array, fresh: bool
) -> None:
    """Do what `add_products` does for samples packed in fours, where there are `RUNS`; `runs_of` finds those of shifts.

    What is loaded for a run, shifts one after the other, serves all of them.
    """
    lines = _Lines(left, left.reshape(-1), right.reshape(-1), sums.reshape(-1), fresh)
    for q in range(start, stop, LANES):
        k: Any = np.int64(0)  # of a 0 without a type numba would compile everything below once more
        while k < len(shifts):
            width, count, at = runs[k, 0], runs[k, 1], q + shifts[k]
            if width == 3:
                _add_run(lines, open_run(3), q, at, k, count)
            elif width == 5:
                _add_run(lines, open_run(5), q, at, k, count)
            elif width == 7:
                _add_run(lines, open_run(7), q, at, k, count)
            elif width == 9:
                _add_run(lines, open_run(9), q, at, k, count)
            elif width == 13:
                _add_run(lines, open_run(13), q, at, k, count)
            else:
                _add_six(lines, shifts, q, k)
            k += count


@inlined
def add_without_runs(
    left: Array, right: Array, shifts: Array, runs: Array, start: int, stop: int, sums: Array, fresh: bool
) -> None:
    """Do what `add_products` does, in the place of `add_runs`: `runs` are not read."""
    add_products(left, right, shifts, start, stop, sums, fresh)


add_quads = add_runs if RUNS else add_without_runs
"""Adds products of samples packed in fours as fast as this CPU can."""


def runs_of(shifts: Array) -> Array:
    """Return for each shift at which a group may begin how many sums are kept, 0 for `_add_six`, and how many count.

    Groups are those of windows of 3, 5 and 7 pixels: so many taps in a row, and nearly twice as many displacements.
    Longer runs are divided such that no shift is left over, and less than three are no run. The result is (shift, 2).
    """
    n = len(shifts)
    runs = np.zeros((n, 2), np.int64)
    runs[:, 1] = 6
    length = 1
    for k in range(n - 1, -1, -1):
        length = length + 1 if k + 1 < n and shifts[k + 1] == shifts[k] + 1 else 1
        for width in (3, 5, 7, 9, 13):
            if width == length or width + 3 <= length:
                runs[k] = width
        if length == 4:
            runs[k, 0], runs[k, 1] = 5, 4
    return runs


@inlined
def _add_six(lines: _Lines, shifts: Array, q: int, k: int) -> None:
    """Add the products of up to six shifts from `shifts[k]` on to the sums of a register of pixels."""
    (samples, length), left_line, right_line, out = lines.packed.shape, lines.left, lines.right, lines.sums
    last = len(shifts) - 1
    # Six shifts hide the latency of the products, share what is loaded of `left`, and fit into the registers.
    # Where fewer than six are left, the last shift is computed again and not stored.
    k1, k2, k3, k4, k5 = (
        min(k + 1, last),
        min(k + 2, last),
        min(k + 3, last),
        min(k + 4, last),
        min(k + 5, last),
    )
    to0, to1, to2 = q + k * length, q + k1 * length, q + k2 * length
    to3, to4, to5 = q + k3 * length, q + k4 * length, q + k5 * length
    at0, at1, at2 = q + shifts[k], q + shifts[k1], q + shifts[k2]
    at3, at4, at5 = q + shifts[k3], q + shifts[k4], q + shifts[k5]
    if lines.fresh:
        for plane in range(k, k5 + 1):
            clear(out, q + plane * length)
    prefetch_sums(out, to0)
    prefetch_sums(out, to1)
    prefetch_sums(out, to2)
    prefetch_sums(out, to3)
    prefetch_sums(out, to4)
    prefetch_sums(out, to5)
    a0, a1, a2 = open_sum(out, to0), open_sum(out, to1), open_sum(out, to2)
    a3, a4, a5 = open_sum(out, to3), open_sum(out, to4), open_sum(out, to5)
    bias = no_bias()
    at = 0
    for _ in range(samples):
        x = as_left(load(left_line, at + q))
        bias = add_bias(bias, x)
        a0 = multiply_add(a0, x, load(right_line, at + at0))
        a1 = multiply_add(a1, x, load(right_line, at + at1))
        a2 = multiply_add(a2, x, load(right_line, at + at2))
        a3 = multiply_add(a3, x, load(right_line, at + at3))
        a4 = multiply_add(a4, x, load(right_line, at + at4))
        a5 = multiply_add(a5, x, load(right_line, at + at5))
        at += length
    close_sum(out, to0, unbiased(a0, bias))
    if k + 1 <= last:
        close_sum(out, to1, unbiased(a1, bias))
    if k + 2 <= last:
        close_sum(out, to2, unbiased(a2, bias))
    if k + 3 <= last:
        close_sum(out, to3, unbiased(a3, bias))
    if k + 4 <= last:
        close_sum(out, to4, unbiased(a4, bias))
    if k + 5 <= last:
        close_sum(out, to5, unbiased(a5, bias))


@inlined
def _add_run(lines: _Lines, run: Any, q: int, first: int, k: int, count: int) -> None:
    """Add the products of a run of shifts, the first of which reads from `first` on, to `count` sums from k on."""
    (samples, length), left_line, right_line, out = lines.packed.shape, lines.left, lines.right, lines.sums
    to, at, bias = q + k * length, 0, no_bias()
    if lines.fresh:
        for plane in range(k, k + count):
            clear(out, q + plane * length)
    prefetch_run(out, to, length, run)
    for _ in range(samples):
        x = as_left(load(left_line, at + q))
        bias = add_bias(bias, x)
        run = add_run(run, x, load(right_line, at + first), load(right_line, at + first + LANES))
        at += length
    close_run(out, to, length, count, run, bias)


@kernel
def add_samples(packed: Array, start: int, stop: int, sums: Array) -> None:
    """Add Σ_n packed[n, q] to `sums[q]` for start <= q < stop; arrays as in `add_products`, `sums` of one dimension."""
    samples, length = packed.shape
    line = packed.reshape(-1)
    for q in range(start, stop, LANES):
        total = open_sum(sums, q)
        at = q
        for _ in range(samples):
            x = as_left(load(line, at))
            total = multiply_add(total, x, ones_like(x))
            at += length
        close_sum(sums, q, total)
