"""How a model treats the colour channels: a fit each, one fit for all, or one fit on gray."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Colour(StrEnum):
    """Colour mode of a model (Khan et al. 2020, eq. 16 for `SHARED`).

    >>> [colour.weight_channels(3) for colour in Colour]
    [3, 1, 1]
    """

    PER_CHANNEL = "per-channel"
    """A fit for each channel."""
    SHARED = "shared"
    """One fit, of which each channel of an image is a sample."""
    GRAY = "gray"
    """One fit on gray images, applied to each channel."""

    def weight_channels(self, channels: int) -> int:
        """Number of weight sets that a model of images with `channels` channels has."""
        return channels if self is Colour.PER_CHANNEL else 1

    def channels_per_fit(self, channels: int) -> int:
        """Number of channels of each image that a set of weights is fitted on."""
        return channels if self is Colour.SHARED else 1

    def judged_in_colour(self, channels: int) -> bool:
        """Return whether outputs for stored colours have errors that the sums of a fit do not tell."""
        return self is Colour.GRAY and channels > 1


# ITU-R 601 luma in 16-bit fixed point, as Pillow's mode "L": gray photographs and gray models agree to the bit.
LUMA = np.array([19595, 38470, 7471], dtype=np.int64)


def to_gray(images: NDArray[Any]) -> NDArray[Any]:
    """Return gray images of the same dtype: gray = (19595 R + 38470 G + 7471 B) / 65536, rounded for uint8.

    `images` is (sample, channel, row, col), uint8 in 0..255 or floating point in [0, 1]; one channel passes
    through. The result is (sample, 1, row, col).
    """
    if images.shape[1] == 1:
        return images
    if images.dtype == np.uint8:
        # 32 bits hold the largest sum, 65536 * 255 + 32768.
        total: NDArray[Any] = np.einsum("ncij,c->nij", images, LUMA.astype(np.uint32), dtype=np.uint32)
        total += np.uint32(1 << 15)  # in place: fresh memory costs more than what is done with it
        total >>= np.uint32(16)
        return total.astype(np.uint8)[:, None]
    gray: NDArray[Any] = np.einsum("ncij,c->nij", images, (LUMA / 65536.0).astype(images.dtype))
    return gray[:, None]
