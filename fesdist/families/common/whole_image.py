"""Models whose outputs see the whole image through a few numbers, its codes: what they offer beside `Model`.

Training has a stage before the tiles: `products` of each region are added up over the image, and
`prepare_globals` makes of them the small arrays that every tile is given as `TileProblem.shared`. Inference
has one before the outputs: `encode` of each region is added up over the image, `codes` makes codes of the sums,
and `apply` gets these in the place of inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.contract import Array, ArrayLayout, Model, common_layout
from fesdist.families.common.fit import Fit
from fesdist.ground.colour import Colour


@dataclass(frozen=True)
class SmallLayout:
    """One array that a model stores for each expression, without pixels: two dimensions or more, names and lengths."""

    name: str
    dims: tuple[tuple[str, int], ...]
    dtype: str
    description: str


@dataclass(frozen=True)
class RegionImages:
    """All images of some expressions with the same samples, in one region, (sample, channel, row, col)."""

    inputs: Array
    targets: Mapping[str, Array]
    held_out: Mapping[str, Array]
    """For each expression the inputs of the people whose errors are measured."""


@runtime_checkable
class WholeImageModel(Model, Protocol):
    """A model with a global stage. `apply` takes codes as `inputs`, (sample, channel, code), and no padding."""

    encoder_name: ClassVar[str]
    """The array with pixels that `encode` reads."""
    decoder_name: ClassVar[str]
    """The array with pixels and codes that `apply` reads, beside those of `layout`."""
    small_names: ClassVar[tuple[str, ...]]
    """The arrays without pixels that `codes` reads."""

    def code_layout(self, fit: Fit) -> tuple[ArrayLayout, ...]:
        """Return the arrays with pixels whose sizes depend on the fit; `layout` returns the others."""

    def small_layout(self, fit: Fit) -> tuple[SmallLayout, ...]:
        """Return how the arrays of `small_names` are stored."""

    def global_bytes(self, fit: Fit, tile_shape: tuple[int, int], n_held_out: int) -> int:
        """Return an upper bound of the array bytes of the global stage, in a task on a tile or at the end."""

    def products(self, images: RegionImages, colour: Colour) -> dict[str, Array]:
        """Return what the global stage needs of a region, by name; arrays to be added up over the image."""

    def prepare_globals(
        self, products: Mapping[str, Array], expressions: tuple[str, ...], fit: Fit
    ) -> dict[str, dict[str, Array]]:
        """Return, by expression, the small arrays that tiles need, among them those of `small_layout`.

        `held_out` are the codes of `RegionImages.held_out`, as `codes` returns them. `fit.n_samples` may exceed the
        number of samples; the arrays of `small_layout` are then filled up with zeros.
        """

    def encode(self, arrays: Mapping[str, Array], inputs: Array) -> NDArray[np.float64]:
        """Return what the pixels of a region add to the sums of images, (sample, channel, sum).

        `arrays` has `encoder_name` of one expression for a region, `inputs` are the images there, (sample, channel,
        row, col), uint8 in 0..255 or floating point in [0, 1].
        """

    def codes(self, small: Mapping[str, Array], sums: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the codes (sample, channel, code) of images from their sums and the arrays of `small_layout`."""


def layout_of(model: Model, fit: Fit) -> tuple[ArrayLayout, ...]:
    """Return all arrays with pixels that a trained model has."""
    code_layout = model.code_layout(fit) if isinstance(model, WholeImageModel) else ()
    return (*model.layout(fit.weight_channels), *code_layout, *common_layout(fit.weight_channels, fit.channels))


def held_out_name(expression: str) -> str:
    """Return the name of the products between held-out inputs and the images that codes are made from."""
    return f"held-out/{expression}"
