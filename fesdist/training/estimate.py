"""How long a plan will take: one small tile is really computed, and scaled up."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from fesdist.families.common.contract import Model, TileProblem
from fesdist.families.common.fit import Fit
from fesdist.families.common.whole_image import WholeImageModel
from fesdist.ground.tiles import Tile, TileGrid
from fesdist.training.global_stage import Prepared, region_images
from fesdist.training.job import SampleGroup, TrainingJob
from fesdist.training.layout import CHUNK
from fesdist.training.plan import SAMPLES_AT_ONCE, TrainingPlan
from storage.stack.reading import TrainingStack

CLUSTER_SECONDS = 3.0
"""Starting and stopping local workers, which no amount of work changes."""


@dataclass(frozen=True)
class Estimate:
    """Projected seconds of a run, and the tile from which they were measured."""

    seconds: float
    probe_shape: tuple[int, int]


def estimate(job: TrainingJob, stack: TrainingStack, plan: TrainingPlan, n_workers: int) -> Estimate:
    """Compute the middle tile of a grid of small ones, from a few samples and without storing it, and scale the time.

    The time to read and add samples grows with their number; the time to solve does where a model keeps them. A model
    of the whole image compares each sample with each other; its small solution, made once, is not counted.
    """
    grid = TileGrid(plan.image_shape, (min(CHUNK, plan.image_shape[0]), min(CHUNK, plan.image_shape[1])))
    tile = grid[grid.shape[0] // 2 * grid.shape[1] + grid.shape[1] // 2]
    _measure(job, stack, tile, 1)  # compiles, or loads what an earlier run compiled
    add_seconds, solve_seconds = _measure(job, stack, tile, SAMPLES_AT_ONCE)
    pixels = np.prod(plan.image_shape) / np.prod(tile.region.shape)
    parallel = min(n_workers, len(plan.grid))
    return Estimate(CLUSTER_SECONDS + float(pixels) * (add_seconds + solve_seconds) / parallel, tile.region.shape)


def _measure(job: TrainingJob, stack: TrainingStack, tile: Tile, n_samples: int) -> tuple[float, float]:
    """Return the seconds that all samples of all groups will take to read and add, and the seconds to solve."""
    model = job.build_model()
    region, padding = model.inputs_of(tile.region, stack.image_shape)
    keeps_samples = _keeps_samples(model, job.fit(stack), tile)
    add_seconds = solve_seconds = 0.0
    for group in job.groups:
        few = replace(group, samples=group.samples[:n_samples])
        samples = np.array(few.samples)
        growth = len(group.samples) / len(samples)
        shared, compare_seconds = _global_stage(model, few, job, stack, tile)
        problem = TileProblem(tile, padding, stack.channels, job.colour, group.expressions, shared, stack.image_shape)
        start = time.perf_counter()
        statistics = model.statistics(problem, np.dtype(stack.dtype))
        statistics.add(
            stack.read(job.input_expression, samples, *region.slices),
            {name: stack.read(name, samples, *tile.region.slices) for name in group.expressions},
        )
        added = time.perf_counter()
        model.solve(statistics)
        add_seconds += (added - start) * (growth**2 if shared else growth) + compare_seconds * growth**2
        solve_seconds += (time.perf_counter() - added) * (growth if keeps_samples else 1.0)
    return add_seconds, solve_seconds


def _global_stage(
    model: Model, group: SampleGroup, job: TrainingJob, stack: TrainingStack, tile: Tile
) -> tuple[Prepared, float]:
    """Return what the stage before the tiles prepares from one tile, and the seconds of its pass over the tile."""
    if not isinstance(model, WholeImageModel):
        return {}, 0.0
    start = time.perf_counter()
    products = model.products(region_images(stack, job, group, tile.region), job.colour)
    seconds = time.perf_counter() - start
    fit = replace(job.fit(stack), n_samples=len(group.samples))
    return model.prepare_globals(products, group.expressions, fit), seconds


def _keeps_samples(model: Model, fit: Fit, tile: Tile) -> bool:
    """Return whether a tile's memory grows with the samples, also where no more of them are read at a time."""
    n_block = 16
    few, more = (
        model.projected_bytes(replace(fit, n_samples=blocks * n_block), tile.region.shape, n_block) for blocks in (1, 2)
    )
    return more > few
