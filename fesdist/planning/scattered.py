"""What tiles take of models whose outputs may read any input: some pixels all over the image are really solved.

How long a pixel takes depends on the images: how soon nothing better can be found, how many pixels a solution has. So
the dictionary of the whole image is made once, as each tile makes it, and pixels from all parts are solved with it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fesdist.families.common.layout import TileArrays
from fesdist.families.common.problem import TileProblem
from fesdist.ground.tiles import Region, Tile
from fesdist.planning.rehearsal import Costs, Rehearsal
from fesdist.training.context import learned_from
from fesdist.training.measuring import streamed_people

TARGET_BYTES = 64 << 20
"""Of targets that are read, at most: all of a small image, else a strip between its middle and its left edge."""

PLACES = 8
"""Bands of the image, in each of which some pixels are solved."""

SIZES = ((1, 16), (4, 16), (8, 16))
"""Rows and columns that are solved at a place: the quicker they are, the more."""

UNEXPECTED = 4.0
"""Times the seconds of other pixels, that tell of something made for the first time."""


def count_scattered(rehearsal: Rehearsal, costs: Costs) -> None:
    """Count what the tiles of one group take; raises as reading the stack does."""
    context, group, n_tiles = rehearsal.context, rehearsal.group, rehearsal.n_tiles
    stack, model = context.stack, context.model
    strip = _strip(rehearsal)
    inputs, targets, padding = learned_from(model, strip.region, stack.image_shape)
    problem = TileProblem(
        strip, padding, stack.channels, context.job.colour, group.expressions, image_shape=stack.image_shape
    )
    clock = costs.clock()
    gathered: Any = model.gather(problem, np.dtype(stack.dtype))
    blocks = context.images.blocks(group, inputs, targets, rehearsal.plan.n_block, mirror=model.mirror)
    for _, samples in clock.over("read", blocks):
        with clock("sums"):
            gathered.add(samples)
    # A tile reads all inputs, and few targets.
    n_pixels, n_targets = math.prod(rehearsal.plan.image_shape), len(group.expressions)
    of_tile = n_pixels * (1 + n_targets / n_tiles)
    read = n_pixels + n_targets * math.prod(strip.region.shape)
    costs.add_all(clock.seconds, rehearsal.growth * of_tile / read * n_tiles)
    solved = _solve(rehearsal, gathered, strip.region, costs)
    people = streamed_people(context, rehearsal.tile, group.expressions, {}, rehearsal.plan.n_block)
    rehearsal.judge(rehearsal.tile, rehearsal.filled(solved), people, costs, n_tiles)
    rehearsal.write(solved, costs)


def _strip(rehearsal: Rehearsal) -> Tile:
    rows, cols = rehearsal.plan.image_shape
    stack = rehearsal.context.stack
    of_column = rows * len(rehearsal.group.samples) * stack.channels * stack.dtype.itemsize
    of_column *= len(rehearsal.group.expressions)
    width = min(cols, max(64, TARGET_BYTES // of_column))
    first = max(0, 3 * cols // 8 - width // 2)
    return Tile(0, Region(0, rows, first, min(cols, first + width)))


def _solve(rehearsal: Rehearsal, gathered: Any, region: Region, costs: Costs) -> dict[str, TileArrays]:
    """Count the dictionary and the pixels, and return the arrays of the pixels that were solved last."""
    model = rehearsal.context.model
    solved: dict[str, TileArrays] = {}

    def seconds(place: Region) -> float:
        nonlocal solved
        part, start = gathered.part(place), costs.now()
        solved = model.solve(part)
        return costs.now() - start

    smallest = _places(region, SIZES[0])[0]
    with_dictionary, without = seconds(smallest), seconds(smallest)
    dictionary, of_pixel = with_dictionary - without, without / math.prod(smallest.shape)
    sizes = [size for size in SIZES if PLACES * math.prod(size) * of_pixel < costs.enough_seconds]
    spent, n_pixels = 0.0, 0
    for number, place in enumerate(_places(region, max(sizes, default=SIZES[0]))):
        if spent >= costs.enough_seconds and number > 1:
            break
        took, expected = seconds(place), of_pixel * math.prod(place.shape)
        if took > UNEXPECTED * expected:
            # The first that needs a part of the dictionary has it made.
            again = seconds(place)
            dictionary, took = dictionary + took - again, again
        spent, n_pixels = spent + took, n_pixels + math.prod(place.shape)
        of_pixel = spent / n_pixels
    costs.add("solve", dictionary, rehearsal.growth * rehearsal.n_tiles)
    costs.add("solve", of_pixel, rehearsal.growth * math.prod(rehearsal.plan.image_shape))
    return solved


def _places(region: Region, size: tuple[int, int]) -> list[Region]:
    """Return regions of at most this size, one in each band of rows, at changing columns: first and last ones first."""
    places = []
    for band in range(PLACES):
        at = (band + 0.5) / PLACES, ((3 * band + 1) % PLACES + 0.5) / PLACES
        (row, rows), (col, cols) = (
            (max(0, min(round(share * length - side / 2), length - side)), min(side, length))
            for share, length, side in zip(at, region.shape, size, strict=True)
        )
        places.append(Region(row, row + rows, col, col + cols).shifted(region.row0, region.col0))
    return [place for pair in zip(places[: PLACES // 2], places[::-1], strict=False) for place in pair]
