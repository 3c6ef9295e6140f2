"""The measures against their formulas, and what they say of equal and shifted images."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.ground.measures import MEASURES, REGIONS, measure, mouth_region, mse_x100, psnr
from fesdist.ground.similarity import ssim
from fesdist.ground.tiles import Region

MOUTH = Region(15, 23, 6, 20)


def test_mse_of_a_constant_difference_is_its_square_times_100() -> None:
    targets = np.full((2, 3, 12, 12), 0.5)
    assert mse_x100(targets + np.array([0.1, 0.2])[:, None, None, None], targets) == pytest.approx([1.0, 4.0])


def test_psnr_of_a_difference_of_a_tenth_is_20_decibels_and_of_equal_images_100() -> None:
    targets = np.full((2, 1, 12, 12), 0.5)
    outputs = targets + np.array([0.1, 0.0])[:, None, None, None]
    assert psnr(outputs, targets) == pytest.approx([20.0, 100.0])


def test_measures_do_not_round_to_the_precision_of_float32_images() -> None:
    targets = np.full((1, 1, 64, 64), 0.25, np.float32)
    outputs = targets + np.float32(2**-12)
    assert mse_x100(outputs, targets) == pytest.approx([100 * 2.0**-24], rel=1e-12)


def test_measure_holds_every_measure_of_both_regions(
    pair: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    outputs, targets = pair
    found = measure({"made": outputs, "as it is": targets}, targets, MOUTH)
    assert found["as it is"][:, :, 0] == pytest.approx(np.array([[0.0, 100.0, 1.0]] * 2))
    scores = found["made"]
    assert scores.shape == (len(REGIONS), len(MEASURES), 4)
    assert scores[0, 0] == pytest.approx(mse_x100(outputs, targets))
    mouth = mse_x100(outputs[:, :, 15:23, 6:20], targets[:, :, 15:23, 6:20])
    assert scores[1, 0] == pytest.approx(mouth)
    assert scores[1, 1] == pytest.approx(-10 * np.log10(mouth / 100))
    assert scores[:, 2, 2] == pytest.approx(ssim({"made": outputs[2]}, targets[2], MOUTH)["made"])


def test_a_change_outside_the_mouth_leaves_the_measures_of_the_mouth_alone() -> None:
    targets = np.random.default_rng(2).random((1, 1, 40, 40))
    outputs = targets.copy()
    outputs[:, :, :4] = 1 - outputs[:, :, :4]
    face, mouth = measure({"made": outputs}, targets, Region(20, 30, 10, 30))["made"]
    assert face[0, 0] > 1
    assert mouth[:, 0] == pytest.approx([0.0, 100.0, 1.0])


def test_the_mouth_of_the_default_fractions_lies_in_the_lower_middle() -> None:
    assert mouth_region((0.58, 0.84, 0.26, 0.74), (128, 128)) == Region(74, 108, 33, 95)
    assert mouth_region((0.58, 0.84, 0.26, 0.74), (100, 50)) == Region(58, 84, 13, 37)
