"""The memory that the models of the whole image say they need bounds the memory that they take."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from fesdist.families.coded.model import CodedModel
from fesdist.families.common.fit import Fit
from fesdist.families.common.image_pass import RegionImages
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.ground.colour import Colour
from fesdist.ground.tiles import Tile, TileGrid
from fesdist.registry import BilinearKernelReducedRank, KernelReducedRank, PrincipalComponents, RidgeRegression
from tests.fesdist.families.coded.whole_images import apply_whole, train_whole
from tests.fesdist.families.problems import random_images

CASES: list[tuple[CodedModel, Colour, int, int, int]] = [
    (RidgeRegression(), Colour.SHARED, 1, 40, 1),
    (RidgeRegression(), Colour.PER_CHANNEL, 2, 40, 1),
    (PrincipalComponents(20), Colour.GRAY, 1, 40, 1),
    (KernelReducedRank(20), Colour.SHARED, 1, 40, 1),
    (BilinearKernelReducedRank(20), Colour.PER_CHANNEL, 3, 40, 8),
    (RidgeRegression(), Colour.GRAY, 1, 40, 8),
]
TILE: Tile = TileGrid((80, 80), (64, 48))[0]


@pytest.mark.parametrize(("model", "colour", "n_expressions", "n_samples", "itemsize"), CASES)
def test_measured_is_at_most_projected(
    model: CodedModel, colour: Colour, n_expressions: int, n_samples: int, itemsize: int
) -> None:
    n_block = n_samples // 2
    names = tuple(f"expression {number}" for number in range(n_expressions))
    dtype = "uint8" if itemsize == 1 else "float64"
    fit = Fit((80, 80), 3, colour, dtype, n_samples, n_expressions)
    small = random_images((2, 3, 16, 16))
    small = small if itemsize == 1 else small / 255
    apply_whole(model, train_whole(model, small, {"compile": small})["compile"], small)
    rows, cols = TILE.region.shape

    def read(n: int) -> np.ndarray:
        images = random_images((n, 3, rows, cols))
        return images if itemsize == 1 else images / 255

    projected = model.image_pass().memory(fit, (rows, cols), n_held_out=10).nbytes
    targets, held_out = ({name: read(n) for name in names} for n in (n_samples, 10))
    images = RegionImages(read(n_samples), targets, held_out)
    held = sum(part.nbytes for part in (images.inputs, *images.targets.values(), *images.held_out.values()))
    tracemalloc.start()
    products = model.image_pass().find(images, colour)
    measured = held + tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert projected / 4 < measured <= projected
    sums = sum(values.nbytes for values in products.arrays().values())
    tracemalloc.start()
    shared = model.image_pass().finish(products, names, fit)
    measured = sums + tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert measured <= projected

    projected = model.memory(fit, (rows, cols), n_block).nbytes
    blocks = [(read(n_block), {name: read(n_block) for name in names}) for _ in range(2)]
    block_bytes = (1 + n_expressions) * blocks[0][0].nbytes
    coefficients = sum(values.nbytes for of_one in shared.values() for values in of_one.arrays.values())
    tracemalloc.start()
    _, padding = model.inputs_of(TILE.region, (80, 80))
    statistics = model.gather(TileProblem(TILE, padding, 3, colour, names, shared), np.dtype(dtype))
    for inputs, targets in blocks:
        statistics.add(Samples(inputs, targets))
    adding = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    solved = model.solve(statistics)
    solving = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    codes = np.zeros((n_block, 3, model.n_codes(fit.n_vectors)), np.float32)
    outputs = np.clip(model.apply(model.prepare(solved[names[0]]), codes, padding), 0, 1)
    held_images = [np.ones(outputs.shape, np.float32) for _ in range(2)]
    errors = [(images - held_images[0]) ** 2 for images in (outputs, held_images[1])]
    measuring = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(errors) == 2
    measured = coefficients + max(block_bytes + adding, solving, measuring)
    assert projected / 2 < measured <= projected
