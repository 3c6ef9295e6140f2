"""Running sums of a block of pixels from which the normal equations of every pixel's window can be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.layout import Array
from fesdist.families.common.problem import TileProblem
from fesdist.families.windowed.kernels.planes import PASS_SAMPLES, SLACK, add_products, add_samples, pack
from fesdist.ground.colour import Colour, to_gray
from fesdist.ground.receptive_field import Offset, displacements, halo_of

_NO_SHIFT = np.zeros(1, np.int64)


class FlatBlock:
    """A block with its halo as one line of pixels, row after row, so that displacements are shifts along the line."""

    def __init__(self, block_shape: tuple[int, int], offsets: tuple[Offset, ...]) -> None:
        halo = halo_of(offsets)
        rows, cols = block_shape
        self.shape = block_shape
        self.stride = cols + halo.left + halo.right
        self.origin = halo.top * self.stride + halo.left
        """Position of the block's own first pixel."""
        self.n_inputs = (rows + halo.top + halo.bottom) * self.stride
        self.stop = self.origin + (rows - 1) * self.stride + cols
        """Position after the block's own last pixel."""
        self.tap_shifts = self.shifts(offsets)
        self.tap_starts = self.tap_shifts + self.origin
        """Positions that the taps of the first pixel read."""
        self.plane_shifts = self.shifts(displacements(offsets))
        self.length = self.n_inputs + int(self.plane_shifts[-1]) + SLACK

    def shifts(self, offsets: Sequence[Offset]) -> NDArray[np.int64]:
        return np.array([drow * self.stride + dcol for drow, dcol in offsets], dtype=np.int64)

    def image(self, line: Array) -> Array:
        """Return the block's own pixels (..., row, col) of lines (..., length), without copying."""
        rows, cols = self.shape
        own = line[..., self.origin : self.origin + rows * self.stride]
        return own.reshape(*line.shape[:-1], rows, self.stride)[..., :cols]


class WindowSums:
    """Sums over samples x_n (inputs) and t_n (targets) of a block; integers, and so exact in any order, for uint8.

    `sums` is (weight channel, plane, pixel of `FlatBlock`), int64 for uint8 samples and float64 for float64
    ones. Its planes are G_d[q] = Σ x[q] x[q + d] for each displacement d; Σ x[q]; for each expression Σ
    t[p] x[p + a] for each tap a, then Σ t[p]; and, with `squares`, Σ t[p]² of each expression. `image_sums` is (1 +
    expression, image channel, pixel): Σ x, then Σ t of each expression, of the images as they are stored.
    """

    def __init__(
        self, problem: TileProblem, offsets: tuple[Offset, ...], dtype: np.dtype[Any], *, squares: bool = False
    ) -> None:
        self.problem = problem
        self.flat = FlatBlock(problem.tile.region.shape, offsets)
        n_expressions = len(problem.expressions)
        self.n_planes = len(self.flat.plane_shifts)
        self.first_square = self.n_planes + 1 + n_expressions * (len(offsets) + 1)
        planes = self.first_square + (n_expressions if squares else 0)
        of_sums = np.int64 if dtype == np.uint8 else np.float64
        self.sums = np.zeros((problem.weight_channels, planes, self.flat.length), of_sums)
        self.image_sums = np.zeros((1 + n_expressions, problem.channels, self.flat.length), of_sums)

    def add(self, images: list[Array]) -> None:
        """Add samples: the inputs with what of the halo lies in the image, then the targets of each expression."""
        for start in range(0, len(images[0]), PASS_SAMPLES):
            self._add_pass([array[start : start + PASS_SAMPLES] for array in images])

    def _add_pass(self, images: list[Array]) -> None:
        for channel in range(self.problem.channels):
            self._add_channel(images, channel)
        if self.problem.colour is Colour.GRAY:
            self._add_lines(self._lines([to_gray(array) for array in images], 0), self.sums[0])

    def _add_channel(self, images: list[Array], channel: int) -> None:
        lines = self._lines(images, channel)
        for line, sums in zip(lines, self.image_sums[:, channel], strict=True):
            add_samples(line, 0, self.flat.n_inputs, sums)
        if self.problem.colour is not Colour.GRAY:
            self._add_lines(lines, self.sums[channel if len(self.sums) > 1 else 0])

    def _lines(self, images: list[Array], channel: int) -> list[Array]:
        """Return the packed lines of the inputs, then of each expression's targets, at the same positions."""
        flat, padding = self.flat, self.problem.padding
        start = padding.top * flat.stride + padding.left
        origins = [start] + [flat.origin] * (len(images) - 1)
        return [
            pack(array, channel, origin, flat.stride, flat.length)
            for array, origin in zip(images, origins, strict=True)
        ]

    def _add_lines(self, lines: list[Array], sums: Array) -> None:
        flat = self.flat
        inputs, *targets = lines
        plane = self.n_planes
        add_products(inputs, inputs, flat.plane_shifts, 0, flat.n_inputs, sums[:plane])
        add_samples(inputs, 0, flat.n_inputs, sums[plane])
        taps = len(flat.tap_shifts)
        for first, target in zip(range(plane + 1, self.first_square, taps + 1), targets, strict=True):
            add_products(target, inputs, flat.tap_shifts, flat.origin, flat.stop, sums[first : first + taps])
            add_samples(target, flat.origin, flat.stop, sums[first + taps])
        if len(sums) > self.first_square:
            for square, target in enumerate(targets, start=self.first_square):
                add_products(target, target, _NO_SHIFT, flat.origin, flat.stop, sums[square : square + 1])
