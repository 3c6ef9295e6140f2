"""Ridges that differ from place to place: between cells they change linearly, and each pixel is solved with its own."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from fesdist.families.common.cells import hat_weights
from fesdist.families.windowed.ridge_map import checked_ridge, in_words, ridges_at
from fesdist.ground.errors import BadParameterError
from fesdist.ground.tiles import Region
from fesdist.registry import MaskedRegression, PixelRidge, model_from_parameters
from tests.fesdist.families.problems import random_images, train

SHAPE = (20, 70)
MAP = ((0.1, 1.0, 10.0), (3.0, 0.5, 0.02))


def test_between_cells_it_is_linear_and_beyond_them_constant() -> None:
    ridges = ridges_at(MAP, Region(0, 20, 0, 30), (20, 30))
    rows, cols = (np.clip((np.arange(n) + 0.5) * cells / n - 0.5, 0, cells - 1) for n, cells in ((20, 2), (30, 3)))
    along = np.array([np.interp(cols, np.arange(3), row) for row in MAP])
    expected = np.array([np.interp(rows, np.arange(2), column) for column in along.T]).T
    assert ridges == pytest.approx(expected, rel=1e-12)
    assert ridges[0, 0] == 0.1
    assert ridges[-1, -1] == pytest.approx(0.02)


def test_a_region_has_the_bits_of_the_whole() -> None:
    whole = ridges_at(MAP, Region(0, 20, 0, 70), SHAPE)
    assert np.array_equal(ridges_at(MAP, Region(3, 11, 33, 70), SHAPE), whole[3:11, 33:])


def test_weights_of_cells_sum_to_one() -> None:
    for length, n_cells in ((16, 16), (5, 16), (1, 16), (128, 1)):
        weights = hat_weights(range(length), length, n_cells)
        assert weights.sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("model", [MaskedRegression.with_window(3, ridge=MAP), PixelRidge(ridge=MAP)])
def test_each_pixel_is_solved_with_its_own_ridge(model: MaskedRegression) -> None:
    inputs = random_images((7, 1, *SHAPE))
    targets = {"happy": random_images((7, 1, *SHAPE), seed=1)}
    arrays = train(model, inputs, targets)["happy"]
    ridges = ridges_at(MAP, Region(0, SHAPE[0], 0, SHAPE[1]), SHAPE)
    for row, col in ((0, 0), (4, 69), (11, 35), (19, 20)):
        one = MaskedRegression(model.offsets, ridge=float(ridges[row, col]))
        expected = train(one, inputs, targets)["happy"]
        assert np.array_equal(arrays["weights"][..., row, col], expected["weights"][..., row, col])
        assert np.array_equal(arrays["bias"][..., row, col], expected["bias"][..., row, col])


def test_tiles_do_not_change_the_bits() -> None:
    inputs, targets = random_images((5, 3, *SHAPE)), {"happy": random_images((5, 3, *SHAPE), seed=1)}
    model = MaskedRegression.with_window(3, ridge=MAP)
    whole = train(model, inputs, targets)["happy"]["weights"]
    assert np.array_equal(train(model, inputs, targets, tile_shape=(7, 33))["happy"]["weights"], whole)


def test_a_model_with_a_map_comes_back_from_its_parameters() -> None:
    for model in (MaskedRegression.with_window(3, ridge=MAP), PixelRidge(ridge=MAP)):
        parameters = json.loads(json.dumps(model.parameters()))
        assert model_from_parameters(model.name, parameters) == model
    assert in_words(MAP) == "ridge 0.02 to 10 in 2 x 3 cells"
    dilated = MaskedRegression.with_window(3, dilation=2, ridge=0.4)
    assert dilated.describe() == "9 taps in 5 x 5, ridge 0.4"


@pytest.mark.parametrize(
    ("ridge", "message"),
    [
        ([[0.1, 0.2], [0.3]], r"rows of 2, 1 numbers; expected rows of one length"),
        ([[0.1, -1.0]], r"ridge -1.0; expected a number above 0"),
        ([[0.1, "x"]], r"ridge 'x'; expected a number above 0"),
        ([0.1, 0.2], r"expected a number above 0, or rows of such numbers"),
        ([], r"expected a number above 0, or rows of such numbers"),
        ("large", r"ridge 'large'; expected a number above 0"),
    ],
)
def test_what_is_no_ridge(ridge: Any, message: str) -> None:
    with pytest.raises(BadParameterError, match=message):
        checked_ridge(ridge)


def test_a_map_needs_an_image() -> None:
    with pytest.raises(ValueError, match="needs the shape of the image"):
        ridges_at(MAP, Region(0, 2, 0, 2), None)
