"""Structural similarity against the formula written out, and against scikit-image's."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import correlate1d
from skimage.metrics import structural_similarity

from fesdist.ground.errors import ImageError
from fesdist.ground.similarity import ssim
from fesdist.ground.tiles import Region

MOUTH = Region(15, 23, 6, 20)


def literal_ssim_map(output: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return SSIM at every pixel of one channel, written out as in Wang et al. 2004."""
    offsets = np.arange(-5, 6)
    window = np.exp(-(offsets**2) / (2 * 1.5**2))
    window /= window.sum()

    def local_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return correlate1d(correlate1d(values, window, axis=0), window, axis=1)

    mean_y, mean_t = local_mean(output), local_mean(target)
    variance_y = local_mean(output**2) - mean_y**2
    variance_t = local_mean(target**2) - mean_t**2
    covariance = local_mean(output * target) - mean_y * mean_t
    c1, c2 = 0.01**2, 0.03**2
    return ((2 * mean_y * mean_t + c1) * (2 * covariance + c2)) / (
        (mean_y**2 + mean_t**2 + c1) * (variance_y + variance_t + c2)
    )


def test_ssim_is_the_formula_of_the_paper(pair: tuple[NDArray[np.float64], NDArray[np.float64]]) -> None:
    outputs, targets = pair
    maps = np.array([literal_ssim_map(y, t) for y, t in zip(outputs[0], targets[0], strict=True)])
    found = ssim({"made": outputs[0], "other": outputs[1]}, targets[0], MOUTH)
    face, mouth = found["made"]
    assert face == pytest.approx(maps[:, 5:-5, 5:-5].mean(), abs=1e-12)
    assert mouth == pytest.approx(maps[:, 15:23, 6:20].mean(), abs=1e-12)


def test_ssim_of_the_face_is_the_number_users_of_scikit_image_get(
    pair: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    outputs, targets = pair
    expected = structural_similarity(
        targets[1],
        outputs[1],
        data_range=1,
        channel_axis=0,
        gaussian_weights=True,
        use_sample_covariance=False,
    )
    assert ssim({"made": outputs[1]}, targets[1], MOUTH)["made"].face == pytest.approx(expected, abs=1e-15)


def test_ssim_refuses_images_smaller_than_its_window() -> None:
    small = np.zeros((1, 10, 40))
    with pytest.raises(ImageError, match=r"images of 10 x 40 pixels: SSIM expects at least 11 x 11"):
        ssim({"small": small}, small, Region(0, 1, 0, 1))
