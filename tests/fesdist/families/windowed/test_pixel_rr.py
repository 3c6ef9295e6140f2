"""Pixel-RR is MR on a window of one pixel, to the bit, and the closed form of two unknowns to rounding."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError
from fesdist.registry import MaskedRegression, PixelRidge, model_from_parameters
from tests.fesdist.families.problems import random_images, train

SHAPE = (9, 21)


@pytest.mark.parametrize("colour", list(Colour))
def test_the_bits_are_those_of_a_window_of_one_pixel(colour: Colour) -> None:
    inputs, targets = random_images((40, 3, *SHAPE)), random_images((40, 3, *SHAPE), seed=1)
    ours = train(PixelRidge(ridge=0.3), inputs, {"smiling": targets}, colour=colour, tile_shape=(4, 9))["smiling"]
    window = MaskedRegression.with_window(1, ridge=0.3)
    theirs = train(window, inputs, {"smiling": targets}, colour=colour)["smiling"]
    assert all(np.array_equal(values, theirs[name]) for name, values in ours.items())


@pytest.mark.parametrize("n", [1, 25])
def test_weights_are_those_of_the_closed_form(n: int) -> None:
    inputs, targets = random_images((n, 1, *SHAPE)), random_images((n, 1, *SHAPE), seed=1)
    solved = train(PixelRidge(ridge=0.3), inputs, {"smiling": targets})["smiling"]
    x, t = inputs[:, 0] / 255, targets[:, 0] / 255
    a, b, d = (x * x).sum(0) + 0.3, x.sum(0), n + 0.3
    determinant = a * d - b * b
    xt, total = (x * t).sum(0), t.sum(0)
    np.testing.assert_allclose(solved["weights"][0, 0], (d * xt - b * total) / determinant, atol=1e-12)
    np.testing.assert_allclose(solved["bias"][0], (a * total - b * xt) / determinant, atol=1e-12)


def test_a_model_is_rebuilt_from_its_parameters() -> None:
    model = PixelRidge(ridge=2)
    assert model.parameters() == {"ridge": 2.0}
    assert model_from_parameters("pixel-rr", model.parameters()) == model
    assert pickle.loads(pickle.dumps(model)) == model
    assert model.describe() == "one input pixel and a bias, ridge 2"


def test_its_only_parameter_is_the_ridge() -> None:
    with pytest.raises(
        BadParameterError, match="parameters offsets, ridge for model 'pixel-rr'; expected mirror, pool, ridge"
    ):
        model_from_parameters("pixel-rr", {"offsets": [[0, 1]], "ridge": 0.4})
    with pytest.raises(BadParameterError, match=r"ridge 0; expected a number above 0"):
        PixelRidge(ridge=0)
