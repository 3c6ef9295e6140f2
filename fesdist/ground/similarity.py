"""Structural similarity of images to a target, whose own mean and variance are found once for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.errors import ImageError
from fesdist.ground.tiles import Region

Image = NDArray[np.floating[Any]]
Plane = NDArray[np.float64]

SIGMA = 1.5
WINDOW = 11
"""Side of the Gaussian window in pixels: sigma 1.5 cut off at 3.5 sigma, as in Wang et al. 2004."""

_C1, _C2 = 0.01**2, 0.03**2


class Similarity(NamedTuple):
    """Averages over the channels and pixels of an image."""

    face: float
    """Over the pixels whose window lies inside the image."""
    region: float
    """Over all pixels of the region."""


def ssim(outputs: Mapping[str, Image], target: Image, region: Region) -> dict[str, Similarity]:
    """Return the structural similarity of images to one target, over the whole face and over `region`, by their names.

    SSIM = (2 μy μt + C1)(2 σyt + C2) / ((μy² + μt² + C1)(σy² + σt² + C2)) in Gaussian windows of sigma 1.5,
    with C1 = 0.01², C2 = 0.03² (Wang et al. 2004, eq. 13), averaged over channels; beyond the edges images are
    mirrored.

    All are (channel, row, col) floating point in [0, 1]. Raises ImageError when they are smaller than the window.
    """
    rows, cols = target.shape[1:]
    if min(rows, cols) < WINDOW:
        raise ImageError(
            f"images of {rows} x {cols} pixels: SSIM expects at least {WINDOW} x {WINDOW}, the size of its window;"
            " evaluate with larger images"
        )
    inside = slice(WINDOW // 2, -(WINDOW // 2))
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in outputs}
    for channel, plane in enumerate(target):
        wanted = _Moments.of(plane)
        for name, image in outputs.items():
            of_pixels = _similar(_Moments.of(image[channel]), wanted)
            found[name].append((of_pixels[inside, inside].mean(), of_pixels[region.slices].mean()))
    return {name: Similarity(*map(float, np.mean(of_channels, axis=0))) for name, of_channels in found.items()}


class _Moments(NamedTuple):
    """A plane, and what its Gaussian windows have: (row, col)."""

    plane: Plane
    mean: Plane
    variance: Plane

    @classmethod
    def of(cls, image: Image) -> _Moments:
        plane = image.astype(np.float64)
        mean = _blurred(plane)
        return cls(plane, mean, _blurred(plane * plane) - mean * mean)


def _similar(output: _Moments, target: _Moments) -> Plane:
    means = output.mean * target.mean
    covariance = _blurred(output.plane * target.plane) - means
    alike = (2 * means + _C1) * (2 * covariance + _C2)
    return alike / ((output.mean**2 + target.mean**2 + _C1) * (output.variance + target.variance + _C2))


def _blurred(plane: Plane) -> Plane:
    """Return the averages of Gaussian windows: OpenCV's filter takes a third of the time of SciPy's."""
    import cv2  # which takes a while, and few measure it

    cv2.setNumThreads(1)
    weights = cv2.getGaussianKernel(WINDOW, SIGMA, cv2.CV_64F)
    return np.asarray(cv2.sepFilter2D(plane, cv2.CV_64F, weights, weights, borderType=cv2.BORDER_REFLECT))
