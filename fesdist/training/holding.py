"""All samples of a tile, read once: those who teach it, fold by fold, and those on whom it is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from fesdist.families.common.contract import AnyModel
from fesdist.families.common.fit import Fit
from fesdist.families.common.footprint import evidence_arrays, moving, solved_arrays
from fesdist.families.common.layout import Array
from fesdist.families.common.samples import Samples
from fesdist.ground.memory import Allocation, Memory, Phase
from fesdist.ground.tiles import Region
from fesdist.training.context import learned_from
from fesdist.training.folds import Folds, n_folds, row_step
from fesdist.training.images import JobImages, Places, turned
from fesdist.training.job import SampleGroup

PIECE = 64
"""Rows and columns that are solved at a time: the sums of all folds stay in the processor's cache."""


@dataclass(frozen=True)
class Held:
    """The samples of a group of expressions in a tile."""

    teachers: Samples
    """Those who teach, fold after fold."""
    of_fold: tuple[int, ...]
    """How many samples each fold has."""
    measured: Mapping[str, tuple[Array, Array]]
    """By expression, inputs and targets of its held-out people, in the same regions."""


def hold(
    images: JobImages,
    group: SampleGroup,
    held_out: Mapping[str, Sequence[int]],
    folds: Folds,
    regions: tuple[Region, Region],
    *,
    mirror: bool,
) -> Held:
    """Read a group's samples, fold after fold, and those `held_out` of each expression.

    `regions` are those of inputs and of targets. A chunk of the stack is unpacked once, and once more for the mirror
    images of a tile that is not its own mirror image. Raises as reading the stack does.
    """
    inputs, targets = regions
    of_fold = folds.parted(group.samples)
    measured = sorted({place for name in group.expressions for place in held_out[name]})
    reading = _Reading(images, group.expressions[0], of_fold, mirror)
    seen, of_measured = reading.images(None, inputs, measured)
    shown = {name: reading.images(name, targets, held_out[name]) for name in group.expressions}
    teachers = Samples(seen, {name: images for name, (images, _) in shown.items()})
    at = {place: row for row, place in enumerate(measured)}

    def inputs_of(name: str) -> Array:
        alike = len(held_out[name]) == len(measured)
        return of_measured if alike else of_measured[[at[place] for place in held_out[name]]]

    counts = tuple((2 if mirror else 1) * len(places) for places in of_fold)
    return Held(teachers, counts, {name: (inputs_of(name), of_others) for name, (_, of_others) in shown.items()})


@dataclass(frozen=True)
class _Reading:
    """How the images of one expression are put where they belong."""

    of: JobImages
    first: str
    """Expression whose displacement the inputs are moved by; with a displacement it is alone in its group."""
    of_fold: list[list[int]]
    mirror: bool

    def images(self, name: str | None, region: Region, others: Sequence[int]) -> tuple[Array, Array]:
        """Return the targets `name`, or inputs, of fold after fold, each with its mirror images, and of `others`."""
        stack = self.of.stack
        shape, cols = (stack.channels, *region.shape), stack.image_shape[1]
        times = 2 if self.mirror else 1
        stops = np.cumsum([times * len(places) for places in self.of_fold])
        teachers, of_others = (np.empty((n, *shape), stack.dtype) for n in (stops[-1], len(others)))
        kept = np.split(teachers, stops[:-1])
        read = self.of.inputs_in(self.first, region) if name is None else partial(self._targets, name, region)
        self._fill([*kept, of_others], [*self.of_fold, others], read, mirrored=False)
        if self.mirror:
            halves = [each[len(places) :] for each, places in zip(kept, self.of_fold, strict=True)]
            if region.mirrored(cols) == region and not (name is None and self.of.displacements):
                for half, each in zip(halves, kept, strict=True):
                    half[...] = turned(each[: len(half)])
            else:
                self._fill(halves, self.of_fold, read, mirrored=True)
        return teachers, of_others

    def _targets(self, name: str, region: Region, samples: Places, mirrored: bool) -> Array:
        return self.of.targets(name, samples, region, mirrored=mirrored)

    def _fill(
        self,
        kept: Sequence[Array],
        wanted: Sequence[Sequence[int]],
        read: Callable[[Places, bool], Array],
        *,
        mirrored: bool,
    ) -> None:
        where = {place: (number, at) for number, places in enumerate(wanted) for at, place in enumerate(places)}
        stack = self.of.stack
        for block in stack.blocks(sorted(where), stack.spec.chunks()[0]):
            for image, place in zip(read(block, mirrored), block.tolist(), strict=True):
                number, at = where[place]
                kept[number][at] = image


def held_memory(
    model: AnyModel, fit: Fit, tile_shape: tuple[int, int], n_held_out: int, n_block: int, *, moved: bool
) -> Memory:
    """Return what is alive at most in a tile whose samples are held; `n_block` of them are read at a time."""
    rows, cols = tile_shape
    inputs, targets, _ = learned_from(model, Region(rows, 2 * rows, cols, 2 * cols), (3 * rows, 3 * cols))
    n_teach = fit.n_samples * (2 if model.mirror else 1)

    def images(name: str, n: int, copies: int) -> tuple[Allocation, ...]:
        return (
            Allocation(f"{name}: inputs", (n, fit.channels, *inputs.shape), fit.dtype),
            Allocation(f"{name}: targets", (n, fit.channels, *targets.shape), fit.dtype, copies),
        )

    folds = n_folds(fit.n_samples)
    piece = model.memory(fit, (min(rows, PIECE), min(cols, PIECE)), n_teach, folds)
    measuring = model.memory(fit, tile_shape, n_block, folds).phase("measuring")
    solved = (*solved_arrays(model.layout(fit), fit, tile_shape), *evidence_arrays(fit, tile_shape))
    # Those on whom expressions are measured may be others for each of them.
    held = (*images("held samples", n_teach, fit.n_expressions), *images("held-out", 2 * n_held_out, fit.n_expressions))
    n_judged = -(-rows // row_step(fit.image_shape))
    evidence = (
        *model.evidence_memory(fit, tile_shape, n_teach, folds),
        Allocation("evidence of rows", (2, fit.weight_channels, n_judged, cols), "float64", fit.n_expressions),
    )
    inputs_around, displacements, *while_moving = moving(fit, tile_shape, n_block)
    around = (inputs_around, *while_moving) if moved else ()
    return Memory(
        (*held, displacements) if moved else held,
        (
            Phase("reading", (*images("read", n_block, 1), *around)),
            Phase("leaving people out", (*solved, *evidence)),
            *(Phase(f"{phase.name} a piece", (*piece.always, *phase.allocations, *solved)) for phase in piece.phases),
            measuring,
        ),
    )
