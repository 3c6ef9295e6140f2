"""Coded models trained and applied in memory, with the stages of a run: image pass, solution, tiles, codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fesdist.families.coded.model import CodedModel
from fesdist.families.common.fit import Fit
from fesdist.families.common.image_pass import RegionImages
from fesdist.families.common.layout import Array
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.ground.colour import Colour
from fesdist.ground.tiles import TileGrid

Trained = dict[str, dict[str, Array]]
"""All arrays of each expression: those with pixels, the small ones, and the codes of held-out inputs."""


def train_coded(
    model: CodedModel,
    inputs: Array,
    targets: Mapping[str, Array],
    *,
    held_out: Array | None = None,
    colour: Colour = Colour.GRAY,
    tile_shape: tuple[int, int] | None = None,
    n_block: int = 1000,
    n_samples: int | None = None,
) -> Trained:
    """Return what a run would store; `n_samples` are those of a larger group of expressions."""
    rows, cols = inputs.shape[2:]
    held_out = inputs[:0] if held_out is None else held_out
    fit = Fit((rows, cols), inputs.shape[1], colour, str(inputs.dtype), n_samples or len(inputs), len(targets))
    grid = TileGrid((rows, cols), tile_shape or (rows, cols))
    image_pass, products = model.image_pass(), None
    for tile in grid:
        here = (slice(None), slice(None), *tile.region.slices)
        images = RegionImages(
            inputs[here], {name: after[here] for name, after in targets.items()}, dict.fromkeys(targets, held_out[here])
        )
        found = image_pass.find(images, colour)
        products = found if products is None else products + found
    assert products is not None
    shared = image_pass.finish(products, tuple(targets), fit)
    whole: Trained = {
        name: {"held_out": prepared.held_out, **{array: prepared.arrays[array] for array in image_pass.small}}
        for name, prepared in shared.items()
    }
    for tile in grid:
        region, padding = model.inputs_of(tile.region, (rows, cols))
        problem = TileProblem(tile, padding, inputs.shape[1], colour, tuple(targets), shared)
        statistics = model.gather(problem, inputs.dtype)
        for start in range(0, len(inputs), n_block):
            block = slice(start, start + n_block)
            statistics.add(
                Samples(
                    inputs[block, :, *region.slices],
                    {name: after[block, :, *tile.region.slices] for name, after in targets.items()},
                )
            )
        for expression, arrays in model.solve(statistics).items():
            for name, values in arrays.items():
                empty = np.zeros((*values.shape[:-2], rows, cols), values.dtype)
                whole[expression].setdefault(name, empty)[..., *tile.region.slices] = values
    return whole


def apply_coded(model: CodedModel, arrays: Mapping[str, Array], images: Array, *, cuts: Sequence[int] = ()) -> Array:
    """Return outputs (sample, channel, row, col), encoded in bands of rows that end at `cuts`."""
    rows = images.shape[2]
    sums: list[Array] = []
    for start, stop in zip((0, *cuts), (*cuts, rows), strict=True):
        band = {model.encoder_name: arrays[model.encoder_name][..., start:stop, :]}
        sums.append(model.encode(band, images[:, :, start:stop]))
    _, padding = model.inputs_of(TileGrid((rows, 1), (rows, 1))[0].region, (rows, 1))
    return model.apply(arrays, model.codes(arrays, np.sum(sums, axis=0)), padding)
