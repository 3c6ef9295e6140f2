"""Cross-validation from sums: one pass over the images, whatever the number of folds and candidates."""

from __future__ import annotations

from collections.abc import Sequence

from fesdist.families.common.foldwise import FoldwiseModel
from fesdist.training.every_tile import on_every_tile
from fesdist.training.job import TrainingJob
from fesdist.tuning.errors import Validation
from fesdist.tuning.folds import Fold
from fesdist.tuning.foldwise_plan import FoldwiseWork, row_step_for, tiles_and_block
from fesdist.tuning.foldwise_task import TileErrors, validate_tile
from fesdist.tuning.resources import Resources
from storage.stack.reading import TrainingStack


def validate_foldwise(
    candidates: Sequence[FoldwiseModel],
    job: TrainingJob,
    stack: TrainingStack,
    folds: tuple[Fold, ...],
    resources: Resources,
    row_step: int | None,
    in_cells: bool,
) -> Validation:
    """Return the errors of all candidates, with those by cell if asked for.

    Raises PlanError for too little memory, and as `on_every_tile` does.
    """
    models, cluster = tuple(candidates), resources.cluster
    tile_shape, n_block = tiles_and_block(models, job.fit(stack), len(folds), resources.memory, cluster.n_workers)
    step = row_step_for(stack.image_shape) if row_step is None else row_step
    parameters = tuple(model.parameters() for model in models)
    work = FoldwiseWork(job, parameters, folds, tile_shape, n_block, step, in_cells)
    grid = work.grid(stack.image_shape)
    of_tiles: list[TileErrors] = on_every_tile(validate_tile, grid, cluster, (work,), resources.on_progress)
    first, *others = of_tiles
    for tile in others:
        for expression, totals in tile.totals.items():
            first.totals[expression].add(totals)
        if first.cells is not None and tile.cells is not None:
            first.cells.squared += tile.cells.squared
    return Validation(first.totals, cells=first.cells, row_step=step)
