"""Refinement (RMR): where a model has nothing to change, keep the input's own detail.

Khan et al. 2020, equation 17: y' = (1 - alpha) x + alpha y. Theirs is a rule of thumb (section 6): pixels whose
receptive field has an ordinary l1 norm mostly copy their input; those far from the mean make the expression. What is
learned instead is how rightly the model changed people who were left out.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Map = NDArray[np.float32]


class Refinement(StrEnum):
    """Which alpha weighs the change that a model makes of a photograph."""

    LEARNED = "learned"
    """That which is best for people left out."""
    PAPERS = "papers"
    """That of the papers, from the norms of receptive fields."""
    NONE = "none"
    """1: the model's output as it is."""


ALPHAS = {Refinement.LEARNED: "learned_alpha", Refinement.PAPERS: "alpha"}
"""Arrays of a version; the first is only in those of models that have evidence."""

SMALLEST_BLUR = 1.5
"""Standard deviation, in pixels, of the blur of what is learned, where images are small."""

DISK_PER_SIDE = 1 / 32
"""Radius of the dilating disk for each pixel of the image's shorter side: 4 pixels at 128, 64 at 2048."""
BLUR_PER_SIDE = 1 / 64
"""Standard deviation of the Gaussian blur, likewise: 2 pixels at 128, 32 at 2048."""


def alpha_map(norm: NDArray[Any]) -> Map:
    """Return alpha of equation 17, (weight channel, row, col) float32 in [0, 1].

    From s, the l1 norm of each pixel's receptive field with its bias: z = |s - mean s| / std s; dilated with a
    disk; rescaled to [0, 1]; 1 / (1 + exp(-10 (z - 0.2))); rescaled; blurred. Disk and blur grow with the
    image. `norm` is s, (weight channel, row, col), floating point; each channel is treated by itself. Where
    norms do not differ nothing stands out, and alpha is 1: the model's output as it is.
    """
    alpha = np.empty(norm.shape, np.float32)
    for channel, values in enumerate(norm):
        alpha[channel] = _alpha(values)
    return alpha


def learned_alpha_map(agreement: NDArray[Any], change: NDArray[Any]) -> Map:
    """Return the alpha that makes refined outputs best for people left out, (weight channel, row, col) float32.

    With x, t and y the inputs, targets and outputs, Σ (t - x - alpha (y - x))² is smallest at
    alpha = Σ (t - x)(y - x) / Σ (y - x)². `agreement` and `change` are these sums, (weight channel, row, col) floating
    point, 0 where a pixel was not judged; both are blurred, so that a pixel is judged with those around it, and alpha
    is clipped to [0, 1]. Where nothing changes, and where nobody was left out, alpha is 1.
    """
    alpha = np.ones(change.shape, np.float32)
    sigma = max(SMALLEST_BLUR, min(change.shape[1:]) * BLUR_PER_SIDE)
    for channel in range(len(change)):
        around, below = (
            gaussian_filter(sums[channel].astype(np.float64), sigma, mode="nearest") for sums in (agreement, change)
        )
        np.divide(around, below, out=alpha[channel], where=below > 0, casting="same_kind")
    return np.clip(alpha, 0, 1, out=alpha)


def refine(inputs: NDArray[Any], outputs: NDArray[Any], alpha: NDArray[Any] | float, intensity: float = 1.0) -> Map:
    """Return x + intensity × alpha × (y - x), unclipped, (sample, channel, row, col) float32.

    Intensity 1 is equation 17. `inputs` x and `outputs` y are (sample, channel, row, col) in [0, 1] units;
    `alpha` is (weight channel, row, col) with one weight channel or as many as the images have, or a number.
    """
    change: Map = np.subtract(outputs, inputs, dtype=np.float32)
    change *= np.multiply(alpha, intensity, dtype=np.float32)
    change += inputs
    return change


def _alpha(norm: NDArray[Any]) -> Map:
    side = min(norm.shape)
    mean, deviation = float(norm.mean(dtype=np.float64)), float(norm.std(dtype=np.float64))
    # Equal norms differ by rounding; dividing that by its own deviation would make a map of noise.
    scale = 1 / deviation if deviation > 1e-9 * abs(mean) else 0.0
    z = np.abs((norm - mean) * scale).astype(np.float32)
    z = _rescaled(_dilated(z, max(1, round(side * DISK_PER_SIDE))))
    z -= np.float32(0.2)
    z *= np.float32(-10)
    np.exp(z, out=z)
    z += np.float32(1)
    np.reciprocal(z, out=z)
    blurred: Map = gaussian_filter(_rescaled(z), side * BLUR_PER_SIDE, mode="nearest")
    return np.clip(blurred, 0, 1, out=blurred)


def _rescaled(values: Map) -> Map:
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.ones_like(values)


def _dilated(values: Map, radius: int) -> Map:
    """Return the maximum of non-negative `values` within `radius` pixels of each.

    A disk is a stack of horizontal bars. The maximum over a bar is that of two overlapping windows whose width is a
    power of two, and those windows double as the bars get longer from the disk's edge to its middle.
    """
    rows, cols = values.shape
    windows, width = np.pad(values, ((0, 0), (radius, radius))), 1
    dilated = np.zeros_like(values)
    for drow in range(radius, -1, -1):
        reach = math.isqrt(radius**2 - drow**2)
        while 2 * width <= 2 * reach + 1:
            windows, width = np.maximum(windows[:, :-width], windows[:, width:]), 2 * width
        first, last = radius - reach, radius + reach + 1 - width
        bars = np.maximum(windows[:, first : first + cols], windows[:, last : last + cols])
        if drow < rows:
            np.maximum(dilated[drow:], bars[: rows - drow], out=dilated[drow:])
            np.maximum(dilated[: rows - drow], bars[drow:], out=dilated[: rows - drow])
    return dilated
