"""Sums over samples of a block of pixels, from which the normal equations of every pixel's window can be read."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Self

import numpy as np

from fesdist.families.common.layout import Array
from fesdist.families.common.problem import TileProblem
from fesdist.families.windowed.flat import FlatBlock, flat_block
from fesdist.families.windowed.kernels.packing import pack, pass_samples, room_for_lines
from fesdist.families.windowed.kernels.planes import runs_of
from fesdist.families.windowed.kernels.summing import Summed, add_image_sums, add_sums
from fesdist.ground.colour import Colour, to_gray
from fesdist.ground.receptive_field import Field, Offset, displacements


@dataclass(frozen=True)
class Planes:
    """Which sums a block has for each set of weights, and in which order: its planes.

    For inputs x_n, targets t_n and output pixels p they are G_d[q] = Σ x[q] x[q + d] for each displacement d of the
    field; Σ x[q]; for each expression Σ t[p] x[p + a] for each tap a, then Σ t[p]; and, with `squares`, Σ t[p]² of
    each expression, which only errors need.
    """

    field: Field
    n_expressions: int
    squares: bool = False

    @cached_property
    def displacements(self) -> tuple[Offset, ...]:
        """Of the first planes."""
        return displacements(self.field)

    def target(self, expression: int) -> int:
        """Return the first plane of an expression's targets."""
        return len(self.displacements) + 1 + expression * (len(self.field) + 1)

    def square(self, expression: int) -> int:
        """Return the plane of an expression's squared targets."""
        return self.target(self.n_expressions) + expression

    def __len__(self) -> int:
        return self.square(self.n_expressions if self.squares else 0)

    def shapes(self, flat: FlatBlock, weight_channels: int, channels: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the shapes of `BlockSums.sums` and `BlockSums.image_sums`."""
        return (weight_channels, len(self), flat.length), (1 + self.n_expressions, channels, flat.length)


def sum_type(dtype: np.dtype[Any]) -> type[np.generic]:
    """Return the type of sums of samples: integers, and so exact in any order, for uint8."""
    return np.int64 if dtype == np.uint8 else np.float64


def channels_together(colour: Colour, channels: int, dtype: np.dtype[Any]) -> int:
    """Return how many channels are summed up together, as if they were samples; floating-point sums keep an order."""
    return colour.channels_per_fit(channels) if dtype == np.uint8 else 1


class BlockSums:
    """`sums` (weight channel, plane, pixel) and `image_sums` (1 + expression, image channel, pixel), pixels in a line.

    `image_sums` are Σ x, then Σ t of each expression, of the images as they are stored. Both are int64 for uint8
    samples and float64 for float64 ones.
    """

    def __init__(self, problem: TileProblem, planes: Planes, dtype: np.dtype[Any]) -> None:
        self.problem, self.planes = problem, planes
        self.flat = flat_block(problem.tile.region.shape, planes.field)
        shapes = planes.shapes(self.flat, problem.weight_channels, problem.channels)
        # Nothing is in the sums until something is added, or they are asked for: clearing takes as long as a pass.
        self._fresh, self._sums = True, np.empty(shapes[0], sum_type(dtype))
        self.image_sums = np.zeros(shapes[1], sum_type(dtype))

    @property
    def sums(self) -> Array:
        if self._fresh:
            self._sums[...] = 0
            self._fresh = False
        return self._sums

    def __add__(self, other: BlockSums) -> BlockSums:
        return self._with(self.sums + other.sums, self.image_sums + other.image_sums)

    def __iadd__(self, other: BlockSums) -> Self:
        for own, others in ((self.sums, other.sums), (self.image_sums, other.image_sums)):
            own += others
        return self

    def __sub__(self, other: BlockSums) -> BlockSums:
        return self._with(self.sums - other.sums, self.image_sums - other.image_sums)

    def _with(self, sums: Array, image_sums: Array) -> BlockSums:
        made = copy.copy(self)
        made._fresh, made._sums, made.image_sums = False, sums, image_sums
        return made

    def add(self, images: list[Array]) -> None:
        """Add samples: the inputs with what of the halo lies in the image, then the targets of each expression."""
        n_samples, dtype = len(images[0]), images[0].dtype
        together = channels_together(self.problem.colour, self.problem.channels, dtype)
        at_once = pass_samples(dtype, together)
        # Made once: fresh memory costs as much as what is put there.
        room = room_for_lines(len(images), min(n_samples, at_once), self.flat.length, dtype, together)
        for start in range(0, n_samples, at_once):
            self._add_pass([array[start : start + at_once] for array in images], room, together)

    def _add_pass(self, images: list[Array], room: Array, together: int) -> None:
        summed = _summed(self.flat, self.planes)
        for first in range(0, self.problem.channels, together):
            channels = first, first + together
            n_packed = self._fill(room, images, range(*channels))
            add_image_sums(room, n_packed, channels, self.flat.n_inputs, self.image_sums)
            if self.problem.colour is not Colour.GRAY:
                several = self.problem.colour is Colour.PER_CHANNEL
                fresh = self._fresh and (several or first == 0)
                add_sums(room, n_packed, summed, self._sums[first if several else 0], fresh)
        if self.problem.colour is Colour.GRAY:
            n_packed = self._fill(room, [to_gray(array) for array in images], range(1))
            add_sums(room, n_packed, summed, self._sums[0], self._fresh)
        self._fresh = False

    def _fill(self, room: Array, images: list[Array], channels: range) -> int:
        """Pack the inputs, then each expression's targets, to the same positions; return how many samples are packed.

        Each has those of the first channel, then those of the next.
        """
        flat, padding = self.flat, self.problem.padding
        origins = [padding.top * flat.stride + padding.left] + [flat.origin] * (len(images) - 1)
        for array, origin, own in zip(images, origins, room, strict=True):
            n_packed = len(pack(array, channels, origin, flat.stride, own))
        return n_packed


@lru_cache(maxsize=256)
def _summed(flat: FlatBlock, planes: Planes) -> Summed:
    targets = [planes.target(expression) for expression in range(planes.n_expressions)]
    squares = [planes.square(expression) for expression in range(planes.n_expressions if planes.squares else 0)]
    to = np.array(targets, np.int64), np.array(squares, np.int64)
    of_inputs, of_taps = ((shifts, runs_of(shifts)) for shifts in (flat.plane_shifts, flat.tap_shifts))
    return Summed(*of_inputs, *of_taps, *to, flat.n_inputs, flat.origin, flat.stop)
