"""One tile, one task: the samples are read once, and every candidate is judged on every fold from their sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fesdist.families.common.contract import TileProblem
from fesdist.families.common.foldwise import FoldErrors
from fesdist.families.windowed.folds import measured_rows
from fesdist.ground.measures import mouth_region
from fesdist.ground.tiles import Region, Tile
from fesdist.training.job import SampleGroup
from fesdist.tuning.cells import CellErrors
from fesdist.tuning.errors import FoldTotals
from fesdist.tuning.foldwise_plan import FoldwiseWork
from storage.stack.reading import TrainingStack


@dataclass(frozen=True)
class TileErrors:
    """The few numbers that a tile sends home."""

    totals: Mapping[str, FoldTotals]
    """By expression."""
    cells: CellErrors | None
    """Of all expressions together."""


def validate_tile(index: int, work: FoldwiseWork) -> TileErrors:
    """Return the errors of all candidates in tile `index`."""
    stack = _open(work.job.stack)
    tile = work.grid(stack.image_shape)[index]
    n_candidates = len(work.candidates)
    totals = {name: FoldTotals.empty(len(work.folds), n_candidates) for name in work.job.expressions}
    cells = CellErrors(n_candidates) if work.in_cells else None
    for group in work.job.groups:
        _validate_group(work, stack, tile, group, totals, cells)
    return TileErrors(totals, cells)


def _validate_group(
    work: FoldwiseWork,
    stack: TrainingStack,
    tile: Tile,
    group: SampleGroup,
    totals: Mapping[str, FoldTotals],
    cells: CellErrors | None,
) -> None:
    model, dtype = type(work.candidates[0]), np.dtype(stack.dtype)
    inputs, padding = model.fold_inputs(work.candidates, tile.region, stack.image_shape)
    problem = TileProblem(tile, padding, stack.channels, work.job.colour, group.expressions)
    statistics = model.fold_statistics(work.candidates, problem, dtype, len(work.folds))
    fold_of = {person: number for number, fold in enumerate(work.folds) for person in fold}
    people = np.zeros(len(work.folds))
    for block in stack.blocks(group.samples, work.n_block):
        folds = np.array([fold_of[stack.subjects[sample].id] for sample in block])
        people += np.bincount(folds, minlength=len(people))
        statistics.add(
            folds,
            stack.read(work.job.input_expression, block, *inputs.slices),
            {name: stack.read(name, block, *tile.region.slices) for name in group.expressions},
        )
    mouth = mouth_region(stack.spec.mouth, stack.image_shape)
    for errors in statistics.errors(work.row_step):
        _add(errors, group, totals, mouth, work.row_step)
        if cells is not None:
            pixels = measured_rows(errors.region, work.row_step), range(errors.region.col0, errors.region.col1)
            cells.add(errors.candidate, errors.squared.sum(axis=0), pixels, stack.image_shape)
    rows = measured_rows(tile.region, work.row_step)
    in_mouth = len(_within(rows, mouth)) * _width(tile.region, mouth)
    for name in group.expressions:
        of_person = stack.channels * np.array([len(rows) * tile.region.shape[1], in_mouth])
        totals[name].values += people[:, None] * of_person


def _add(
    errors: FoldErrors, group: SampleGroup, totals: Mapping[str, FoldTotals], mouth: Region, row_step: int
) -> None:
    rows = _within(measured_rows(errors.region, row_step), mouth)
    cols = errors.region.overlap(mouth)[1]
    for name, squared in zip(group.expressions, errors.squared, strict=True):
        totals[name].squared[errors.fold, errors.candidate] += (squared.sum(), squared[rows, cols].sum())


def _within(rows: range, mouth: Region) -> list[int]:
    """Return which of the measured rows are in the mouth."""
    return [number for number, row in enumerate(rows) if mouth.row0 <= row < mouth.row1]


def _width(region: Region, mouth: Region) -> int:
    return max(0, min(region.col1, mouth.col1) - max(region.col0, mouth.col0))


@lru_cache(maxsize=4)
def _open(path: str) -> TrainingStack:
    return TrainingStack.open(path)
