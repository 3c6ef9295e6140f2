"""Pooled masked regression is weighted least squares over a pixel's neighbours, each with a window of its own."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.families.windowed import solving
from fesdist.families.windowed.ridge_map import RidgeMap
from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError
from fesdist.ground.receptive_field import Field, window_offsets
from fesdist.ground.tiles import Region
from fesdist.registry import MaskedRegression, PixelKernelRidge
from tests.fesdist.families.windowed.designs import design_of

SHAPE = (7, 20)


def _images(channels: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    images: NDArray[np.uint8] = np.random.default_rng(5).integers(0, 256, (2, 6, channels, *SHAPE), dtype=np.uint8)
    return images[0], images[1]


def _expected(
    model: MaskedRegression, x: NDArray[np.float64], t: NDArray[np.float64], row: int, col: int
) -> NDArray[np.float64]:
    reach = range(-model.pool, model.pool + 1)
    neighbours = [
        (math.comb(2 * model.pool, model.pool + u) * math.comb(2 * model.pool, model.pool + v), row + u, col + v)
        for u in reach
        for v in reach
        if 0 <= row + u < SHAPE[0] and 0 <= col + v < SHAPE[1]
    ]
    total = sum(weight for weight, _, _ in neighbours)
    gram, side = 0.0, 0.0
    for weight, r, c in neighbours:
        design = design_of(model, x, r, c)
        gram = gram + weight / total * design.T @ design
        side = side + weight / total * design.T @ t[:, r, c]
    return np.asarray(np.linalg.solve(gram + model.ridge * np.eye(len(model.offsets) + 1), side))


@pytest.mark.parametrize("pool", [1, 2])
@pytest.mark.parametrize("colour", [Colour.SHARED, Colour.PER_CHANNEL])
@pytest.mark.parametrize("window", [1, 3])
def test_weights_are_those_of_weighted_least_squares(window: int, colour: Colour, pool: int) -> None:
    model = MaskedRegression(MaskedRegression.with_window(window).offsets, 0.3, pool)
    inputs, targets = _images(2)
    arrays = model.learned(model.sums(inputs, {"happy": targets}, colour=colour)).arrays["happy"]
    for channel in range(len(arrays["weights"])):
        of_fit = slice(None) if colour is Colour.SHARED else slice(channel, channel + 1)
        x, t = (images[:, of_fit].reshape(-1, *SHAPE) / 255 for images in (inputs, targets))
        for row, col in ((0, 0), (1, 18), (3, 9), (6, 19), (0, 10), (4, 0)):
            found = [*arrays["weights"][channel, :, row, col], arrays["bias"][channel, row, col]]
            np.testing.assert_allclose(found, _expected(model, x, t, row, col), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
@pytest.mark.parametrize("pool", [0, 1, 3])
@pytest.mark.parametrize("shape", [(7, 20), (66, 140), (3, 3)])
@pytest.mark.parametrize("offsets", [window_offsets(3, 1), window_offsets(3, 2), ((-2, 1), (0, 0), (1, 3))])
def test_pooled_planes_have_the_bits_of_gathered_entries(
    offsets: Field, shape: tuple[int, int], pool: int, dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = np.random.default_rng(8).integers(0, 256, (2, 5, 3, *shape)).astype(dtype)
    if dtype == np.float64:
        images /= 255
    # The sums know neighbours that are not pooled, as those of several candidates do.
    sums = MaskedRegression(offsets, pool=3).sums(images[0], {"sad": images[1], "happy": images[1, ::-1]})
    ridges = RidgeMap(((0.1, 3.0), (0.2, 0.4)))
    found = MaskedRegression.from_sums(sums, pool=pool, ridge=ridges).arrays
    monkeypatch.setattr(solving, "inner_region", lambda part, pool: None)
    for expression, arrays in MaskedRegression.from_sums(sums, pool=pool, ridge=ridges).arrays.items():
        for name, expected in arrays.items():
            assert np.array_equal(found[expression][name], expected), (expression, name)


@pytest.mark.parametrize("inner", [None, Region(2, 9, 3, 4), Region(0, 9, 0, 30), Region(0, 40, 5, 30)])
def test_an_inner_region_and_the_rest_are_the_whole(inner: Region | None) -> None:
    own = Region(0, 40, 0, 30)
    covered = np.zeros(own.shape, int)
    for region in solving.inner_and_rest(own, inner):
        covered[region.slices] += 1
    assert (covered == 1).all()


def test_sums_serve_every_narrower_pool_to_the_bit() -> None:
    inputs, targets = _images(1)
    offsets = MaskedRegression.with_window(3).offsets
    wide = MaskedRegression(offsets, pool=3).sums(inputs, {"sad": targets})
    for pool in (0, 1, 3):
        own = MaskedRegression(offsets, 0.4, pool)
        expected = own.learned(own.sums(inputs, {"sad": targets})).arrays["sad"]["weights"]
        assert np.array_equal(MaskedRegression.from_sums(wide, pool=pool).arrays["sad"]["weights"], expected)
    narrow = MaskedRegression(offsets).sums(inputs, {"sad": targets})
    with pytest.raises(BadParameterError, match="pool 1, but the sums know neighbours as far as 0 pixels"):
        MaskedRegression.from_sums(narrow, pool=1)
    with pytest.raises(BadParameterError, match="sums of different margins: 0 and 3"):
        narrow + wide


def test_pooled_intensities_are_counted_in_all_neighbours() -> None:
    """Where every pixel has the same images, its neighbours say nothing new; elsewhere they are counted by weight."""
    inputs, targets = _images(1)
    same = [np.repeat(np.repeat(images[..., :1, :1], SHAPE[0], 2), SHAPE[1], 3) for images in (inputs, targets)]
    for images, alike in ((same, True), ((inputs, targets), False)):
        alone, pooled = (
            model.learned(model.sums(images[0], {"sad": images[1]})).arrays["sad"]["outputs"]
            for model in (PixelKernelRidge(), PixelKernelRidge(pool=1))
        )
        assert np.allclose(alone, pooled, atol=1e-6) is alike
    counts = np.zeros(256)
    sums = np.zeros(256)
    for u in (-1, 0, 1):
        for v in (-1, 0, 1):
            weight = math.comb(2, 1 + u) * math.comb(2, 1 + v) / 16
            np.add.at(counts, inputs[:, 0, 3 + u, 9 + v], weight)
            np.add.at(sums, inputs[:, 0, 3 + u, 9 + v], weight * targets[:, 0, 3 + u, 9 + v] / 255)
    values = np.arange(256) / 255
    kernel = np.exp(-((values[:, None] - values) ** 2) / (2 * 0.2**2))
    expected = kernel @ np.linalg.solve(np.diag(counts) @ kernel + 0.4 * np.eye(256), sums)
    np.testing.assert_allclose(pooled[0, :, 3, 9], expected, atol=1e-5)
