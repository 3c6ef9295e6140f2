"""What a tile learns from its samples: all of it at once, or piece by piece where its samples are held."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fesdist.families.common.image_pass import Prepared
from fesdist.families.common.layout import TileArrays
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.sums import added
from fesdist.ground.share import tell
from fesdist.ground.tiles import Padding, Region, Tile, TileGrid
from fesdist.passes.phases import Clock
from fesdist.training.context import TaskContext, learned_from
from fesdist.training.folds import Folds, folds_of, row_step
from fesdist.training.holding import PIECE, Held, hold
from fesdist.training.job import SampleGroup
from fesdist.training.layout import tile_layouts
from fesdist.training.strips import judges_around_rows

OnRows = Callable[[dict[str, TileArrays], int], None]
"""Is told the arrays of a tile, and the row before which nobody changes them any more."""


def hold_samples(context: TaskContext, tile: Tile, group: SampleGroup) -> Held:
    """Read all samples of a tile whose model is made from sums; raises as reading the stack does."""
    stack, model = context.stack, context.model
    inputs, targets, _ = learned_from(model, tile.region, stack.image_shape)
    held_out = {name: context.job.holdout.get(name, ()) for name in group.expressions}
    folds = folds_of(stack, group.samples)
    return hold(context.images, group, held_out, folds, (inputs, targets), mirror=model.mirror)


def solve_held(
    context: TaskContext, tile: Tile, group: SampleGroup, held: Held, clock: Clock, on_rows: OnRows | None = None
) -> dict[str, TileArrays]:
    """Return the arrays of each expression, solved from samples that are held.

    `on_rows` is told these arrays and the row of the tile before which they are solved, after each row of pieces.
    """
    stack, model = context.stack, context.model
    all_inputs, all_targets, padding = learned_from(model, tile.region, stack.image_shape)
    solved, pieces = _empty(context, tile, group), TileGrid(tile.region.shape, (PIECE, PIECE))

    def sums_of(region: Region, *, by_fold: bool) -> list[Any]:
        inputs, targets, padding = learned_from(model, region, stack.image_shape)
        problem, found = _problem(context, Tile(tile.index, region), padding, group, {}), []
        part = held.teachers.within(inputs.within(all_inputs), targets.within(all_targets))
        for samples in part.by_fold(held.of_fold) if by_fold else (part,):
            found.append(model.gather(problem, np.dtype(stack.dtype)))
            found[-1].add(samples)
        return found

    around_rows = judges_around_rows(model, stack, len(held.teachers))
    if around_rows and len(held.of_fold) > 1:
        with clock("evidence"):
            step, problem = row_step(stack.image_shape), _problem(context, tile, padding, group, {})
            evidence = model.evidence_of_samples(problem, held.teachers, held.of_fold, step)
            _put(evidence, solved, (slice(-tile.region.row0 % step, None, step), slice(None)))
    for number, part in enumerate(pieces):
        with clock("sums"):
            folds = sums_of(part.region.shifted(tile.region.row0, tile.region.col0), by_fold=not around_rows)
        _solve_sums(context, tile.region, folds, solved, clock)
        if on_rows is not None and part.region.col1 == tile.region.shape[1]:
            on_rows(solved, part.region.row1)
        tell((number + 1) / len(pieces))
    return solved


def solve_streamed(
    context: TaskContext,
    tile: Tile,
    group: SampleGroup,
    prepared: Mapping[str, Prepared],
    n_block: int,
    clock: Clock,
) -> dict[str, TileArrays]:
    """Return the arrays of each expression, its samples read `n_block` at a time; raises as reading the stack does."""
    stack, model = context.stack, context.model
    inputs, targets, padding = learned_from(model, tile.region, stack.image_shape)
    problem = _problem(context, tile, padding, group, prepared)
    folds = folds_of(stack, group.samples) if model.has_evidence else Folds.one(group.samples)
    gathered = [model.gather(problem, np.dtype(stack.dtype)) for _ in range(folds.count)]
    n_added, n_all = 0, len(group.samples) * (2 if model.mirror else 1)
    for places, samples in clock.over(
        "read", context.images.blocks(group, inputs, targets, n_block, mirror=model.mirror)
    ):
        fold_of = folds.numbers(places)
        with clock("sums"):
            for fold in np.unique(fold_of):
                gathered[fold].add(samples.of(fold_of == fold) if len(gathered) > 1 else samples)
        if not model.whole_inputs:
            n_added += len(places)
            tell(n_added / n_all)
    if not model.has_evidence:
        with clock("solve"):
            return model.solve(gathered[0])
    solved = _empty(context, tile, group)
    _solve_sums(context, tile.region, gathered, solved, clock)
    return solved


def _problem(
    context: TaskContext, tile: Tile, padding: Padding, group: SampleGroup, prepared: Mapping[str, Prepared]
) -> TileProblem:
    stack = context.stack
    return TileProblem(
        tile, padding, stack.channels, context.job.colour, group.expressions, prepared, stack.image_shape
    )


def _empty(context: TaskContext, tile: Tile, group: SampleGroup) -> dict[str, TileArrays]:
    """Return arrays of zeros: so is the evidence in rows that are not judged, and where there is only one person."""
    layouts = tile_layouts(context.model, context.job.fit(context.stack))
    shape = tile.region.shape
    return {
        expression: {layout.name: np.zeros(layout.shape(shape), layout.dtype) for layout in layouts}
        for expression in group.expressions
    }


def _solve_sums(
    context: TaskContext, region: Region, folds: list[Any], solved: dict[str, TileArrays], clock: Clock
) -> None:
    """Put into `solved` what is solved from the sums of all folds, and the evidence of each fold, part by part."""
    model, step = context.model, row_step(context.stack.image_shape)
    for parts in zip(*(sums.parts() for sums in folds), strict=True):
        place = parts[0].pixels.within(region)
        with clock("sums"):
            total = added(parts)
        with clock("evidence"):
            evidence = model.evidence(total, parts, step) if len(parts) > 1 else {}
        with clock("solve"):
            weights = model.solve(total)
        for of_part in (weights, evidence):
            _put(of_part, solved, place)


def _put(found: Mapping[str, TileArrays], solved: dict[str, TileArrays], place: tuple[slice, slice]) -> None:
    for expression, arrays in found.items():
        for name, values in arrays.items():
            solved[expression][name][..., *place] = values
