"""Sums of a tile's samples as a value: what any masked regression on any part of their field can be solved from."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from fesdist.families.common.blocks import checked_block
from fesdist.families.common.layout import Array
from fesdist.families.common.likeness import check_same, check_same_problem, checked_count
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Ledger, Samples
from fesdist.families.windowed.block import BlockSums, Planes, sum_type
from fesdist.ground.receptive_field import Field, halo_of, with_centre
from fesdist.ground.tiles import Region, Tile, TileGrid

BLOCK = 64
"""Rows and columns of a block: what is packed for a pass stays in the processor's cache, in tiles of any size."""


def block_shape(tile_shape: tuple[int, int], field: Field, margin: int) -> tuple[int, int]:
    """Return rows and columns of the largest block of a tile: of few rows, as many pixels with the halo as of many."""
    halo = halo_of(field)
    rows = min(tile_shape[0], BLOCK)
    return rows, min(tile_shape[1], max(BLOCK, BLOCK * BLOCK // (halo.top + rows + halo.bottom + 2 * margin)))


@dataclass(frozen=True)
class Block:
    """A part of a tile's pixels with sums of its own, and of the neighbours that they take in."""

    region: Region
    """Its pixels in the image."""
    targets: tuple[slice, slice]
    """Its pixels and their neighbours in arrays of targets."""
    inputs: tuple[slice, slice]
    """Its pixels, their neighbours and the halo of both in arrays of inputs."""
    sums: BlockSums

    @property
    def own(self) -> tuple[slice, slice]:
        """Return its pixels among those that have sums."""
        return self.region.within(self.sums.problem.tile.region)


class WindowSums:
    """Sums over the samples of a tile for a receptive field, integers and so exact for uint8; see `Sums`.

    They are kept in blocks; `Planes` says what is summed. Sums of the same field and problem can be added and taken
    away, and solved for every field whose offsets are among theirs. With a `margin` there are sums of as many pixels
    more around the tile, for models that take in neighbours; the problem's padding is that around all of them.
    """

    def __init__(
        self, problem: TileProblem, field: Field, dtype: np.dtype[Any], *, squares: bool = False, margin: int = 0
    ) -> None:
        self.problem, self.dtype, self.margin, self.field = problem, dtype, margin, field
        # A change is what happens to the pixel itself, so its own products are known even where it is no tap.
        self.planes = _planes(field, len(problem.expressions), squares)
        self.n_samples = 0
        self.ledger = Ledger()
        tile, halo, padding = problem.tile.region, halo_of(self.planes.field), problem.padding
        self._targets = all_pixels = problem.grown(margin)
        self._inputs = Region(
            all_pixels.row0 - halo.top + padding.top,
            all_pixels.row1 + halo.bottom - padding.bottom,
            all_pixels.col0 - halo.left + padding.left,
            all_pixels.col1 + halo.right - padding.right,
        )
        self.blocks = []
        for part in TileGrid(tile.shape, block_shape(tile.shape, self.planes.field, margin)):
            own = part.region.shifted(tile.row0, tile.col0)
            region = replace(problem, tile=Tile(problem.tile.index, own)).grown(margin)
            inputs, padding = halo.among(region, self._inputs)
            of_block = replace(problem, tile=Tile(problem.tile.index, region), padding=padding)
            sums = BlockSums(of_block, self.planes, dtype)
            self.blocks.append(Block(own, region.within(all_pixels), inputs.within(self._inputs), sums))

    @property
    def pixels(self) -> Region:
        return self.problem.tile.region

    @property
    def n_fitted(self) -> int:
        """Return the samples of one fit: with shared colour, each channel of an image is one."""
        return self.n_samples * self.problem.colour.channels_per_fit(self.problem.channels)

    def add(self, samples: Samples) -> None:
        """Add samples; see `Gathered.add`. Raises BadParameterError for an image that was added before."""
        images = checked_block(self.problem, self.dtype, self._inputs.shape, samples, self._targets.shape)
        self.ledger += Ledger.of(samples.people)
        inputs, *targets = (_with_whole_rows(array) for array in images)
        for block in self.blocks:
            block.sums.add([inputs[..., *block.inputs], *(array[..., *block.targets] for array in targets)])
        self.n_samples += len(samples)

    def __add__(self, other: WindowSums) -> WindowSums:
        """Return the sums of both; raises BadParameterError where they do not fit, or share an image."""
        return self._combined(other, operator.add)

    def grown_by(self, other: WindowSums) -> WindowSums:
        """Return the sums of both as `+` does, but in the memory of these, which nobody may use any more."""
        return self._combined(other, operator.iadd)

    def __sub__(self, other: WindowSums) -> WindowSums:
        """Return the sums without the other's samples; raises BadParameterError where these are not in them."""
        return self._combined(other, operator.sub)

    def parts(self) -> Iterator[WindowSums]:
        """Yield the sums of each block by itself; they share memory with these, and have no ledger."""
        for block in self.blocks:
            part = copy.copy(self)
            part.problem = replace(self.problem, tile=Tile(self.problem.tile.index, block.region))
            part.ledger, part.blocks = Ledger(), [block]
            yield part

    def arrays(self) -> Mapping[str, Array]:
        """Return all sums of the tile by name, (..., row, col), int64 or float64.

        `input products` (weight channel, displacement, row, col) and `inputs` (weight channel, row, col) have the rows
        and columns of the tile with its margin and halo, and 0 where no window needs a product; `target products`
        (weight channel, expression, tap, row, col), `targets` and, if there are any, `squares` (weight channel,
        expression, row, col), and `images` (1 + expression, channel, row, col) those of the tile with its margin. See
        `Planes`.
        """
        sets, channels, n_expressions = self.problem.weight_channels, self.problem.channels, self.planes.n_expressions
        shape, halo = self._targets.shape, halo_of(self.planes.field)
        padded = shape[0] + halo.top + halo.bottom, shape[1] + halo.left + halo.right
        shapes = {
            "input products": (sets, len(self.planes.displacements), *padded),
            "inputs": (sets, *padded),
            "target products": (sets, n_expressions, len(self.planes.field), *shape),
            "targets": (sets, n_expressions, *shape),
            "images": (1 + n_expressions, channels, *shape),
        }
        if self.planes.squares:
            shapes["squares"] = (sets, n_expressions, *shape)
        arrays = {name: np.zeros(of_tile, sum_type(self.dtype)) for name, of_tile in shapes.items()}
        for of_tile, of_block in self._places(arrays):
            of_tile[...] = of_block
        return arrays

    def restored(self, arrays: Mapping[str, Array], n_samples: int, ledger: Ledger) -> WindowSums:
        """Return sums like these with what `arrays` told, samples and a ledger."""
        made = self - self
        for of_tile, of_block in made._places(arrays):
            of_block[...] = of_tile
        made.n_samples, made.ledger = n_samples, ledger
        return made

    def _combined(self, other: WindowSums, combine: Callable[[Any, Any], Any]) -> WindowSums:
        check_same_problem(self.problem, other.problem)
        check_same("types of samples", self.dtype, other.dtype)
        check_same("receptive fields", self.field, other.field)
        check_same("planes", self.planes, other.planes)
        check_same("margins", self.margin, other.margin)
        made = copy.copy(self)
        made.n_samples = checked_count(combine(self.n_samples, other.n_samples))
        made.ledger = combine(self.ledger, other.ledger)
        made.blocks = [
            replace(own, sums=combine(own.sums, others.sums))
            for own, others in zip(self.blocks, other.blocks, strict=True)
        ]
        return made

    def _places(self, arrays: Mapping[str, Array]) -> Iterator[tuple[Array, Array]]:
        """Yield views of the tile's named arrays, and of the lines of the block that has the same sums."""
        taps = len(self.planes.field)
        for block in self.blocks:
            flat, planes, (rows, cols) = block.sums.flat, self.planes, block.targets
            height, width = flat.padded_shape
            padded, own = flat.padded_image(block.sums.sums), flat.image(block.sums.sums)
            at = slice(rows.start, rows.start + height), slice(cols.start, cols.start + width)
            for plane, (drow, dcol) in enumerate(planes.displacements):
                # A product is in the block where both of its pixels are.
                both = slice(0, height - drow), slice(max(-dcol, 0), width - max(dcol, 0))
                yield arrays["input products"][:, plane, *at][..., *both], padded[:, plane, *both]
            yield arrays["inputs"][..., *at], padded[:, len(planes.displacements)]
            for expression in range(planes.n_expressions):
                first = planes.target(expression)
                yield arrays["target products"][:, expression, ..., rows, cols], own[:, first : first + taps]
                yield arrays["targets"][:, expression, rows, cols], own[:, first + taps]
                if planes.squares:
                    yield arrays["squares"][:, expression, rows, cols], own[:, planes.square(expression)]
            yield arrays["images"][..., rows, cols], flat.image(block.sums.image_sums)


@lru_cache
def _planes(field: Field, n_expressions: int, squares: bool) -> Planes:
    """Return the planes of a field with its centre: they know their displacements once they were asked for."""
    return Planes(with_centre(field), n_expressions, squares)


def _with_whole_rows(images: Array) -> Array:
    """Return the images with the pixels of each row side by side in memory, as kernels read them; rarely a copy."""
    return images if images.strides[-1] == images.itemsize else np.ascontiguousarray(images)
