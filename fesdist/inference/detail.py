"""The photograph's own fine detail: a small model makes a coarse change well, and blurs what it cannot know."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.gaussian import smoothed
from fesdist.ground.tiles import Region
from fesdist.inference.blur import blurred

Images = NDArray[np.float32]

FINE_PER_SIDE = 1 / 128
"""Standard deviation that parts fine from coarse, for each pixel of the image's shorter side: 1 pixel at 128."""
SMALLEST_BLUR = 0.5
"""Pixels, of images that are smaller than 64."""
FEATHER_PER_SIDE = 1 / 32
"""Of the mouth's edge."""


def with_detail(inputs: NDArray[Any], outputs: Images, mouth: Region) -> Images:
    """Return x + G(y - x) + m (y - x - G(y - x)): outside the mouth the change is coarse, and what is fine stays.

    G is a Gaussian blur, m is 1 in the mouth, 0 far from it and soft between. `inputs` x and `outputs` y are (sample,
    channel, row, col) in [0, 1], the result likewise, float32, unclipped.
    """
    shape = inputs.shape[-2:]
    change = np.subtract(outputs, inputs, dtype=np.float32)
    without_fine = coarse(change)
    change -= without_fine
    change *= mouth_mask(shape, mouth)
    change += without_fine
    change += inputs
    kept: Images = change
    return kept


def fine_sigma(shape: tuple[int, int]) -> float:
    """Return the standard deviation, in pixels, that parts fine from coarse in images of `shape` (rows, cols)."""
    return max(min(shape) * FINE_PER_SIDE, SMALLEST_BLUR)


def coarse(change: Images) -> Images:
    """Return G(change): what is left of a change, (sample, channel, row, col), when all that is fine is taken away."""
    return blurred(change, fine_sigma((change.shape[-2], change.shape[-1])))


@lru_cache(maxsize=8)
def mouth_mask(shape: tuple[int, int], mouth: Region) -> Images:
    """Return m of `with_detail`, (row, col) float32."""
    mask = np.zeros(shape, np.float32)
    mask[mouth.slices] = 1
    soft: Images = smoothed(mask, min(shape) * FEATHER_PER_SIDE)
    soft.flags.writeable = False
    return soft
