"""The displacement that people have in common: at each pixel the mean of the flows known there, made smooth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.gaussian import smoothed
from fesdist.shape.flow import STEPS, UNKNOWN, Flow
from fesdist.shape.warping import LARGEST_REACH, Displacement

SMOOTH_PER_SIDE = 0.01
"""Standard deviation of the Gaussian weights of neighbours, for each pixel of the shorter side."""
SMALLEST_SMOOTH = 1.0

UNFOLDED_UP_TO = 2.0
"""The intensity up to which no displacement folds the image."""
LEAST_AREA = 0.02
"""Of a pixel after it was moved: less is a fold, or as good as one."""
_MARGIN = 0.08
"""What interpolation to the size of the images may take away from that."""


@dataclass(frozen=True)
class FlowSums:
    """What a displacement is made from: integer sums over people, which can be added and taken away without a trace."""

    total: NDArray[np.int64]
    """Σ u, (axis, row, col) int64 in 256ths of a pixel, of those whose flow is known at the pixel."""
    number: NDArray[np.int64]
    """How many these are, (row, col) int64."""

    @staticmethod
    def of(flow: Flow) -> FlowSums:
        """Return the sums of one person."""
        return FlowSums(np.where(flow.steps == UNKNOWN, 0, flow.steps.astype(np.int64)), flow.known.astype(np.int64))

    @staticmethod
    def nobody(shape: tuple[int, ...]) -> FlowSums:
        """Return the sums of no people, of images of this shape."""
        return FlowSums(np.zeros((2, *shape), np.int64), np.zeros(shape, np.int64))

    def __add__(self, other: FlowSums) -> FlowSums:
        return FlowSums(self.total + other.total, self.number + other.number)

    def __sub__(self, other: FlowSums) -> FlowSums:
        return FlowSums(self.total - other.total, self.number - other.number)

    def displacement(self) -> Displacement:
        """Return G * Σ u / G * n, zero where nobody is known, at the size of compared images, folded nowhere.

        G is a Gaussian of one hundredth of the side. What is left is cut at a sixteenth of the side.
        """
        return unfolded(self._smooth(max(SMALLEST_SMOOTH, SMOOTH_PER_SIDE * min(self.number.shape))), UNFOLDED_UP_TO)

    def _smooth(self, sigma: float) -> Displacement:
        weight = smoothed(self.number.astype(np.float64), sigma)
        mean = np.zeros(self.total.shape)
        for axis in range(2):
            around = smoothed(self.total[axis].astype(np.float64), sigma)
            # A pixel that next to nobody has near it knows nothing.
            np.divide(around, weight * STEPS, out=mean[axis], where=weight > 1e-3)
        most = LARGEST_REACH * min(self.number.shape)
        return Displacement(np.clip(mean, -most, most).astype(np.float32))


def smallest_area(displacement: Displacement, intensity: float) -> float:
    """Return the smallest of det(1 + intensity ∇u), the area that a pixel takes of the input; below 0 it is folded.

    ∇u is the difference to the next pixel, on either side: a mean of both sides would not see one fold between two.
    """
    if min(displacement.values.shape[1:]) < 2:
        return 1.0
    values = intensity * displacement.values.astype(np.float64)
    down, right = np.diff(values, axis=1), np.diff(values, axis=2)
    return min(
        float(((1 + d[0]) * (1 + r[1]) - d[1] * r[0]).min())
        for d in (down[:, :, :-1], down[:, :, 1:])
        for r in (right[:, :-1], right[:, 1:])
    )


def unfolded(displacement: Displacement, intensity: float) -> Displacement:
    """Return the displacement, smoothed until det(1 + intensity ∇u) > 0 everywhere, with a margin."""
    sigma = SMALLEST_SMOOTH
    found = displacement
    while smallest_area(found, intensity) < LEAST_AREA + _MARGIN and sigma < min(found.values.shape[1:]):
        found = Displacement(np.stack([smoothed(axis, sigma, output=np.float32) for axis in displacement.values]))
        sigma *= 1.25
    return found


def largest_intensity(displacement: Displacement, wanted: float) -> float:
    """Return `wanted`, or the largest intensity below it at which the image is folded nowhere, to a thousandth."""
    if smallest_area(displacement, wanted) >= LEAST_AREA:
        return wanted
    low, high = 0.0, wanted
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (middle, high) if smallest_area(displacement, middle) >= LEAST_AREA else (low, middle)
    return low
