"""Models on arrays in memory: the tiles of a run, on threads, without a cluster and without storage."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.image_pass import Prepared
from fesdist.families.common.layout import TileArrays
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.windowed.block import BlockSums, Planes
from fesdist.ground.colour import Colour
from fesdist.ground.receptive_field import displacements, halo_of
from fesdist.ground.tiles import Region, Tile, TileGrid
from fesdist.registry import AnyModel, MaskedRegression
from tests.benchmarks.limits import Work

Pairs = tuple[NDArray[np.uint8], NDArray[np.uint8]]
Shared = Mapping[str, Prepared]
TARGET = "target"


def plane_flops(model: MaskedRegression) -> float:
    """Return the multiplications and additions of one pixel, channel and sample, with one target expression."""
    return 2.0 * (len(displacements(model.offsets)) + len(model.offsets))


def solve_flops(model: MaskedRegression) -> float:
    """Return those of one pixel's system of n unknowns: n³ / 3 for Cholesky, 2 n² for its two triangular solves."""
    unknowns = len(model.offsets) + 1
    return unknowns**3 / 3 + 2 * unknowns**2


def fit_work(model: MaskedRegression, n_samples: int, channels: int, n_pixels: int) -> Work:
    """Return the least work of a fit with one set of weights: planes and systems; images read, weights written."""
    return Work(
        float32_flops=plane_flops(model) * n_samples * channels * n_pixels,
        float64_flops=solve_flops(model) * n_pixels,
        memory_bytes=n_pixels * (2.0 * n_samples * channels + 8.0 * (len(model.offsets) + 1)),
    )


def stored_work(model: MaskedRegression, n_samples: int, channels: int, n_pixels: int, stack_bytes: int) -> Work:
    """Return the least work of a fit whose `stack_bytes` are read from disk and whose weights are written there."""
    work = fit_work(model, n_samples, channels, n_pixels)
    return replace(work, disk_bytes=stack_bytes + 8.0 * n_pixels * (len(model.offsets) + 1))


def tile_statistics(model: AnyModel, pairs: Pairs, tile: Tile, shared: Shared | None = None) -> Any:
    """Return the statistics of all samples of a tile; colour is shared."""
    inputs, targets = pairs
    seen, padding = model.inputs_of(tile.region, (inputs.shape[2], inputs.shape[3]))
    problem = TileProblem(tile, padding, inputs.shape[1], Colour.SHARED, (TARGET,), shared or {})
    statistics = model.gather(problem, np.dtype(np.uint8))
    statistics.add(Samples(inputs[:, :, *seen.slices], {TARGET: targets[:, :, *tile.region.slices]}))
    return statistics


def fit_whole(model: AnyModel, pairs: Pairs, shared: Shared | None = None) -> TileArrays:
    """Return all arrays of whole images, fitted as one tile on one core; colour is shared."""
    rows, cols = pairs[0].shape[2:]
    return model.solve(tile_statistics(model, pairs, Tile(0, Region(0, rows, 0, cols)), shared))[TARGET]


def block_sums(model: MaskedRegression, pairs: Pairs) -> BlockSums:
    """Return the sums over all samples of whole images, as one block; colour is shared."""
    inputs, targets = pairs
    region = Region(0, inputs.shape[2], 0, inputs.shape[3])
    _, padding = halo_of(model.offsets).around(region, region.shape)
    problem = TileProblem(Tile(0, region), padding, inputs.shape[1], Colour.SHARED, (TARGET,))
    sums = BlockSums(problem, Planes(model.offsets, 1), np.dtype(np.uint8))
    sums.add([inputs, targets])
    return sums


def room_for_fit(model: MaskedRegression, pairs: Pairs) -> NDArray[np.float64]:
    """Return the memory that `fit` fills, (tap + 1, row, col) float64."""
    return np.empty((len(model.offsets) + 1, *pairs[0].shape[2:]))


def fit(
    model: MaskedRegression,
    pairs: Pairs,
    tile_side: int,
    pool: ThreadPoolExecutor,
    out: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return weights and bias, (tap + 1, row, col) float64, colour shared, a tile of the image in each task.

    `pairs` are inputs and targets, (sample, channel, row, col) uint8. `out` is filled and returned.
    """
    rows, cols = pairs[0].shape[2:]
    solutions = room_for_fit(model, pairs) if out is None else out

    def train(tile: Tile) -> None:
        arrays: dict[str, Any] = model.solve(tile_statistics(model, pairs, tile))[TARGET]
        solutions[:-1, *tile.region.slices] = arrays["weights"][0]
        solutions[-1, *tile.region.slices] = arrays["bias"][0]

    list(pool.map(train, TileGrid((rows, cols), (tile_side, tile_side))))
    return solutions
