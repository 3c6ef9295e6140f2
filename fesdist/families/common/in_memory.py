"""Whole images in memory: what a model gathers of arrays, and what it learned applied to arrays, without a stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_128_hexdigest

from fesdist.families.common.contract import AnyModel, Model
from fesdist.families.common.layout import Array, TileArrays
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Person, Samples
from fesdist.families.common.sums import Gathered
from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError
from fesdist.ground.tiles import Region, Tile

G = TypeVar("G", bound=Gathered)


@dataclass(frozen=True)
class Learned:
    """A model, and the arrays of each expression that it learned for whole images."""

    model: AnyModel
    arrays: Mapping[str, TileArrays]

    def outputs(self, expression: str, inputs: Array) -> NDArray[np.float32]:
        """Return images with an expression, in [0, 1] units and not clipped; all (sample, channel, row, col).

        `inputs` are uint8 in 0..255 or floating point in [0, 1].
        """
        image_shape = inputs.shape[2], inputs.shape[3]
        _, padding = self.model.inputs_of(_whole(image_shape), image_shape)
        return self.model.apply(self.arrays[expression], inputs, padding)


def gathered(
    model: Model[G],
    inputs: Array,
    targets: Mapping[str, Array],
    subjects: Sequence[str] | None = None,
    colour: Colour = Colour.SHARED,
) -> G:
    """Return what a model gathers of whole images.

    `inputs` and, by expression, `targets` are (sample, channel, row, col), uint8 in 0..255 or float64 in [0, 1].
    `subjects`, one for each sample, enter the ledger; without them nobody knows whose images there are. Raises
    BadParameterError for another number of subjects, and ValueError for arrays that do not fit each other.
    """
    if subjects is not None and len(subjects) != len(inputs):
        raise BadParameterError(f"{len(subjects)} subjects of {len(inputs)} samples; expected one for each")
    image_shape = inputs.shape[2], inputs.shape[3]
    region = _whole(image_shape)
    _, padding = model.inputs_of(region, image_shape)
    problem = TileProblem(Tile(0, region), padding, inputs.shape[1], colour, tuple(targets), image_shape=image_shape)
    made = model.gather(problem, inputs.dtype)
    people = tuple(
        Person(subject, frozenset(map(_digest, (inputs[number], *(images[number] for images in targets.values())))))
        for number, subject in enumerate(subjects or ())
    )
    made.add(Samples(inputs, targets, people))
    return made


def _whole(image_shape: tuple[int, int]) -> Region:
    return Region(0, image_shape[0], 0, image_shape[1])


def _digest(image: Array) -> str:
    """Return the digest of an image as stacks have it: the XXH3 of its shape and dtype as text, then its pixels."""
    little = image.astype(image.dtype.newbyteorder("<"))
    return xxh3_128_hexdigest(f"{image.shape} {image.dtype.name}".encode() + little.tobytes())
