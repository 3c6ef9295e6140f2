"""Refinement maps follow section 6 of Khan et al. 2020, and equation 17 blends by them."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, maximum_filter
from skimage.morphology import disk

from fesdist.ground.alpha_maps import BLUR_PER_SIDE, DISK_PER_SIDE, alpha_map, learned_alpha, papers_alpha
from fesdist.ground.refinement import refine
from tests.fesdist import reference


def learned_alpha_map(agreement: np.ndarray, change: np.ndarray) -> np.ndarray:
    return learned_alpha(lambda rows: agreement[:, rows], lambda rows: change[:, rows], change.shape).whole()


def rescaled(values: np.ndarray) -> np.ndarray:
    unit: np.ndarray = (values - values.min()) / (values.max() - values.min())
    return unit


@pytest.mark.parametrize("shape", [(64, 80), (100, 70), (7, 9)])
def test_maps_follow_the_paper(shape: tuple[int, int]) -> None:
    norms = np.random.default_rng(0).gamma(2.0, size=(2, *shape))
    side = min(shape)
    expected = []
    for norm in norms:
        z = np.abs(norm - norm.mean()) / norm.std()
        z = rescaled(reference.dilated(z, max(1, round(side * DISK_PER_SIDE))))
        expected.append(
            gaussian_filter(rescaled(1 / (1 + np.exp(-10 * (z - 0.2)))), side * BLUR_PER_SIDE, mode="nearest")
        )
    alpha = alpha_map(norms)
    assert alpha.dtype == np.float32
    np.testing.assert_allclose(alpha, np.array(expected), atol=1e-5)


@pytest.mark.parametrize("shape", [(1030, 1100), (512, 777)])
def test_maps_of_large_images_are_nearly_those_that_are_made_at_their_own_size(shape: tuple[int, int]) -> None:
    """They are made in squares of pixels; what differs is how a disk's edge falls into them."""
    rows, cols = np.ogrid[: shape[0], : shape[1]]
    mouth = np.exp(-(((rows / shape[0] - 0.7) / 0.08) ** 2) - ((cols / shape[1] - 0.5) / 0.2) ** 2)
    norms = (1 + 3 * mouth + 0.05 * np.random.default_rng(2).standard_normal(shape))[None]
    side = min(shape)
    z = np.abs(norms[0] - norms.mean()) / norms.std()
    z = rescaled(maximum_filter(z, footprint=disk(round(side * DISK_PER_SIDE)), mode="constant"))
    fine = gaussian_filter(rescaled(1 / (1 + np.exp(-10 * (z - 0.2)))), side * BLUR_PER_SIDE, mode="nearest")
    np.testing.assert_allclose(alpha_map(norms)[0], fine, atol=0.04)
    judged = (np.arange(shape[0]) % (side // 64) == 0)[:, None] * np.ones(shape)
    sums = judged * (0.3 + 0.5 * mouth), judged * (1.0 + mouth)
    around, below = (gaussian_filter(each, side * BLUR_PER_SIDE, mode="nearest") for each in sums)
    np.testing.assert_allclose(learned_alpha_map(sums[0][None], sums[1][None])[0], around / below, atol=0.02)


def test_a_map_is_the_same_band_by_band() -> None:
    norm = np.random.default_rng(4).gamma(2.0, size=(2, 1090, 530))
    alpha = papers_alpha(lambda rows: norm[:, rows], norm.shape)
    whole = alpha.whole()
    assert whole.shape == norm.shape
    for first in range(0, 1090, 64):
        band = slice(first, min(first + 64, 1090))
        assert np.array_equal(alpha.rows(band), whole[:, band])


def test_what_stands_out_is_changed_and_the_rest_is_kept() -> None:
    norm = np.ones((1, 128, 128))
    norm[0, 80:90, 50:70] = 3.0
    alpha = alpha_map(norm)[0]
    assert alpha[85, 60] > 0.99
    assert alpha[20, 20] < 0.01
    assert alpha.min() >= 0
    assert alpha.max() <= 1


@pytest.mark.parametrize("norm", [np.full((1, 30, 40), 0.1 + 0.2), np.zeros((3, 20, 20)), np.ones((1, 1, 1))])
def test_equal_norms_leave_the_output_as_it_is(norm: np.ndarray) -> None:
    assert (alpha_map(norm) == 1).all()


def test_maps_of_large_images_take_a_few_numbers_a_pixel() -> None:
    norm = np.random.default_rng(0).random((1, 600, 600))
    tracemalloc.start()
    alpha_map(norm)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 32 * norm.size


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_blending_is_equation_17(dtype: str) -> None:
    generator = np.random.default_rng(1)
    inputs, outputs = generator.random((2, 4, 3, 8, 9)).astype(dtype)
    alpha = generator.random((1, 8, 9)).astype(np.float32)
    before = inputs.copy(), outputs.copy()
    refined = refine(inputs, outputs, alpha)
    assert refined.dtype == np.float32
    np.testing.assert_allclose(refined, reference.refined(inputs, outputs, alpha), atol=1e-6)
    np.testing.assert_allclose(refine(inputs, outputs, alpha, 2.0), 2 * refined - inputs, atol=1e-6)
    np.testing.assert_allclose(refine(inputs, outputs, 1, 0.5), (inputs + outputs) / 2, atol=1e-6)
    assert np.array_equal(refine(inputs, outputs, alpha, 0.0), inputs.astype(np.float32))
    assert np.array_equal(inputs, before[0])
    assert np.array_equal(outputs, before[1])


def test_the_learned_alpha_is_the_best_for_those_who_judge() -> None:
    """Where all pixels agree it is Σ (t - x)(y - x) / Σ (y - x)², whatever rows were judged."""
    change, agreement = np.zeros((2, 40, 40)), np.zeros((2, 40, 40))
    change[:, ::2], agreement[0, ::2], agreement[1, ::2] = 4.0, 1.0, 12.0
    alpha = learned_alpha_map(agreement, change)
    assert alpha.dtype == np.float32
    np.testing.assert_allclose(alpha[0], 0.25, atol=1e-6)
    assert (alpha[1] == 1).all()
    assert (learned_alpha_map(-agreement, change) == 0).all()
    assert (learned_alpha_map(agreement, np.zeros_like(change)) == 1).all()


def test_the_learned_alpha_follows_its_surroundings() -> None:
    change = np.ones((1, 60, 60))
    agreement = np.where(np.arange(60) < 30, 0.0, 1.0) * change
    alpha = learned_alpha_map(agreement, change)[0]
    assert alpha[30, 10] < 0.01 < 0.99 < alpha[30, 50]
    sums = np.random.default_rng(3).random((2, 1, 50, 70))
    around, below = (gaussian_filter(each[0], 1.5, mode="nearest") for each in sums)
    np.testing.assert_allclose(learned_alpha_map(*sums)[0], np.clip(around / below, 0, 1), atol=1e-6)
