"""Cross-validation of models of the whole image: one pass over the images, then numbers of samples x samples only."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fesdist.cluster.settings import RESERVED_BYTES
from fesdist.families.coded.folds import fold_errors, fold_product_bytes, fold_products
from fesdist.families.coded.model import LowRankModel
from fesdist.families.common.contract import Array
from fesdist.families.common.fit import Fit
from fesdist.ground.errors import PlanError
from fesdist.ground.measures import mouth_region
from fesdist.ground.tiles import TileGrid
from fesdist.training.every_tile import on_every_tile
from fesdist.training.global_stage import region_images
from fesdist.training.job import TrainingJob
from fesdist.tuning.errors import FoldTotals, Validation
from fesdist.tuning.folds import Fold
from fesdist.tuning.foldwise_plan import TILE_SIDES
from fesdist.tuning.resources import Resources
from storage.stack.reading import TrainingStack


@dataclass(frozen=True)
class ImagePass:
    """All that a tile's task must know."""

    job: TrainingJob
    tile_shape: tuple[int, int]
    folder: str
    """Where tiles keep their products: a folder that the client and all workers share."""

    def path(self, index: int, group: int) -> Path:
        return Path(self.folder) / f"products-{self.job.digest()}-{group}-{index}.npz"


def validate_whole_image(
    candidates: Sequence[LowRankModel],
    job: TrainingJob,
    stack: TrainingStack,
    folds: tuple[Fold, ...],
    resources: Resources,
) -> Validation:
    """Return the errors of all candidates; tiles keep what they find in `resources.scratch`.

    Raises PlanError for too little memory, and as `on_every_tile` does.
    """
    fit, folder = job.fit(stack), resources.scratch
    tile_shape = _tile_shape(candidates[0], fit, resources.memory)
    work = ImagePass(replace(job, holdout={}), tile_shape, str(folder.absolute()))
    folder.mkdir(parents=True, exist_ok=True)
    grid = TileGrid(fit.image_shape, tile_shape)
    on_every_tile(keep_products, grid, resources.cluster, (work,), resources.on_progress)
    totals = {name: FoldTotals.empty(len(folds), len(candidates)) for name in job.expressions}
    rows, cols = mouth_region(stack.spec.mouth, stack.image_shape).shape
    for number, group in enumerate(job.groups):
        products = _added_up(work, number, len(grid))
        for position, fold in enumerate(folds):
            within = np.array([stack.subjects[sample].id in fold for sample in group.samples])
            for candidate, model in enumerate(candidates):
                errors = fold_errors(model, products, group.expressions, fit, within)
                for name, squared in errors.items():
                    totals[name].squared[position, candidate] = squared
            for name in group.expressions:
                totals[name].values[position] = within.sum() * fit.channels * np.array([fit.n_pixels, rows * cols])
    return Validation(totals)


def keep_products(index: int, work: ImagePass) -> None:
    """Keep the products of tile `index`, unless they are kept already."""
    stack = TrainingStack.open(work.job.stack)
    region = TileGrid(stack.image_shape, work.tile_shape)[index].region
    mouth = mouth_region(stack.spec.mouth, stack.image_shape)
    model = work.job.build_model()
    assert isinstance(model, LowRankModel)
    for number, group in enumerate(work.job.groups):
        path = work.path(index, number)
        if path.exists():
            continue
        images = region_images(stack, work.job, group, region)
        regions = region.overlap(region), region.overlap(mouth)
        found = fold_products(model, images.inputs, images.targets, work.job.colour, regions)
        partial = path.with_suffix(f".{os.getpid()}.part")
        with partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **{name.replace("/", "|"): values for name, values in found.items()})
        partial.replace(path)


def _added_up(work: ImagePass, group: int, n_tiles: int) -> dict[str, Array]:
    total: dict[str, Array] = {}
    for index in range(n_tiles):
        with np.load(work.path(index, group), allow_pickle=False) as kept:
            for key in kept.files:
                name = key.replace("|", "/")
                total[name] = total[name] + kept[key] if name in total else kept[key]
    return total


def _tile_shape(model: LowRankModel, fit: Fit, memory: int) -> tuple[int, int]:
    rows, cols = fit.image_shape
    for side in TILE_SIDES:
        shape = min(side, rows), min(side, cols)
        needed = RESERVED_BYTES + fold_product_bytes(model, fit, shape)
        if needed <= memory:
            return shape
    raise PlanError(
        f"a worker may use {memory / 2**20:.0f} MiB, but comparing {fit.n_samples} samples of {fit.n_expressions} "
        f"expressions with each other needs {needed / 2**20:.0f} MiB; give --memory {needed // 2**20 + 1}MiB or more, "
        "or tune for fewer expressions"
    )
