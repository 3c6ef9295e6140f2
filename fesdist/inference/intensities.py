"""Scales of intensity: the images of a model, the images of a user, and the stretching of the papers' code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.errors import ImageError

Images = NDArray[np.float32]


def unit_scale(images: NDArray[Any]) -> Images:
    """Return images in [0, 1]: value / 255 for uint8, as they are for floating point; any shape, float32."""
    if images.dtype == np.uint8:
        return images * np.float32(1 / 255)
    return images.astype(np.float32, copy=False)


@dataclass(frozen=True)
class Range:
    """The lowest and highest value of each image over its channels and pixels, (sample, 1, 1, 1) float32 in [0, 1]."""

    low: Images
    high: Images

    @classmethod
    def of(cls, images: Images) -> Range:
        """Return the ranges of images (sample, channel, row, col) in [0, 1]."""
        axes = (1, 2, 3)
        return cls(images.min(axis=axes, keepdims=True), images.max(axis=axes, keepdims=True))

    def require_contrast(self) -> None:
        """Raise ImageError if the values of an image are all the same."""
        if not (self.high > self.low).all():
            raise ImageError(
                "the image has the same value everywhere; this model divides by the range of values of each "
                "image (normalisation min-max) and expects some contrast: leave the image out"
            )

    def normalised(self, images: Images) -> Images:
        """Return (image - low) / (high - low), the inputs of a min-max model; raises as `require_contrast` does."""
        self.require_contrast()
        return (images - self.low) / (self.high - self.low)

    def restored(self, images: Images) -> Images:
        """Return image * (high - low) + low, the inverse of `normalised`."""
        return images * (self.high - self.low) + self.low


def stretched(images: Images) -> Images:
    """Return (image - min) / (max - min) for each image (sample, channel, row, col); a flat image stays as it is."""
    own = Range.of(images)
    width = own.high - own.low
    return np.where(width > 0, (images - own.low) / np.where(width > 0, width, 1), images)
