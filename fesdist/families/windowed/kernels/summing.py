"""All sums of a block in one call: getting Python's lock back from another thread takes as long as small sums."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.families.windowed.kernels.planes import add_quads, add_samples, add_without_runs
from fesdist.simd.kernel import kernel, pasted, subkernel

Array = NDArray[Any]


class Summed(NamedTuple):
    """What is summed up of the lines of a block, and which plane of sums it goes to."""

    plane_shifts: Array
    """Of the inputs' products, which are the first planes, (product,) int64; Σ x is the plane after them."""
    plane_runs: Array
    """`runs_of` them."""
    tap_shifts: Array
    """Of the products of targets and inputs, (tap,) int64."""
    tap_runs: Array
    """`runs_of` them."""
    targets: Array
    """First plane of these products, (expression,) int64; Σ t is the plane after them."""
    squares: Array
    """Plane of the squared targets, (expression,) int64; empty where they are not summed."""
    inputs_end: int
    """Position after the last pixel of block and halo."""
    own_start: int
    own_end: int
    """Position of the block's own first pixel, and after its last."""


def add_sums(lines: Array, n_packed: int, summed: Summed, sums: Array, fresh: bool) -> None:
    """Add what `lines` tell to `sums`, (plane, length) int64, or float64 for float64 samples.

    `lines` is (1 + expression, packed sample, length): results of `pack` of inputs, then of each expression's targets,
    of which the first `n_packed` samples count. Where the sums are `fresh`, which may hold anything, they are set.
    """
    add = _add_all_quads if lines.dtype == np.int32 else _add_all_others
    add(lines, n_packed, summed, sums, fresh)


@kernel
def add_image_sums(lines: Array, n_packed: int, channels: tuple[int, int], n_pixels: int, image_sums: Array) -> None:
    """Add the images of `channels` = (start, stop) to `image_sums`, (1 + expression, channel, length).

    `lines` are as in `add_sums`, and hold the samples of each of these channels after each other; those of the first
    `n_pixels` positions are added.
    """
    start, stop = channels
    first: Any = np.int64(0)  # for a 0 without a type numba would compile `add_samples` once more
    of_channel = n_packed // (stop - start)
    for image in range(len(lines)):
        for number in range(stop - start):
            own = lines[image, number * of_channel : (number + 1) * of_channel]
            add_samples(own, first, n_pixels, image_sums[image, start + number])


@kernel
def _add_all_quads(lines: Array, n_packed: int, summed: Summed, sums: Array, fresh: bool) -> None:
    _add_all(add_quads, lines, n_packed, summed, sums, fresh)


@kernel
def _add_all_others(lines: Array, n_packed: int, summed: Summed, sums: Array, fresh: bool) -> None:
    _add_all(add_without_runs, lines, n_packed, summed, sums, fresh)


@pasted
def _add_all(add: Any, lines: Array, n_packed: int, summed: Summed, sums: Array, fresh: bool) -> None:
    products, taps = len(summed.plane_shifts), len(summed.tap_shifts)
    start, end = summed.own_start, summed.own_end
    inputs = lines[0, :n_packed]
    if fresh:
        _clear_around(summed, sums)
    nought: Any = np.int64(0)  # as above
    shifts, runs = summed.plane_shifts, summed.plane_runs
    add(inputs, inputs, shifts, runs, nought, summed.inputs_end, sums[:products], fresh)
    add_samples(inputs, nought, summed.inputs_end, sums[products])
    for expression in range(len(summed.targets)):
        target, first = lines[1 + expression, :n_packed], summed.targets[expression]
        add(target, inputs, summed.tap_shifts, summed.tap_runs, start, end, sums[first : first + taps], fresh)
        add_samples(target, start, end, sums[first + taps])
    for expression in range(len(summed.squares)):
        target, plane = lines[1 + expression, :n_packed], summed.squares[expression]
        no_shift, no_run = np.zeros(1, np.int64), np.ones((1, 2), np.int64)  # one sum is kept, and counts
        add(target, target, no_shift, no_run, start, end, sums[plane : plane + 1], fresh)


@subkernel
def _clear_around(summed: Summed, sums: Array) -> None:
    """Set to 0 what `_add_all` does not set in fresh sums."""
    products, taps = len(summed.plane_shifts), len(summed.tap_shifts)
    for plane in range(products):
        sums[plane, summed.inputs_end :] = 0
    sums[products] = 0
    for first in summed.targets:
        for plane in range(first, first + taps):
            _clear_beyond(summed, sums[plane])
        sums[first + taps] = 0
    for plane in summed.squares:
        _clear_beyond(summed, sums[plane])


@subkernel
def _clear_beyond(summed: Summed, line: Array) -> None:
    """Set sums before the block's own pixels, and after them, to 0."""
    line[: summed.own_start] = 0
    line[summed.own_end :] = 0
