"""Measures of outputs over the whole face and over the mouth: errors (MSE x 100, PSNR, SSIM), and sharpness."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.similarity import ssim
from fesdist.ground.tiles import Region

Images = NDArray[np.floating[Any]]

REGIONS = ("face", "mouth")
MEASURES = ("mse_x100", "psnr", "ssim")

_SMALLEST_MSE = 1e-10


def mouth_region(fractions: tuple[float, float, float, float], image_shape: tuple[int, int]) -> Region:
    """Return the mouth in pixels, from (row0, row1, col0, col1) as fractions of the height and width."""
    (row0, row1, col0, col1), (rows, cols) = fractions, image_shape
    return Region(round(row0 * rows), round(row1 * rows), round(col0 * cols), round(col1 * cols))


def mse_x100(outputs: Images, targets: Images) -> NDArray[np.float64]:
    """Return the mean squared error of each image times 100, as in the tables of Khan et al. 2020.

    MSE x 100 = 100 mean((y - t)²). Both are (sample, channel, row, col) floating point in [0, 1]; the result
    is (sample,) float64.
    """
    difference = np.subtract(outputs, targets, dtype=np.float64)
    return np.asarray(100.0 * np.mean(difference**2, axis=(1, 2, 3)))


def psnr(outputs: Images, targets: Images) -> NDArray[np.float64]:
    """Return the peak signal-to-noise ratio of each image in decibels; equal images get 100 dB, not infinity.

    PSNR = -10 log10(MSE) as the peak is 1. Both are (sample, channel, row, col) floating point in [0, 1]; the
    result is (sample,) float64.
    """
    return _decibels(mse_x100(outputs, targets))


def _decibels(error: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(-10.0 * np.log10(np.maximum(error / 100.0, _SMALLEST_MSE)))


def measure(outputs: Mapping[str, Images], targets: Images, mouth: Region) -> dict[str, NDArray[np.float64]]:
    """Return every measure of every image, in the order of `REGIONS` and `MEASURES`, by the names of `outputs`.

    All are (sample, channel, row, col) floating point in [0, 1]; the results are (region, measure, sample) float64.
    Raises ImageError for images smaller than the window of SSIM.
    """
    crop = (slice(None), slice(None), *mouth.slices)
    alike = [
        ssim({name: images[sample] for name, images in outputs.items()}, target, mouth)
        for sample, target in enumerate(targets)
    ]
    found = {}
    for name, images in outputs.items():
        errors = mse_x100(images, targets), mse_x100(images[crop], targets[crop])
        similarities = np.array([of_sample[name] for of_sample in alike]).T
        found[name] = np.array(
            [[error, _decibels(error), similar] for error, similar in zip(errors, similarities, strict=True)]
        )
    return found


def gradient_energy(images: Images, mouth: Region) -> NDArray[np.float64]:
    """Return how much there is to see of edges in each image, in the order of `REGIONS`.

    E(y) = mean((y[i+1, j] - y[i, j])²) + mean((y[i, j+1] - y[i, j])²) over the channels and pixels of the region.
    Blur takes it away, speckle adds to it; sharpness is E(output) / E(target). `images` are (sample, channel, row, col)
    floating point in [0, 1]; the result is (region, sample) float64, 0 for uniform images and those of one pixel.
    """
    crop = (slice(None), slice(None), *mouth.slices)
    return np.array([_edges(images, -2) + _edges(images, -1), _edges(images[crop], -2) + _edges(images[crop], -1)])


def _edges(images: Images, axis: int) -> NDArray[np.float64]:
    steps = np.diff(images.astype(np.float64, copy=False), axis=axis)
    return np.asarray((steps**2).sum(axis=(1, 2, 3)) / max(1, steps[0].size))
