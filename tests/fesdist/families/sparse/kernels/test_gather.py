"""Outputs are biases and weighted pixels from anywhere, whether all taps are used or none."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.families.sparse.kernels.gather import apply_support


@pytest.mark.parametrize(("planes", "pixels", "taps", "outputs"), [(1, 1, 1, 1), (3, 40, 5, 17), (2, 9, 0, 4)])
def test_outputs_are_biases_and_weighted_pixels(planes: int, pixels: int, taps: int, outputs: int) -> None:
    generator = np.random.default_rng(0)
    images = generator.random((planes, pixels), np.float32)
    support = generator.integers(-1, pixels, (taps, outputs)).astype(np.int32)
    values = generator.normal(size=(taps, outputs)).astype(np.float32)
    bias = generator.normal(size=outputs).astype(np.float32)
    made = np.empty((planes, outputs), np.float32)
    apply_support(images, support, values, bias, made)
    taken = np.where(support >= 0, images[:, support], 0)
    np.testing.assert_allclose(made, bias + (values * taken).sum(axis=1), rtol=1e-5, atol=1e-6)


def test_unused_taps_do_not_count_whatever_their_values() -> None:
    made = np.empty((1, 2), np.float32)
    support, values = np.full((3, 2), -1, np.int32), np.full((3, 2), np.nan, np.float32)
    apply_support(np.ones((1, 5), np.float32), support, values, np.array([0.25, -1], np.float32), made)
    assert made.tolist() == [[0.25, -1.0]]
