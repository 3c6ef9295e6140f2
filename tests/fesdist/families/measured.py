"""The memory that a tile really takes, beside what the model projects."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from fesdist.families.common.fit import Fit
from fesdist.families.common.footprint import compared_at_once
from fesdist.families.common.layout import common_layout
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.common.sums import added
from fesdist.ground.tiles import Region, Tile
from fesdist.registry import AnyModel
from tests.fesdist.families.problems import random_images, train


def projected_and_measured(model: AnyModel, fit: Fit, region: Region, n_block: int) -> tuple[int, int]:
    """Return the projected bytes of a tile, and the most that were alive while it was trained and measured."""
    names = ("a", "b", "c")[: fit.n_expressions]
    seen, padding = model.inputs_of(region, fit.image_shape)

    def work() -> None:
        problem = TileProblem(Tile(0, region), padding, 3, fit.colour, names, image_shape=fit.image_shape)
        sums = model.gather(problem, np.dtype(fit.dtype))
        for _ in range(2):
            sums.add(black_samples(fit, seen, region, n_block))
        solved = model.solve(sums)
        del sums
        ready = {name: model.prepare(arrays) for name, arrays in solved.items()}
        samples, at_once = black_samples(fit, seen, region, n_block), compared_at_once(3, region.shape)
        for name in (*names, names[0]):
            for start in range(0, n_block, at_once):
                part = slice(start, start + at_once)
                outputs = np.clip(model.apply(ready[name], samples.inputs[part], padding), 0, 1)
                targets, shown = (
                    images.astype(np.float32) / np.float32(255) if images.dtype == np.uint8 else images
                    for images in (samples.targets[name][part], samples.inputs[part][..., *region.within(seen)])
                )
                _ = (outputs - targets) ** 2, (shown - targets) ** 2

    small = random_images((2, 3, 16, 16)).astype(fit.dtype)
    solved = train(model, small, {"compile": small}, colour=fit.colour)
    model.apply(solved["compile"], small, model.inputs_of(Region(0, 16, 0, 16), (16, 16))[1])
    return model.memory(fit, region.shape, n_block).nbytes, peak(work)


def with_folds(model: AnyModel, fit: Fit, region: Region, n_folds: int) -> tuple[int, int]:
    """Return the projected bytes of a tile whose people are left out of sums, and the most that were alive."""
    names, n_block = ("a", "b", "c")[: fit.n_expressions], fit.n_samples // n_folds
    layouts = (*model.layout(fit), *common_layout(fit.weight_channels, 3))

    def work(region: Region) -> None:
        wanted = model.targets_of(region, fit.image_shape)
        seen, padding = model.inputs_of(wanted, fit.image_shape)
        problem = TileProblem(Tile(0, region), padding, 3, fit.colour, names, image_shape=fit.image_shape)
        folds = [model.gather(problem, np.dtype(fit.dtype)) for _ in range(n_folds)]
        samples = black_samples(fit, seen, wanted, n_block)
        for fold in folds:
            fold.add(samples)
        solved = [layout.empty(region.shape) for _ in names for layout in layouts]
        evidence = [np.empty((2, fit.weight_channels, *region.shape)) for _ in names]
        for parts in zip(*(fold.parts() for fold in folds), strict=True):
            total = added(parts)
            judged = model.evidence(total, parts, 1)
            _ = model.solve(total), judged
        del solved, evidence

    work(replace(region, row1=region.row0 + 8, col1=region.col0 + 8))  # what is compiled or imported is no tile's
    return model.memory(fit, region.shape, n_block, n_folds).nbytes, peak(lambda: work(region))


def black_samples(fit: Fit, seen: Region, region: Region, n_block: int) -> Samples:
    """Return a block of black images."""
    targets = {name: np.zeros((n_block, 3, *region.shape), fit.dtype) for name in ("a", "b", "c")[: fit.n_expressions]}
    return Samples(np.zeros((n_block, 3, *seen.shape), fit.dtype), targets)


def peak(work: Callable[[], None]) -> int:
    tracemalloc.start()
    work()
    _, measured = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return measured
