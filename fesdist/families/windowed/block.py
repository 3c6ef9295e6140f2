"""Sums over samples of a block of pixels, from which the normal equations of every pixel's window can be read."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from fesdist.families.common.layout import Array
from fesdist.families.common.problem import TileProblem
from fesdist.families.windowed.flat import FlatBlock, flat_block
from fesdist.families.windowed.kernels.packing import pack, pass_samples, room_for_lines
from fesdist.families.windowed.kernels.planes import add_products, add_samples
from fesdist.ground.colour import Colour, to_gray
from fesdist.ground.receptive_field import Field, Offset, displacements

_NO_SHIFT = np.zeros(1, np.int64)


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
        room = [room_for_lines(min(n_samples, at_once), self.flat.length, dtype, together) for _ in images]
        for start in range(0, n_samples, at_once):
            self._add_pass([array[start : start + at_once] for array in images], room, together)

    def _add_pass(self, images: list[Array], room: list[Array], together: int) -> None:
        for first in range(0, self.problem.channels, together):
            channels = range(first, first + together)
            lines = self._lines(images, channels, room)
            for line, sums in zip(lines, self.image_sums[:, first : first + together], strict=True):
                for of_channel, own_sums in zip(line.reshape(together, -1, line.shape[1]), sums, strict=True):
                    add_samples(of_channel, 0, self.flat.n_inputs, own_sums)
            if self.problem.colour is not Colour.GRAY:
                several = self.problem.colour is Colour.PER_CHANNEL
                self._add_lines(lines, first if several else 0, self._fresh and (several or first == 0))
        if self.problem.colour is Colour.GRAY:
            self._add_lines(self._lines([to_gray(array) for array in images], range(1), room), 0, self._fresh)
        self._fresh = False

    def _lines(self, images: list[Array], channels: range, room: list[Array]) -> list[Array]:
        """Return the packed lines of the inputs, then of each expression's targets, at the same positions.

        Each has those of the first channel, then those of the next.
        """
        flat, padding = self.flat, self.problem.padding
        origins = [padding.top * flat.stride + padding.left] + [flat.origin] * (len(images) - 1)
        made = []
        for array, origin, own_room in zip(images, origins, room, strict=True):
            end = 0
            for channel in channels:
                end += len(pack(array, channel, origin, flat.stride, own_room[end:]))
            made.append(own_room[:end])
        return made

    def _add_lines(self, lines: list[Array], weight_channel: int, fresh: bool) -> None:
        flat, planes, sums = self.flat, self.planes, self._sums[weight_channel]
        inputs, *targets = lines
        products, taps = len(planes.displacements), len(planes.field)
        if fresh:
            self._clear_around(sums)
        add_products(inputs, inputs, flat.plane_shifts, 0, flat.n_inputs, sums[:products], fresh)
        add_samples(inputs, 0, flat.n_inputs, sums[products])
        for expression, target in enumerate(targets):
            first = planes.target(expression)
            add_products(target, inputs, flat.tap_shifts, flat.origin, flat.stop, sums[first : first + taps], fresh)
            add_samples(target, flat.origin, flat.stop, sums[first + taps])
            if planes.squares:
                square = planes.square(expression)
                add_products(target, target, _NO_SHIFT, flat.origin, flat.stop, sums[square : square + 1])

    def _clear_around(self, sums: Array) -> None:
        """Set to 0 what `add_products` does not set in fresh sums."""
        flat, planes = self.flat, self.planes
        products, taps = len(planes.displacements), len(planes.field)
        sums[:products, flat.n_inputs :] = 0
        sums[products] = 0
        for expression in range(planes.n_expressions):
            first = planes.target(expression)
            sums[first : first + taps, : flat.origin] = sums[first : first + taps, flat.stop :] = 0
            sums[first + taps] = 0
        sums[planes.square(0) :] = 0
