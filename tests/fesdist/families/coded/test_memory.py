"""The memory that the coded models say they need bounds the memory that they take."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pytest

from fesdist.families.coded.model import CodedModel
from fesdist.families.common.fit import Fit
from fesdist.families.common.footprint import compared_at_once
from fesdist.families.common.image_pass import RegionImages
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.common.validation import Judgement
from fesdist.ground.colour import Colour
from fesdist.ground.memory import Memory
from fesdist.ground.tiles import Padding, Region, Tile, TileGrid
from fesdist.registry import BilinearKernelReducedRank, KernelReducedRank, PrincipalComponents, RidgeRegression
from tests.fesdist.families.coded.problems import apply_coded, train_coded
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
    apply_coded(model, train_coded(model, small, {"compile": small})["compile"], small)
    rows, cols = TILE.region.shape

    def read(n: int) -> np.ndarray:
        images = random_images((n, 3, rows, cols))
        return images if itemsize == 1 else images / 255

    image_pass = model.image_pass()
    of_pass = image_pass.memory(fit, (rows, cols), n_held_out=10)
    targets, held_out = ({name: read(n) for name in names} for n in (n_samples, 10))
    images = RegionImages(read(n_samples), targets, held_out)
    held = sum(part.nbytes for part in (images.inputs, *images.targets.values(), *images.held_out.values()))
    with measured() as peak:
        products = image_pass.find(images, colour)
    within(of_pass, "multiplying", held + peak.bytes)
    sums = sum(values.nbytes for values in products.arrays().values())
    with measured() as peak:
        assert len(names) == len((products + image_pass.restore(products.arrays())).targets)
    within(of_pass, "adding up", 2 * sums + peak.bytes)
    with measured() as peak:
        shared = image_pass.finish(products, names, fit)
    within(of_pass, "solving", sums + peak.bytes)

    of_tile = model.memory(fit, (rows, cols), n_block)
    blocks = [(read(n_block), {name: read(n_block) for name in names}) for _ in range(2)]
    coefficients = sum(values.nbytes for of_one in shared.values() for values in of_one.arrays.values())
    tracemalloc.start()
    _, padding = model.inputs_of(TILE.region, (80, 80))
    statistics = model.gather(TileProblem(TILE, padding, 3, colour, names, shared), np.dtype(dtype))
    for inputs, targets in blocks:
        statistics.add(Samples(inputs, targets))
    # A block stays alive until the next is read.
    held = coefficients + (1 + n_expressions) * blocks[0][0].nbytes
    adding = held + tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    solved = model.solve(statistics)
    solving = held + tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    codes = np.zeros((min(n_block, compared_at_once(3, (rows, cols))), 3, model.n_codes(fit.n_vectors)), np.float32)
    ready = {name: model.prepare(arrays) for name, arrays in solved.items()}
    outputs = np.clip(model.apply(ready[names[0]], codes, padding), 0, 1)
    held_images = [np.ones(outputs.shape, np.float32) for _ in range(2)]
    errors = [(images - held_images[0]) ** 2 for images in (outputs, held_images[1])]
    measuring = held + tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(errors) == 2
    for name, peak_bytes in (("adding", adding), ("solving", solving), ("measuring", measuring)):
        within(of_tile, name, peak_bytes)
    assert of_tile.nbytes < 2 * max(adding, solving, measuring)


@pytest.mark.parametrize(("model", "colour", "n_expressions", "n_samples", "itemsize"), CASES)
def test_folds_are_within_what_is_projected(
    model: CodedModel, colour: Colour, n_expressions: int, n_samples: int, itemsize: int
) -> None:
    names = tuple(f"expression {number}" for number in range(n_expressions))
    dtype = np.dtype("uint8" if itemsize == 1 else "float64")
    fit = Fit((80, 80), 3, colour, str(dtype), n_samples, n_expressions)
    validation = type(model).cross_validation([model])
    projected = validation.memory(fit, TILE.region.shape, n_samples // 2, 2)
    problem, folds = TileProblem(TILE, Padding(0, 0, 0, 0), 3, colour, names), np.arange(n_samples) % 2
    regions = Region(0, 80, 0, 80), Region(40, 60, 20, 70)
    tracemalloc.start()
    gathered = validation.gather(problem, dtype, 2)
    for start in (0, n_samples // 2):
        shape = n_samples // 2, 3, *TILE.region.shape
        drawn = [random_images(shape).astype(dtype, copy=False) for _ in range(1 + n_expressions)]
        gathered.add(folds[start : start + shape[0]], Samples(drawn[0], dict(zip(names, drawn[1:], strict=True))))
        del drawn
    found = gathered.found(Judgement((80, 80), regions))
    finding = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    assert np.isfinite(validation.errors(found, names, fit, folds).squared).all()
    judging = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert finding <= projected.nbytes < 3 * finding
    within(projected, "judging", judging)


def within(memory: Memory, phase: str, measured: int) -> None:
    """Assert that a phase of some work takes no more than projected."""
    alive = sum(allocation.nbytes for allocation in memory.always)
    projected = alive + next(own.nbytes for own in memory.phases if own.name == phase)
    assert measured <= projected, (phase, projected / measured)


@dataclass
class Peak:
    bytes: int = 0


@contextmanager
def measured() -> Iterator[Peak]:
    """Give, afterwards, the most bytes that were allocated at once."""
    peak = Peak()
    tracemalloc.start()
    yield peak
    peak.bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
