"""The inputs of a whole image as a dictionary: an atom is one input pixel, a vector over all samples.

Several channels of one fit are several vectors of the same atom. For the scores each is centred over the samples
(unless there is to be no bias) and divided by its norm; for the fits the samples are used as they are. Sums of
products of 8-bit samples are integers below 2⁵³, so in float64 they are exact.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.memory import Allocation
from fesdist.simd.kernel import kernel, pasted, subkernel
from fesdist.simd.lanes import LANES, load, multiply_add, multiply_subtract, ones_like, store
from fesdist.simd.values import (
    add_products_of,
    add_wide_products_of,
    load_sample,
    no_products,
    spread,
    sum_of_lanes,
    zeros_like,
)

Array = NDArray[Any]


class Atoms(NamedTuple):
    """The dictionary of one fit; `measure_atoms` makes it."""

    samples: Array
    """(channel, pixel, sample), uint8 in 0..255 or float64 in [0, 1]; zeros fill the samples up to whole registers."""
    n_samples: int
    """Samples without the filling."""
    centred: bool
    """Whether scores are of samples and residuals minus their means."""
    means: Array
    """(channel, pixel) float64: what is subtracted from the samples: their mean, or 0."""
    scales: Array
    """(channel, pixel) float64: 1 / norm of what is left of the samples; 0 where nothing is."""
    sums: Array
    """(pixel) float64: sums over samples and channels."""
    squares: Array
    """(pixel) float64: sums of squares over samples and channels."""
    usable: Array
    """(pixel) bool: some channel has a scale."""


def measure_atoms(samples: Array, n_samples: int, centred: bool = True) -> Atoms:
    """Return the dictionary of `samples`, as `Atoms` describes them."""
    means, scales, sums, squares, usable = (array.zeros() for array in measures(*samples.shape[:2]))
    _measure(samples, (n_samples, samples.dtype == np.uint8), centred, (means, scales), sums, squares)
    for of_channel in scales:
        usable |= of_channel > 0
    return Atoms(samples, n_samples, centred, means, scales, sums, squares, usable)


def measures(channels: int, pixels: int) -> tuple[Allocation, ...]:
    """Return the arrays of `Atoms` beside the samples."""
    return (
        Allocation("means of atoms", (channels, pixels), "float64"),
        Allocation("scales of atoms", (channels, pixels), "float64"),
        Allocation("sums of atoms", (pixels,), "float64"),
        Allocation("squares of atoms", (pixels,), "float64"),
        Allocation("usable atoms", (pixels,), "bool"),
    )


@kernel
def _measure(
    samples: Array, kind: tuple[int, bool], centred: bool, scaling: tuple[Array, Array], sums: Array, squares: Array
) -> None:
    (n_samples, integers), (means, scales), (channels, pixels, _) = kind, scaling, samples.shape
    for channel in range(channels):
        for pixel in range(pixels):
            total, of_squares = sum_and_squares(samples, channel, pixel, n_samples)
            constant, mean = False, total / n_samples if centred else 0.0
            if integers:
                spread_around = (n_samples * of_squares - centred * total * total) / n_samples
            else:
                spread_around, constant = 0.0, centred
                for n in range(n_samples):
                    value = samples[channel, pixel, n]
                    spread_around += (value - mean) ** 2
                    # The mean of equal numbers may differ from them in its last bit, so they are told by themselves.
                    constant &= value == samples[channel, pixel, 0]
            scales[channel, pixel] = 1.0 / np.sqrt(spread_around) if spread_around > 0.0 and not constant else 0.0
            means[channel, pixel] = mean
            sums[pixel] += total
            squares[pixel] += of_squares


@pasted
def correlation(atoms: Atoms, pixel: int, residual: Array) -> float:
    """Return Σ_channel scale Σ_sample (sample - mean) residual: the normalised atom times the residual.

    `residual` is (channel, sample) float64, C-contiguous, 0 in the filling.
    """
    lines = atoms.samples.reshape(-1), residual.reshape(-1), atoms.means.reshape(-1), atoms.scales.reshape(-1)
    return correlation_of_lines(*lines, pixel, 0, atoms.samples.shape)


@subkernel
def correlation_of_lines(
    line: Array, right: Array, means: Array, scales: Array, pixel: int, at: int, shape: tuple[int, int, int]
) -> float:
    """Return what `correlation` does, of flat arrays; the residual is at `right[at:]`, `shape` is that of all samples.

    Loops make arrays flat before they begin: that costs as much as a correlation.
    """
    channels, pixels, length = shape
    total = zeros_like(load(right, at))
    for channel in range(channels):
        of_channel = zeros_like(total)
        start, one = (channel * pixels + pixel) * length, ones_like(total)
        mean = spread(means, channel * pixels + pixel)
        for n in range(0, length, LANES):
            centred = multiply_subtract(load_sample(line, start + n), mean, one)
            of_channel = multiply_add(of_channel, centred, load(right, at + channel * length + n))
        total = multiply_add(total, of_channel, spread(scales, channel * pixels + pixel))
    return sum_of_lanes(total)  # type: ignore[no-any-return]


@kernel
def sum_and_squares(samples: Array, channel: int, pixel: int, n_samples: int) -> tuple[float, float]:
    """Return Σ x and Σ x² of the samples of a pixel; of 8-bit ones as integers, which may be added in any order."""
    nought = 0 * samples[channel, pixel, 0]
    total, squares = nought, nought
    for n in range(n_samples):
        value = samples[channel, pixel, n] + nought
        total += value
        squares += value * value
    return np.float64(total), np.float64(squares)


@pasted
def product_of_lines(left: Array, at: int, right: Array, other: int, length: int) -> float:
    """Return Σ_n left[at + n] × right[other + n] of flat arrays of samples, n in whole registers."""
    return sum_of_lanes(_with_products(no_products(left), left, at, right, other, length))  # type: ignore[no-any-return]


@kernel
def product(
    left: Array, first: int, n_left: int, right: Array, second: int, n_right: int, shape: tuple[int, int]
) -> float:
    """Return Σ left[:, first] × right[:, second] of arrays of samples, flat, of (channel, pixel, sample).

    They have `n_left` and `n_right` pixels; `shape` is channels and samples, whole registers.
    """
    channels, length = shape
    total = no_products(left)
    for channel in range(channels):
        at, other = (channel * n_left + first) * length, (channel * n_right + second) * length
        total = _with_products(total, left, at, right, other, length)
    return sum_of_lanes(total)  # type: ignore[no-any-return]


@pasted
def _with_products(total: Any, left: Array, at: int, right: Array, other: int, length: int) -> Any:
    """Return a running sum with `length` products, whole registers, of flat arrays."""
    wide = length - length % (2 * LANES)
    for n in range(0, wide, 2 * LANES):
        total = add_wide_products_of(total, left, at + n, right, other + n)
    if wide < length:
        total = add_products_of(total, left, at + wide, right, other + wide)
    return total


@pasted
def squared_norm(line: Array) -> float:
    """Return Σ line², float64, of whole registers."""
    total = zeros_like(load(line, 0))
    for n in range(0, len(line), LANES):
        value = load(line, n)
        total = multiply_add(total, value, value)
    return sum_of_lanes(total)  # type: ignore[no-any-return]


@kernel
def subtract_atom(
    line: Array, means: Array, pixel: int, weights: Array, number: int, right: Array, shape: tuple[int, int, int]
) -> None:
    """Subtract weights[number] × (sample - mean) of an atom from a residual, all flat as in `correlation_of_lines`.

    The filling is spoilt.
    """
    channels, pixels, length = shape
    factor = spread(weights, number)
    for channel in range(channels):
        at, one = (channel * pixels + pixel) * length, ones_like(factor)
        mean = spread(means, channel * pixels + pixel)
        for n in range(0, length, LANES):
            centred = multiply_subtract(load_sample(line, at + n), mean, one)
            to = channel * length + n
            store(right, to, multiply_subtract(load(right, to), factor, centred))
