"""What a tile needs is what the plan was told: never more, and not much less."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from fesdist.families.common.fit import Fit
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.ground.colour import Colour
from fesdist.ground.tiles import Region, Tile
from fesdist.registry import MaskedRegression
from tests.fesdist.families.problems import random_images, train


@pytest.mark.parametrize("colour", list(Colour))
@pytest.mark.parametrize(
    ("window", "n_expressions", "n_block", "dtype"),
    [(3, 1, 64, "uint8"), (5, 3, 16, "uint8"), (9, 1, 8, "uint8"), (1, 1, 200, "uint8"), (3, 2, 80, "float64")],
)
def test_measured_is_at_most_projected(
    colour: Colour, window: int, n_expressions: int, n_block: int, dtype: str
) -> None:
    model = MaskedRegression.with_window(window)
    names = tuple(f"expression {number}" for number in range(n_expressions))
    tile_shape, image_shape = (64, 48), (80, 80)
    fit = Fit(image_shape, 3, colour, dtype, 2 * n_block, n_expressions)
    projected = model.memory(fit, tile_shape, n_block).nbytes
    small = random_images((2, 3, 16, 16)).astype(dtype)
    train(model, small, {"compile": small})
    tile = Tile(0, Region(10, 74, 10, 58))
    seen, padding = model.inputs_of(tile.region, image_shape)
    tracemalloc.start()
    problem = TileProblem(tile, padding, 3, colour, names)
    statistics = model.gather(problem, small.dtype)
    for _ in range(2):
        shapes = [(n_block, 3, *seen.shape)] + [(n_block, 3, *tile_shape)] * n_expressions
        blocks = [np.zeros(shape, statistics.dtype) for shape in shapes]
        statistics.add(Samples(blocks[0], dict(zip(names, blocks[1:], strict=True))))
        del blocks
    solved = model.solve(statistics)
    _, measured = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(solved) == n_expressions
    assert projected / 2 < measured <= projected
