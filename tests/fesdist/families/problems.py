"""Training a model in memory, tile by tile and block by block, as a run does from a stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fesdist.families.common.layout import Array
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.ground.colour import Colour
from fesdist.ground.tiles import TileGrid
from fesdist.registry import AnyModel


def random_images(shape: tuple[int, ...], seed: int = 0) -> Array:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def train(
    model: AnyModel,
    inputs: Array,
    targets: Mapping[str, Array],
    *,
    colour: Colour = Colour.GRAY,
    tile_shape: tuple[int, int] | None = None,
    n_block: int = 1000,
) -> dict[str, dict[str, Array]]:
    """Return all arrays of `solve`, put together from tiles, for each expression."""
    image_shape = inputs.shape[2:]
    whole: dict[str, dict[str, Any]] = {name: {} for name in targets}
    for tile in TileGrid(image_shape, tile_shape or image_shape):
        seen, padding = model.inputs_of(tile.region, image_shape)
        problem = TileProblem(tile, padding, inputs.shape[1], colour, tuple(targets), image_shape=image_shape)
        statistics = model.gather(problem, inputs.dtype)
        for start in range(0, len(inputs), n_block):
            block = slice(start, start + n_block)
            statistics.add(
                Samples(
                    inputs[block, :, *seen.slices],
                    {name: images[block, :, *tile.region.slices] for name, images in targets.items()},
                )
            )
        for expression, arrays in model.solve(statistics).items():
            for name, values in arrays.items():
                empty = np.zeros((*values.shape[:-2], *image_shape), values.dtype)
                whole[expression].setdefault(name, empty)[..., *tile.region.slices] = values
    return whole
