"""How long a plan will take: one small tile is really computed, and scaled up."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from fesdist.families.common.contract import AnyModel
from fesdist.families.common.image_pass import Prepared
from fesdist.families.common.problem import TileProblem
from fesdist.ground.tiles import Tile, TileGrid
from fesdist.training.context import learned_from
from fesdist.training.flows import batches_of, found_flows, pairs_of
from fesdist.training.folds import n_folds, row_step
from fesdist.training.image_stage import region_images
from fesdist.training.images import JobImages
from fesdist.training.job import SampleGroup, TrainingJob
from fesdist.training.layout import CHUNK
from fesdist.training.plan import SAMPLES_AT_ONCE, TrainingPlan
from storage.stack.reading import TrainingStack

CLUSTER_SECONDS = 3.0
"""Starting and stopping local workers, which no amount of work changes."""


QUICK_SECONDS = 2.0
"""A tile that takes less is measured twice."""


@dataclass(frozen=True)
class Estimate:
    """Projected seconds of a run, and the tile from which they were measured."""

    seconds: float
    """Without compiling, which happens once, and has happened by now."""
    probe_shape: tuple[int, int]
    compile_seconds: float = 0.0
    """What it took here; next to nothing where an earlier run has kept the kernels."""


def estimate(
    job: TrainingJob,
    stack: TrainingStack,
    plan: TrainingPlan,
    n_workers: int,
    *,
    shaped: bool = False,
    starting_seconds: float = CLUSTER_SECONDS,
) -> Estimate:
    """Compute the middle tile of a grid of small ones, from a few samples and without storing it, and scale the time.

    The time to read and add samples grows with their number; the time to solve does where a model keeps them. A model
    of the whole image compares each sample with each other; its small solution, made once, is not counted.
    `starting_seconds` are those of a cluster that is started for the run.
    """
    grid = TileGrid(plan.image_shape, (min(CHUNK, plan.image_shape[0]), min(CHUNK, plan.image_shape[1])))
    tile = grid[grid.shape[0] // 2 * grid.shape[1] + grid.shape[1] // 2]
    first, again = (_seconds_of(lambda: _measure(job, stack, tile, 1)) for _ in range(2))
    measured = [_measure(job, stack, tile, SAMPLES_AT_ONCE)]
    if sum(measured[0]) < QUICK_SECONDS:
        # A moment in which something else ran would be multiplied by the number of tiles.
        measured.append(_measure(job, stack, tile, SAMPLES_AT_ONCE))
    add_seconds, solve_seconds = min(measured, key=sum)
    pixels = np.prod(plan.image_shape) / np.prod(tile.region.shape)
    parallel = min(n_workers, len(plan.grid))
    flows = _seconds_of_flows(job, stack) / n_workers if shaped else 0.0
    return Estimate(
        starting_seconds + flows + float(pixels) * (add_seconds + solve_seconds) / parallel,
        tile.region.shape,
        max(0.0, first - again),
    )


def _seconds_of(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _seconds_of_flows(job: TrainingJob, stack: TrainingStack) -> float:
    """Return the seconds that all flows take one worker, from those of a batch: what is kept already is not found."""
    pairs = pairs_of(job)
    batch = batches_of(pairs, stack)[0]
    list(found_flows(stack, batch[:1]))  # loads the library
    start = time.perf_counter()
    list(found_flows(stack, batch))
    return len(pairs) / len(batch) * (time.perf_counter() - start)


def _measure(job: TrainingJob, stack: TrainingStack, tile: Tile, n_samples: int) -> tuple[float, float]:
    """Return the seconds that all samples of all groups will take to read and add, and the seconds to solve."""
    model, images = job.build_model(), JobImages.of(job, stack)
    region, targets, padding = learned_from(model, tile.region, stack.image_shape)
    add_seconds = solve_seconds = 0.0
    for group in job.groups:
        few = replace(group, samples=group.samples[:n_samples])
        growth = len(group.samples) / len(few.samples)
        prepared, compare_seconds = _image_pass(model, few, job, images, tile)
        problem = TileProblem(tile, padding, stack.channels, job.colour, group.expressions, prepared, stack.image_shape)
        start = time.perf_counter()
        gathered = model.gather(problem, np.dtype(stack.dtype))
        for _, samples in images.blocks(few, region, targets, n_samples, mirror=model.mirror):
            gathered.add(samples)
        added = time.perf_counter()
        model.solve(gathered)
        if model.has_evidence:
            # As many systems are solved again as there are folds, in some of the rows.
            model.evidence(gathered, [gathered] * n_folds(len(group.samples)), row_step(stack.image_shape))
        add_seconds += (added - start) * (growth**2 if prepared else growth) + compare_seconds * growth**2
        solve_seconds += (time.perf_counter() - added) * (1.0 if model.keeps_sums else growth)
    return add_seconds, solve_seconds


def _image_pass(
    model: AnyModel, group: SampleGroup, job: TrainingJob, images: JobImages, tile: Tile
) -> tuple[Mapping[str, Prepared], float]:
    """Return what the model's image pass, if it has one, prepares from one tile, and the seconds of this tile."""
    image_pass = model.image_pass()
    if image_pass is None:
        return {}, 0.0
    start = time.perf_counter()
    found = image_pass.find(region_images(images, job, group, tile.region), job.colour)
    seconds = time.perf_counter() - start
    return image_pass.finish(
        found, group.expressions, replace(job.fit(images.stack), n_samples=len(group.samples))
    ), seconds
