"""What a displacement is worth: the errors of people who are moved by what the others teach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.tiles import Region
from fesdist.shape.field import FlowSums


@dataclass(frozen=True)
class ComparedPair:
    """One person at the size at which images are compared: gray images, (row, col) uint8."""

    inputs: NDArray[np.uint8]
    target: NDArray[np.uint8]


@dataclass(frozen=True)
class ShapeErrors:
    """Errors in a region of gray images of people left out, MSE x 100 in [0, 1] units; 0 without people or pixels."""

    unchanged_mse_x100: float
    """Of output = input."""
    moved_mse_x100: float
    """Of inputs moved by the displacement that the other folds teach."""


def judged(
    sums: Sequence[FlowSums], pairs: Mapping[int, Sequence[ComparedPair]], region: Region
) -> tuple[ShapeErrors, ShapeErrors]:
    """Return the errors over the whole image, and in a region of it, at the size of compared images.

    `sums` are those of each fold, `pairs` some people of each fold by its number. Nobody can be judged where there is
    but one fold.
    """
    n_people = sum(map(len, pairs.values()))
    if len(sums) < 2 or not n_people:
        return ShapeErrors(0.0, 0.0), ShapeErrors(0.0, 0.0)
    total = reduce(add, sums)
    shape = total.number.shape
    unchanged, moved = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for fold, people in pairs.items():
        learned = (total - sums[fold]).displacement()
        inputs = np.stack([pair.inputs for pair in people])
        for pair, image in zip(people, learned.applied(inputs[:, None])[:, 0], strict=True):
            unchanged += _squared(pair.inputs, pair.target)
            moved += _squared(image, pair.target)
    whole = Region(0, shape[0], 0, shape[1])

    def errors(part: Region) -> ShapeErrors:
        # Images of a row have no mouth.
        scale = 100 / (255.0**2 * n_people * max(1, part.shape[0] * part.shape[1]))
        return ShapeErrors(*(round(float(each[part.slices].sum() * scale), 6) for each in (unchanged, moved)))

    return errors(whole), errors(region)


def _squared(image: NDArray[np.uint8], target: NDArray[np.uint8]) -> NDArray[np.int64]:
    difference = image.astype(np.int64) - target
    return np.asarray(difference * difference)
