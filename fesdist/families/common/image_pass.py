"""A pass over the whole image: what some models must find before their tiles are trained, or outputs made.

In training, what is found in each region of all images is added up over the image, and `finish` makes of the total
what every tile is given. In inference, `encode` of each region is added up over the image, and `codes` makes of the
sums what `Model.apply` gets in the place of inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.fit import Fit
from fesdist.families.common.layout import Array
from fesdist.families.common.sums import Additive
from fesdist.ground.colour import Colour
from fesdist.ground.memory import Memory

P = TypeVar("P", bound=Additive)


@dataclass(frozen=True)
class RegionImages:
    """All images of some expressions with the same samples, in one region, (sample, channel, row, col)."""

    inputs: Array
    targets: Mapping[str, Array]
    held_out: Mapping[str, Array]
    """For each expression the inputs of the people whose errors are measured."""


@dataclass(frozen=True)
class Prepared:
    """What the pass found for one expression."""

    arrays: Mapping[str, Array] = field(default_factory=dict)
    """What tiles need, by name, among them the arrays without pixels that the version keeps."""
    held_out: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0, 0), np.float32))
    """Codes of `RegionImages.held_out`, (sample, channel, code), in place of their inputs."""


class ImagePass(Protocol[P]):
    """What is added up over the image; `P` are its parts."""

    @property
    def encoder(self) -> str:
        """Return the name of the array with pixels that `encode` reads."""

    @property
    def small(self) -> tuple[str, ...]:
        """Return the names of the arrays without pixels that `codes` reads."""

    def memory(self, fit: Fit, tile_shape: tuple[int, int], n_held_out: int) -> Memory:
        """Return what is alive at most in a task on a tile, and when all are put together."""

    def find(self, images: RegionImages, colour: Colour) -> P:
        """Return what a region contributes."""

    def restore(self, arrays: Mapping[str, Array]) -> P:
        """Return the part that `arrays()` told."""

    def finish(self, total: P, expressions: tuple[str, ...], fit: Fit) -> dict[str, Prepared]:
        """Return, by expression, what tiles need.

        `fit.n_samples` may exceed the number of samples; arrays of the version are then filled up with zeros.
        """

    def encode(self, arrays: Mapping[str, Array], inputs: Array) -> NDArray[np.float64]:
        """Return what the pixels of a region add to the sums of images, (sample, channel, sum).

        `arrays` has `encoder` of one expression for a region, `inputs` are the images there, (sample, channel, row,
        col), uint8 in 0..255 or floating point in [0, 1].
        """

    def codes(self, small: Mapping[str, Array], sums: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the codes (sample, channel, code) of images from their sums and the arrays of `small`."""
