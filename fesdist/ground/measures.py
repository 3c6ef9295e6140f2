"""Measures of outputs over the whole face and over the mouth: errors (MSE x 100, PSNR, SSIM), and sharpness."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.errors import ImageError
from fesdist.ground.tiles import Region

Images = NDArray[np.floating[Any]]

REGIONS = ("face", "mouth")
MEASURES = ("mse_x100", "psnr", "ssim")

SSIM_SIGMA = 1.5
SSIM_WINDOW = 11
"""Side of the Gaussian window in pixels: sigma 1.5 cut off at 3.5 sigma, as in Wang et al. 2004."""

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
    return np.asarray(-10.0 * np.log10(np.maximum(mse_x100(outputs, targets) / 100.0, _SMALLEST_MSE)))


def ssim(output: Images, target: Images, region: Region) -> tuple[float, float]:
    """Return the structural similarity of two images over the whole face and over `region`.

    SSIM = (2 μy μt + C1)(2 σyt + C2) / ((μy² + μt² + C1)(σy² + σt² + C2)) in Gaussian windows of sigma 1.5,
    with C1 = 0.01², C2 = 0.03² (Wang et al. 2004, eq. 13), averaged over channels. The face is averaged over
    the pixels whose window lies inside the image, as in that paper; the region over all of its pixels.

    `output` and `target` are (channel, row, col) floating point in [0, 1]. Raises ImageError when they are
    smaller than the window.
    """
    rows, cols = target.shape[1:]
    if min(rows, cols) < SSIM_WINDOW:
        raise ImageError(
            f"images of {rows} x {cols} pixels: SSIM expects at least {SSIM_WINDOW} x {SSIM_WINDOW}, "
            "the size of its window; evaluate with larger images"
        )
    from skimage.metrics import structural_similarity  # which takes a while, and few measure it

    face, per_pixel = structural_similarity(  # type: ignore[no-untyped-call]
        target.astype(np.float64),
        output.astype(np.float64),
        data_range=1.0,
        channel_axis=0,
        gaussian_weights=True,
        sigma=SSIM_SIGMA,
        use_sample_covariance=False,
        full=True,
    )
    return float(face), float(per_pixel[(slice(None), *region.slices)].mean())


def measure(outputs: Images, targets: Images, mouth: Region) -> NDArray[np.float64]:
    """Return every measure of every image, in the order of `REGIONS` and `MEASURES`.

    `outputs` and `targets` are (sample, channel, row, col) floating point in [0, 1]; the result is (region,
    measure, sample) float64. Raises ImageError for images smaller than the window of SSIM.
    """
    crop = (slice(None), slice(None), *mouth.slices)
    similarity = np.array([ssim(y, t, mouth) for y, t in zip(outputs, targets, strict=True)])
    return np.array(
        [
            [mse_x100(outputs, targets), psnr(outputs, targets), similarity[:, 0]],
            [mse_x100(outputs[crop], targets[crop]), psnr(outputs[crop], targets[crop]), similarity[:, 1]],
        ]
    )


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
