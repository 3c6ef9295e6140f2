"""What a model is fitted on, in numbers: the sizes of all its arrays follow from these and its hyper-parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fesdist.ground.colour import Colour


@dataclass(frozen=True)
class Fit:
    """Images, colour mode, samples and expressions of a job, for whatever asks how much space a model takes."""

    image_shape: tuple[int, int]
    """Rows and columns."""
    channels: int
    """Channels of the images as they are stored."""
    colour: Colour
    dtype: str
    """Of the stored pixels: uint8 in 0..255, or float64 in [0, 1]."""
    n_samples: int
    """Pairs of images; where expressions have different ones, the largest number."""
    n_expressions: int
    """Target expressions that are fitted together because they have the same samples; the largest number."""

    @property
    def n_pixels(self) -> int:
        """Rows times columns of the image."""
        return math.prod(self.image_shape)

    @property
    def itemsize(self) -> int:
        """Bytes of a stored value."""
        return np.dtype(self.dtype).itemsize

    @property
    def weight_channels(self) -> int:
        """Sets of weights."""
        return self.colour.weight_channels(self.channels)

    @property
    def n_vectors(self) -> int:
        """Images of one channel that a set of weights is fitted on; shared colour has one for each channel."""
        return self.n_samples * self.colour.channels_per_fit(self.channels)

    @property
    def gray_bytes(self) -> int:
        """Bytes a pixel of a gray version while it is made, with 32-bit sums; 0 where the model stays in colour."""
        return self.itemsize + 8 if self.colour is Colour.GRAY else 0
