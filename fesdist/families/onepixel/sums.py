"""Sums of a tile's samples by input intensity, as a value: what any one-pixel model can be solved from."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from fesdist.families.common.blocks import checked_block
from fesdist.families.common.layout import Array
from fesdist.families.common.likeness import check_same, check_same_problem, checked_count
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Ledger, Samples
from fesdist.families.onepixel.kernels.intensities import INTENSITIES, add_targets, count_intensities
from fesdist.ground.colour import Colour, to_gray
from fesdist.ground.tiles import Region

PASS_SAMPLES = 64
"""Samples that are made contiguous and counted at a time."""

LARGEST_SUM = np.iinfo(np.uint32).max


class Shapes(NamedTuple):
    """Shapes of the arrays of `IntensitySums`."""

    sums: tuple[int, ...]
    image_sums: tuple[int, ...]
    squares: tuple[int, ...]

    @classmethod
    def of(
        cls, shape: tuple[int, int], weight_channels: int, channels: int, n_expressions: int, squares: bool
    ) -> Shapes:
        return cls(
            (weight_channels, *shape, INTENSITIES, 1 + n_expressions),
            (1 + n_expressions, channels, *shape),
            (weight_channels, n_expressions if squares else 0, *shape),
        )


class IntensitySums:
    """How often each of 256 intensities occurs at a pixel, and the sum of its targets: integers; see `Sums`.

    `sums` is (weight channel, row, col, intensity, 1 + expression) uint32: counts, then sums of each expression's
    targets in 0..255. `image_sums` is (1 + expression, image channel, row, col) int64: Σ x, then Σ t of each
    expression, of the images as they are stored. `squares`, which only errors need, is (weight channel, expression,
    row, col) int64: Σ t², or has no expression.
    """

    def __init__(self, problem: TileProblem, *, squares: bool = False, margin: int = 0) -> None:
        self.problem, self.margin = problem, margin
        self.region = problem.grown(margin)
        """The pixels that have sums: those of the tile, and `margin` more around it for models that pool neighbours."""
        self.n_samples = 0
        self.ledger = Ledger()
        shapes = Shapes.of(
            self.region.shape, problem.weight_channels, problem.channels, len(problem.expressions), squares
        )
        self.sums = np.zeros(shapes.sums, np.uint32)
        self.image_sums, self.squares = np.zeros(shapes.image_sums, np.int64), np.zeros(shapes.squares, np.int64)

    @property
    def pixels(self) -> Region:
        return self.problem.tile.region

    def add(self, samples: Samples) -> None:
        """Add samples; see `Gathered.add`.

        Raises BadParameterError for an image that was added before, and ValueError also when samples are so many that
        a sum may leave 32 bits: more than 16 million.
        """
        shape = self.region.shape
        images = checked_block(self.problem, np.dtype(np.uint8), shape, samples, shape)
        n_samples = self._with_room(self.n_samples + len(samples))
        self.ledger += Ledger.of(samples.people)
        for start in range(0, len(samples), PASS_SAMPLES):
            self._add_pass([np.ascontiguousarray(array[start : start + PASS_SAMPLES]) for array in images])
        self.n_samples = n_samples

    def __add__(self, other: IntensitySums) -> IntensitySums:
        """Return the sums of both; raises BadParameterError where they do not fit, or share an image."""
        return self._combined(other, operator.add)

    def grown_by(self, other: IntensitySums) -> IntensitySums:
        """Return the sums of both as `+` does, but in the memory of these, which nobody may use any more."""
        return self._combined(other, operator.iadd)

    def __sub__(self, other: IntensitySums) -> IntensitySums:
        """Return the sums without the other's samples; raises BadParameterError where these are not in them."""
        return self._combined(other, operator.sub)

    def parts(self) -> Iterator[IntensitySums]:
        """Yield the sums themselves: they are not kept in blocks."""
        yield self

    def arrays(self) -> Mapping[str, Array]:
        """Return all sums by name, (..., row, col), without copying.

        `counts` (weight channel, intensity, row, col), `targets` (weight channel, intensity, expression, row, col),
        `images` (1 + expression, channel, row, col) and, if there are any, `squares` (weight channel, expression,
        row, col).
        """
        by_intensity = np.moveaxis(self.sums, (1, 2), (-2, -1))
        squares = {"squares": self.squares} if self.squares.size else {}
        return {
            "counts": by_intensity[:, :, 0],
            "targets": by_intensity[:, :, 1:],
            "images": self.image_sums,
            **squares,
        }

    def _combined(self, other: IntensitySums, combine: Callable[[Any, Any], Any]) -> IntensitySums:
        check_same_problem(self.problem, other.problem)
        check_same("squares", bool(self.squares.size), bool(other.squares.size))
        check_same("margins", self.margin, other.margin)
        made = copy.copy(self)
        made.n_samples = self._with_room(checked_count(combine(self.n_samples, other.n_samples)))
        made.ledger = combine(self.ledger, other.ledger)
        made.sums, made.image_sums, made.squares = (
            combine(own, others)
            for own, others in zip(
                (self.sums, self.image_sums, self.squares),
                (other.sums, other.image_sums, other.squares),
                strict=True,
            )
        )
        return made

    def _with_room(self, n_samples: int) -> int:
        """Return a number of samples; raises ValueError where it is too large. Shared colour fits every channel."""
        n_fitted = n_samples * self.problem.colour.channels_per_fit(self.problem.channels)
        if n_fitted * (INTENSITIES - 1) > LARGEST_SUM:
            raise ValueError(f"{self.problem.tile}: {n_fitted} samples; sums of 32 bits hold 16 million")
        return n_samples

    def _add_pass(self, images: list[Array]) -> None:
        for array, image_sums in zip(images, self.image_sums, strict=True):
            image_sums += array.sum(axis=0, dtype=np.int64)
        if self.problem.colour is Colour.GRAY:
            images = [to_gray(array) for array in images]
        inputs, *targets = images
        for channel in range(inputs.shape[1]):
            own = channel if len(self.sums) > 1 else 0
            count_intensities(inputs, channel, self.sums[own])
            for column, array in enumerate(targets, start=1):
                add_targets(inputs, array, channel, column, self.sums[own])
            for square, array in zip(self.squares[own], targets, strict=False):
                square += np.einsum("nij,nij->ij", array[:, channel], array[:, channel], dtype=np.int64)
