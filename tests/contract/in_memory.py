"""Any model trained and applied in memory as a run does it: image pass, tiles, blocks of samples, codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from fesdist.families.common.contract import AnyModel
from fesdist.families.common.fit import Fit
from fesdist.families.common.image_pass import Prepared, RegionImages
from fesdist.families.common.layout import Array
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Person, Samples
from fesdist.ground.colour import Colour
from fesdist.ground.tiles import Region, Tile, TileGrid


@dataclass(frozen=True)
class Pairs:
    """Inputs and targets by expression, (sample, channel, row, col), and how they are fitted."""

    inputs: Array
    targets: Mapping[str, Array]
    colour: Colour = Colour.SHARED
    people: tuple[Person, ...] = field(default=())

    @property
    def shape(self) -> tuple[int, int]:
        return self.inputs.shape[2], self.inputs.shape[3]

    @property
    def fit(self) -> Fit:
        samples, channels = self.inputs.shape[:2]
        return Fit(self.shape, channels, self.colour, str(self.inputs.dtype), samples, len(self.targets))

    def of(self, which: Array) -> Pairs:
        """Return those samples whose numbers are in `which`."""
        people = tuple(self.people[number] for number in which) if self.people else ()
        return Pairs(
            self.inputs[which], {name: images[which] for name, images in self.targets.items()}, self.colour, people
        )

    def cut(self, inputs: Region, targets: Region, block: slice = slice(None)) -> Samples:
        """Return a block of samples in a tile."""
        return Samples(
            self.inputs[block, :, *inputs.slices],
            {name: images[block, :, *targets.slices] for name, images in self.targets.items()},
            self.people[block],
        )


def train(
    model: AnyModel, pairs: Pairs, *, tile_shape: tuple[int, int] | None = None, n_block: int = 1000
) -> dict[str, dict[str, Array]]:
    """Return all arrays of `solve`, put together from tiles, and those without pixels, for each expression."""
    prepared = prepare(model, pairs, tile_shape)
    whole: dict[str, dict[str, Array]] = {name: {} for name in pairs.targets}
    if image_pass := model.image_pass():
        whole = {name: {small: of.arrays[small] for small in image_pass.small} for name, of in prepared.items()}
    for tile in TileGrid(pairs.shape, tile_shape or pairs.shape):
        for expression, arrays in model.solve(gather(model, pairs, tile, prepared, n_block)).items():
            for name, values in arrays.items():
                empty = np.zeros((*values.shape[:-2], *pairs.shape), values.dtype)
                whole[expression].setdefault(name, empty)[..., *tile.region.slices] = values
    return whole


def prepare(model: AnyModel, pairs: Pairs, tile_shape: tuple[int, int] | None = None) -> Mapping[str, Prepared]:
    """Return what the model's image pass finds, if it has one, added up over tiles; nobody is held out."""
    image_pass = model.image_pass()
    if image_pass is None:
        return {}
    total = None
    for tile in TileGrid(pairs.shape, tile_shape or pairs.shape):
        samples = pairs.cut(tile.region, tile.region)
        nobody = dict.fromkeys(pairs.targets, samples.inputs[:0])
        found = image_pass.find(RegionImages(samples.inputs, samples.targets, nobody), pairs.colour)
        found = image_pass.restore(dict(found.arrays()))
        total = found if total is None else total + found
    return image_pass.finish(total, tuple(pairs.targets), pairs.fit)


def gather(model: AnyModel, pairs: Pairs, tile: Tile, prepared: Mapping[str, Prepared], n_block: int = 1000):  # type: ignore[no-untyped-def]
    """Return what a model gathers of a tile's samples."""
    wanted = model.targets_of(tile.region, pairs.shape)
    seen, padding = model.inputs_of(wanted, pairs.shape)
    problem = TileProblem(tile, padding, pairs.fit.channels, pairs.colour, tuple(pairs.targets), prepared, pairs.shape)
    gathered = model.gather(problem, pairs.inputs.dtype)
    for start in range(0, len(pairs.inputs), n_block):
        gathered.add(pairs.cut(seen, wanted, slice(start, start + n_block)))
    return gathered


def whole_tile(pairs: Pairs) -> Tile:
    """Return the tile that is the whole image."""
    return Tile(0, Region(0, pairs.shape[0], 0, pairs.shape[1]))


def apply(model: AnyModel, arrays: Mapping[str, Array], images: Array, region: Region | None = None) -> Array:
    """Return outputs (sample, channel, row, col) for whole images, in a region or everywhere; not clipped."""
    rows, cols = images.shape[2:]
    region = region or Region(0, rows, 0, cols)
    seen, padding = model.inputs_of(region, (rows, cols))
    given = images[..., *seen.slices]
    if image_pass := model.image_pass():
        given = image_pass.codes(arrays, image_pass.encode(arrays, images))
    of_region = {name: arrays[name][..., *region.slices] for name in model.reads}
    return model.apply(model.prepare(of_region), given, padding)
