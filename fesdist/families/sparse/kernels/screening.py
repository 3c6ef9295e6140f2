"""Scores of all atoms at once, nearly right and with a bound of the error: which of them can be the largest?

A score is the product of a normalised atom a and a residual r. With their coordinates Va and Vr in a few orthonormal
directions it is at most |Va · Vr| + ‖a - VᵀVa‖ ‖r - VᵀVr‖. The coordinates are 16-bit integers, and products are never
stored: of every `COLUMNS` atoms only the largest magnitude is kept. Atoms that can be the largest by these bounds are
then settled in float64.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.families.sparse.kernels.atoms import Atoms, squared_norm
from fesdist.families.sparse.kernels.directions import (
    finding,
    left_out,
    main_directions,
    most_directions,
    normalised,
)
from fesdist.ground.memory import Allocation, Memory, Phase
from fesdist.simd.kernel import kernel, subkernel
from fesdist.simd.lanes import LANES, load, multiply_add, store
from fesdist.simd.values import largest_magnitude, magnitude, spread, to_float32, zeros_like

Array = NDArray[Any]

COLUMNS = 2 * LANES
"""Atoms in a block."""

GROUP = 4
"""Residuals that meet a block together; with two registers of atoms eight sums, which hide the latency of products."""

_ATOM = 32000.0
"""An atom's coordinates as integers have at most this norm, before they are rounded."""
_RESIDUAL = 64000.0
"""And those of a residual: by Cauchy and Schwarz, 32 bits hold all sums of their products."""

_ROUNDING = 2.0**-22
"""Relative error of a product that is turned into float32 and compared, with room to spare."""

_VALUES_AT_ONCE = 1 << 17
"""Values of atoms that are turned into coordinates together."""


class Panels(NamedTuple):
    """The atoms as the screening reads them."""

    directions: Array
    """(register, channel × sample, LANES) float64: orthonormal directions, some of them side by side."""
    atoms: Array
    """(block, step, COLUMNS) uint32: two coordinates in the 16-bit halves, times `_ATOM` / `norm`."""
    norm: float
    """Of the atoms: the root of the number of channels."""
    left_out: Array
    """(block × COLUMNS) float64: norm of what the directions leave out of an atom."""
    most_left_out: Array
    """(block) float64: the largest of these."""


class Residuals(NamedTuple):
    """Residuals as the screening reads them; the numbers of one are those of its place."""

    coordinates: Array
    """(group, step, GROUP) uint32: two coordinates in the 16-bit halves."""
    units: Array
    """(residual) float64: what a sum of products is multiplied by."""
    errors: Array
    """(residual) float64: bound of the error of that product, for the coordinates are rounded."""
    left_out: Array
    """(residual) float64: norm of what the directions leave out."""
    peaks: Array
    """(residual, block) float32: the largest |sum of products| of a block's atoms."""


