"""Cross-validation from sums: one pass over the images, whatever the number of folds and candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fesdist.cluster.settings import Cluster
from fesdist.models.foldwise import FoldwiseModel
from fesdist.training.every_tile import Progress, on_every_tile
from fesdist.training.job import TrainingJob
from fesdist.tuning.cells import CellErrors
from fesdist.tuning.errors import FoldTotals
from fesdist.tuning.folds import Fold
from fesdist.tuning.foldwise_plan import FoldwiseWork, row_step_for, tiles_and_block
from fesdist.tuning.foldwise_task import TileErrors, validate_tile
from storage.stack import TrainingStack


def validate_foldwise(
    candidates: Sequence[FoldwiseModel],
    job: TrainingJob,
    stack: TrainingStack,
    folds: tuple[Fold, ...],
    cluster: Cluster,
    *,
    memory: int,
    row_step: int | None,
    in_cells: bool,
    on_progress: Progress | None = None,
) -> tuple[Mapping[str, FoldTotals], CellErrors | None, int]:
    """Return the totals by expression, the errors by cell if asked for, and the distance of the rows measured.

    Raises PlanError for too little memory, and as `on_every_tile` does.
    """
    models = tuple(candidates)
    tile_shape, n_block = tiles_and_block(models, job.fit(stack), len(folds), memory, cluster.n_workers)
    step = row_step_for(stack.image_shape) if row_step is None else row_step
    parameters = tuple(model.parameters() for model in models)
    work = FoldwiseWork(job, parameters, folds, tile_shape, n_block, step, in_cells)
    grid = work.grid(stack.image_shape)
    of_tiles: list[TileErrors] = on_every_tile(validate_tile, grid, cluster, (work,), on_progress)
    first, *others = of_tiles
    for tile in others:
        for expression, totals in tile.totals.items():
            first.totals[expression].add(totals)
        if first.cells is not None and tile.cells is not None:
            first.cells.squared += tile.cells.squared
    return first.totals, first.cells, step
