"""Combinations of images are sums of products, with the same bits for a pixel wherever it lies."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.families.coded.kernels.combinations import add_combinations


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 7), (8, 2, 16), (13, 40, 100)])
def test_combinations_are_matrix_products(dtype: str, shape: tuple[int, int, int]) -> None:
    combinations, images, pixels = shape
    generator = np.random.default_rng(0)
    factors = generator.normal(size=(combinations, images)).astype(dtype)
    values = generator.normal(size=(images, pixels)).astype(dtype)
    before = generator.normal(size=(combinations, pixels + 5)).astype(dtype)
    sums = before.copy()
    add_combinations(factors, values, sums, 3)
    tolerance = 1e-4 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(sums[:, 3 : 3 + pixels], before[:, 3 : 3 + pixels] + factors @ values, atol=tolerance)
    outside = np.r_[0:3, 3 + pixels : pixels + 5]
    assert np.array_equal(sums[:, outside], before[:, outside])


def test_bits_depend_neither_on_neighbours_nor_on_how_images_are_divided() -> None:
    generator = np.random.default_rng(1)
    factors, images = generator.normal(size=(11, 30)), generator.normal(size=(30, 50))
    whole = np.zeros((11, 50))
    add_combinations(factors, images, whole, 0)
    cut = np.zeros((11, 50))
    for rows in (slice(0, 7), slice(7, 30)):
        for start, stop in ((0, 9), (9, 42), (42, 50)):
            part = np.ascontiguousarray(images[rows, start:stop])
            add_combinations(np.ascontiguousarray(factors[:, rows]), part, cut, start)
    assert np.array_equal(whole, cut)
    alone = np.zeros((1, 50))
    add_combinations(factors[4:5], images, alone, 0)
    assert np.array_equal(alone[0], whole[4])