def make_panels(atoms: Atoms) -> Panels:
    """Return the panels of a dictionary."""
    channels, pixels, length = atoms.samples.shape
    directions = main_directions(atoms)
    blocks, steps = -(-pixels // COLUMNS), directions.shape[1] // 2
    norm = float(np.sqrt(channels))
    panels = np.zeros((blocks, COLUMNS, steps), np.uint32)
    rests = np.zeros(blocks * COLUMNS)
    at_once = max(1, _VALUES_AT_ONCE // (channels * length))
    for start in range(0, pixels, at_once):
        part = slice(start, min(start + at_once, pixels))
        vectors = normalised(atoms, part)
        coordinates = vectors @ directions
        rests[part] = left_out((vectors**2).sum(axis=1), (coordinates**2).sum(axis=1))
        halves = np.rint(coordinates * (_ATOM / norm)).astype(np.int16).view(np.uint16).astype(np.uint32)
        panels.reshape(-1, steps)[part] = halves[:, ::2] | halves[:, 1::2] << np.uint32(16)
    most = rests.reshape(blocks, COLUMNS).max(axis=1)
    lanes = np.ascontiguousarray(directions.reshape(len(directions), -1, LANES).transpose(1, 0, 2))
    return Panels(lanes, np.ascontiguousarray(panels.transpose(0, 2, 1)), norm, rests, most)


def panels_of(n_pixels: int, n_values: int) -> tuple[Allocation, ...]:
    """Return the arrays of `Panels` of atoms of `n_values` values, if they have as many directions as they can."""
    n_directions, blocks = most_directions(n_pixels, n_values), -(-n_pixels // COLUMNS)
    return (
        Allocation("directions", (n_directions // LANES, n_values, LANES), "float64"),
        Allocation("panels of atoms", (blocks, n_directions // 2, COLUMNS), "uint32"),
        Allocation("what directions leave out", (blocks, COLUMNS + 1), "float64"),
    )


def making_panels(n_pixels: int, n_values: int) -> Memory:
    """Return what `make_panels` holds at once, with what it returns."""
    directions, atoms, rests = panels_of(n_pixels, n_values)
    at_once, (registers, _, _) = min(n_pixels, max(1, _VALUES_AT_ONCE // n_values)), directions.shape
    return Memory(
        (directions,),
        (
            Phase("finding directions", finding(n_pixels, n_values)),
            Phase(
                "converting atoms",
                (
                    atoms,
                    rests,
                    # As they are taken, centred, pixel by pixel; then squared.
                    Allocation("some atoms", (at_once, n_values), "float64", 3),
                    # As they are, squared or times a scale, whole, and as integers that are packed.
                    Allocation("their coordinates", (at_once, registers * LANES), "float64", 5),
                ),
            ),
            # The same once more, in the order in which registers read them.
            Phase("laying out panels", (directions, atoms, atoms, rests)),
        ),
    )


def no_panels() -> Panels:
    """Return panels of no atoms."""
    return Panels(np.zeros((0, 0, LANES)), np.zeros((0, 0, COLUMNS), np.uint32), 0.0, np.zeros(0), np.zeros(0))


def empty_residuals(panels: Panels, n_residuals: int) -> Residuals:
    """Return room for residuals, a multiple of `GROUP`."""
    blocks, steps, _ = panels.atoms.shape
    return Residuals(*(array.zeros() for array in residuals_of(blocks, steps, n_residuals)))


def residuals_of(blocks: int, steps: int, n_residuals: int) -> tuple[Allocation, ...]:
    """Return the arrays of `Residuals` for panels of some blocks of atoms."""
    return (
        Allocation("coordinates of residuals", (n_residuals // GROUP, steps, GROUP), "uint32"),
        Allocation("units of residuals", (n_residuals,), "float64"),
        Allocation("errors of residuals", (n_residuals,), "float64"),
        Allocation("what directions leave out of residuals", (n_residuals,), "float64"),
        Allocation("peaks", (n_residuals, blocks), "float32"),
    )


@kernel
def set_residuals(panels: Panels, residuals: Residuals, values: Array, chosen: Array) -> None:
    """Set all but the peaks of as many residuals as are `chosen` of `values`.

    `values` is (pixel, channel, sample) float64, 0 in the filling; `chosen` are indices of pixels.
    """
    registers, length, _ = panels.directions.shape
    lines, directions = values.reshape(-1), panels.directions.reshape(-1)
    coordinates = np.empty((len(chosen), registers * LANES))
    line = coordinates.reshape(-1)
    # One register of directions stays in the nearest cache while all residuals pass, two at a time.
    for k in range(registers):
        for number in range(0, len(chosen), 2):
            other = min(number + 1, len(chosen) - 1)
            left, right, at = chosen[number] * length, chosen[other] * length, k * length * LANES
            a = b = zeros_like(load(directions, 0))
            for i in range(length):
                direction = load(directions, at + i * LANES)
                a = multiply_add(a, spread(lines, left + i), direction)
                b = multiply_add(b, spread(lines, right + i), direction)
            store(line, (number * registers + k) * LANES, a)
            store(line, (other * registers + k) * LANES, b)
    for number in range(len(chosen)):
        squares = squared_norm(values[chosen[number]].reshape(-1))
        _round(panels, residuals, number, coordinates[number], squares)


@subkernel
def _round(panels: Panels, residuals: Residuals, number: int, coordinates: Array, squares: float) -> None:
    """Set a residual from its coordinates and its squared norm."""
    largest = of_coordinates = rests = 0.0
    for value in coordinates:
        largest = max(largest, abs(value))
        of_coordinates += value**2
    unit = max(largest / 32766.0, np.sqrt(of_coordinates) / _RESIDUAL)
    scale = 1.0 / unit if unit > 0.0 else 0.0
    group, lane = divmod(number, GROUP)
    for step in range(len(coordinates) // 2):
        low, high = coordinates[2 * step] * scale, coordinates[2 * step + 1] * scale
        whole_low, whole_high = np.rint(low), np.rint(high)
        rests += (low - whole_low) ** 2 + (high - whole_high) ** 2
        pair = np.uint32(np.uint16(np.int16(whole_low))) | np.uint32(np.uint16(np.int16(whole_high))) << np.uint32(16)
        residuals.coordinates[group, step, lane] = pair
    # Half a unit in each of an atom's coordinates, and what was rounded here.
    of_atom, norm = 0.5 * np.sqrt(len(coordinates)), np.sqrt(of_coordinates) * scale
    error = of_atom * norm + (_ATOM + of_atom) * (np.sqrt(rests) + _ROUNDING * norm)
    residuals.units[number] = unit * panels.norm / _ATOM
    residuals.errors[number] = error * residuals.units[number]
    residuals.left_out[number] = left_out(squares, of_coordinates)


@kernel
def screen(panels: Panels, residuals: Residuals, n_residuals: int) -> None:
    """Set the peaks of the first `n_residuals` residuals; those of the rest of a group are overwritten."""
    blocks, steps, _ = panels.atoms.shape
    atoms, right, peaks = panels.atoms.reshape(-1), residuals.coordinates.reshape(-1), residuals.peaks
    for block in range(blocks):
        for group in range(-(-n_residuals // GROUP)):
            at, to = block * steps * COLUMNS, group * steps * GROUP
            a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = zeros_like(load(atoms, at))
            for _ in range(steps):
                x, y = load(atoms, at), load(atoms, at + LANES)
                r = spread(right, to)
                a0, b0 = multiply_add(a0, x, r), multiply_add(b0, y, r)
                r = spread(right, to + 1)
                a1, b1 = multiply_add(a1, x, r), multiply_add(b1, y, r)
                r = spread(right, to + 2)
                a2, b2 = multiply_add(a2, x, r), multiply_add(b2, y, r)
                r = spread(right, to + 3)
                a3, b3 = multiply_add(a3, x, r), multiply_add(b3, y, r)
                at += COLUMNS
                to += GROUP
            peaks[group * GROUP, block] = largest_magnitude(to_float32(a0), to_float32(b0))
            peaks[group * GROUP + 1, block] = largest_magnitude(to_float32(a1), to_float32(b1))
            peaks[group * GROUP + 2, block] = largest_magnitude(to_float32(a2), to_float32(b2))
            peaks[group * GROUP + 3, block] = largest_magnitude(to_float32(a3), to_float32(b3))


@kernel
def screen_block(atoms: Array, steps: int, coordinates: Array, number: int, block: int, products: Array) -> None:
    """Set `products`, (COLUMNS) float32, to the |sums of products| of one residual and the atoms of one block.

    `atoms` and `coordinates` are those of `Panels` and `Residuals`, flat, with so many steps.
    """
    group, lane = number // GROUP, number % GROUP
    at, to = block * steps * COLUMNS, group * steps * GROUP + lane
    a = b = zeros_like(load(atoms, at))
    for _ in range(steps):
        r = spread(coordinates, to)
        a, b = multiply_add(a, load(atoms, at), r), multiply_add(b, load(atoms, at + LANES), r)
        at += COLUMNS
        to += GROUP
    store(products, 0, magnitude(to_float32(a)))
    store(products, LANES, magnitude(to_float32(b)))
