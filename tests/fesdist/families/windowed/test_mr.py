"""MR gives the weights of the paper's equations, and the same bits however the work is cut."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import load_npz

from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.ground.colour import Colour, to_gray
from fesdist.ground.errors import BadParameterError
from fesdist.ground.receptive_field import halo_of
from fesdist.ground.tiles import Padding, Region, Tile
from fesdist.registry import MaskedRegression, model_from_parameters
from tests.fesdist import reference
from tests.fesdist.families.authors import authors_images
from tests.fesdist.families.problems import random_images, train

FIELDS = {
    "pixel": MaskedRegression.with_window(1, ridge=0.1),
    "3x3": MaskedRegression.with_window(3, ridge=0.4),
    "5x5": MaskedRegression.with_window(5, ridge=2.0),
    "dilated": MaskedRegression.with_window(3, dilation=2, ridge=0.4),
    "one-sided": MaskedRegression(((-2, 0), (-1, 1), (-2, 2), (-1, -1)), 0.4),
    "even number of taps": MaskedRegression(((0, 0), (1, 3)), 0.4),
}
SHAPE = (9, 21)


@pytest.fixture(params=list(FIELDS))
def model(request: pytest.FixtureRequest) -> MaskedRegression:
    return FIELDS[request.param]


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize("n", [1, 7, 130])
def test_gray_weights_are_those_of_equations_5_to_11(model: MaskedRegression, dtype: str, n: int) -> None:
    inputs, targets = random_images((n, 1, *SHAPE)), random_images((n, 1, *SHAPE), seed=1)
    weights, bias = reference.fit_masked_regression(inputs[:, 0] / 255, targets[:, 0] / 255, model.offsets, model.ridge)
    if dtype == "float64":
        inputs, targets = inputs / 255, targets / 255
    solved = train(model, inputs, {"smiling": targets}, n_block=50)["smiling"]
    np.testing.assert_allclose(solved["weights"][0], weights, atol=1e-12)
    np.testing.assert_allclose(solved["bias"][0], bias, atol=1e-12)
    np.testing.assert_allclose(solved["norm"][0], np.abs(weights).sum(axis=0) + np.abs(bias), atol=1e-12)
    assert not solved["status"].any()


@pytest.mark.parametrize("colour", list(Colour))
def test_colour_modes(colour: Colour) -> None:
    model = FIELDS["3x3"]
    inputs, targets = random_images((20, 3, *SHAPE)), random_images((20, 3, *SHAPE), seed=1)
    solved = train(model, inputs, {"smiling": targets}, colour=colour)["smiling"]
    if colour is Colour.PER_CHANNEL:
        fits = [
            reference.fit_masked_regression(inputs[:, c] / 255, targets[:, c] / 255, model.offsets, model.ridge)
            for c in range(3)
        ]
    elif colour is Colour.SHARED:
        fits = [reference.fit_shared(inputs / 255, targets / 255, model.offsets, model.ridge)]
    else:
        gray, gray_targets = to_gray(inputs)[:, 0] / 255, to_gray(targets)[:, 0] / 255
        fits = [reference.fit_masked_regression(gray, gray_targets, model.offsets, model.ridge)]
    np.testing.assert_allclose(solved["weights"], np.array([weights for weights, _ in fits]), atol=1e-12)
    np.testing.assert_allclose(solved["bias"], np.array([bias for _, bias in fits]), atol=1e-12)
    difference = (targets / 255 - inputs / 255).mean(axis=0)
    np.testing.assert_allclose(solved["mean_difference"], difference, atol=1e-7)


@given(
    rows=st.integers(1, 12),
    cols=st.integers(1, 24),
    n_block=st.integers(1, 70),
    seed=st.integers(0, 99),
    colour=st.sampled_from(list(Colour)),
)
@settings(max_examples=25)
def test_bits_do_not_depend_on_tiles_blocks_or_order(
    rows: int, cols: int, n_block: int, seed: int, colour: Colour
) -> None:
    inputs, targets = random_images((66, 3, *SHAPE)), random_images((66, 3, *SHAPE), seed=1)
    whole = train(FIELDS["5x5"], inputs, {"smiling": targets}, colour=colour)["smiling"]
    order = np.random.default_rng(seed).permutation(66)
    cut = train(
        FIELDS["5x5"],
        inputs[order],
        {"smiling": targets[order]},
        colour=colour,
        tile_shape=(rows, cols),
        n_block=n_block,
    )["smiling"]
    for name, values in whole.items():
        assert np.array_equal(values, cut[name]), name


def test_float_sums_do_not_depend_on_tiles_or_blocks() -> None:
    inputs, targets = random_images((66, 1, *SHAPE)) / 255, random_images((66, 1, *SHAPE), seed=1) / 255
    whole = train(FIELDS["5x5"], inputs, {"smiling": targets})["smiling"]
    cut = train(FIELDS["5x5"], inputs, {"smiling": targets}, tile_shape=(4, 5), n_block=7)["smiling"]
    assert all(np.array_equal(values, cut[name]) for name, values in whole.items())


def test_constant_and_repeated_pixels_have_the_smallest_weights() -> None:
    inputs = np.full((10, 1, *SHAPE), 128, np.uint8)
    solved = train(FIELDS["3x3"], inputs, {"smiling": random_images(inputs.shape)})["smiling"]
    inner = solved["weights"][0, :, 1:-1, 1:-1]
    # Equal columns get equal weights: any other split of their sum has a larger l2 norm.
    np.testing.assert_allclose(inner, np.broadcast_to(inner[:1], inner.shape), atol=1e-10)
    assert not solved["status"].any()


def test_a_pivot_that_is_not_positive_gives_the_mean_target() -> None:
    inputs = np.full((2000, 1, *SHAPE), 255, np.uint8)
    inputs[:, :, :, 12:] = random_images((2000, 1, SHAPE[0], SHAPE[1] - 12))
    targets = random_images(inputs.shape, seed=1)
    solved = train(MaskedRegression.with_window(3, ridge=1e-20), inputs, {"a": targets, "b": 255 - targets})
    for name, images in {"a": targets, "b": 255 - targets}.items():
        failed = solved[name]["status"][0] == 1
        assert failed[4, 5]
        assert not failed[4, 15]
        assert (solved[name]["weights"][0, :, failed] == 0).all()
        mean = images[:, 0].mean(axis=0, dtype=np.float64) / 255
        np.testing.assert_allclose(solved[name]["bias"][0][failed], mean[failed], rtol=1e-12)
        assert all(np.isfinite(values).all() for values in solved[name].values())


def test_statistics_can_be_solved_twice_and_added_to() -> None:
    model, images = FIELDS["3x3"], random_images((30, 1, *SHAPE))
    statistics = _statistics(model, SHAPE, channels=1)
    statistics.add(Samples(images[:10], {"smiling": images[10:20]}))
    first, second = model.solve(statistics)["smiling"], model.solve(statistics)["smiling"]
    assert all(np.array_equal(values, second[name]) for name, values in first.items())
    statistics.add(Samples(images[10:20], {"smiling": images[20:]}))
    both = train(model, images[:20], {"smiling": images[10:]})["smiling"]
    assert np.array_equal(model.solve(statistics)["smiling"]["weights"], both["weights"])


def test_bad_blocks_and_empty_statistics_are_refused() -> None:
    statistics = _statistics(FIELDS["3x3"], SHAPE, channels=1)
    images = random_images((2, 1, *SHAPE))
    with pytest.raises(ValueError, match=r"tile 0 \(rows 0:9, columns 0:21\): no samples were added"):
        FIELDS["3x3"].solve(statistics)
    with pytest.raises(
        ValueError, match=r"smiling are uint8 of shape \(1, 1, 9, 21\); expected uint8 of shape \(2, 1, 9, 21\)"
    ):
        statistics.add(Samples(images, {"smiling": images[:1]}))
    with pytest.raises(ValueError, match=r"inputs are float64 .* expected uint8"):
        statistics.add(Samples(images / 255, {"smiling": images}))


@pytest.mark.authors
@pytest.mark.parametrize(
    ("file", "folder", "channel", "window"),
    [
        ("mr_r3_size32_channel1", "pairs_32", 2, 3),
        ("mr_r3_size32_channel2", "pairs_32", 1, 3),
        ("mr_r3_size32_channel3", "pairs_32", 0, 3),
        ("mr_r5_size32_gray", "pairs_32/_gray", 0, 5),
        ("mr_r3_size64_gray", "pairs_64/_gray", 0, 3),
    ],
)
def test_weights_are_those_of_the_authors_code(
    authors_weights: Path, file: str, folder: str, channel: int, window: int
) -> None:
    pairs, _, suffix = folder.partition("/")
    inputs, targets = (authors_images(authors_weights / pairs / f"train{side}{suffix}") for side in "AB")
    model = MaskedRegression.with_window(window, ridge=0.4)
    one = slice(channel, channel + 1)
    solved = train(model, inputs[:, one], {"smiling": targets[:, one]}, tile_shape=(20, 32))["smiling"]
    rows, cols = inputs.shape[2:]
    theirs = load_npz(authors_weights / f"{file}.npz").toarray()
    ours = np.zeros_like(theirs)
    for pixel, (row, col) in enumerate(np.ndindex(rows, cols)):
        for tap, (drow, dcol) in enumerate(model.offsets):
            if 0 <= row + drow < rows and 0 <= col + dcol < cols:
                ours[pixel, (row + drow) * cols + col + dcol] = solved["weights"][0, tap, row, col]
        ours[pixel, -1] = solved["bias"][0, row, col]
    np.testing.assert_allclose(ours, theirs, atol=1e-11)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("sets", [1, 3])
def test_outputs_are_those_of_equation_3(model: MaskedRegression, sets: int, dtype: str) -> None:
    generator = np.random.default_rng(2)
    arrays = {
        "weights": generator.normal(size=(sets, len(model.offsets), *SHAPE)),
        "bias": generator.normal(size=(sets, *SHAPE)),
    }
    images = random_images((18, 3, *SHAPE))
    given_images = images if dtype == "uint8" else (images / 255).astype(dtype)
    given_images.flags.writeable = False
    halo = halo_of(model.offsets)
    padding = Padding(halo.top, halo.bottom, halo.left, halo.right)
    outputs = model.apply(arrays, given_images, padding)
    assert outputs.dtype == np.float32
    for sample, channel in ((0, 0), (5, 1), (17, 2)):
        own = channel if sets == 3 else 0
        expected = reference.apply_masked_regression(
            arrays["weights"][own], arrays["bias"][own], model.offsets, images[sample, channel] / 255
        )
        np.testing.assert_allclose(outputs[sample, channel], expected, atol=2e-5)


@pytest.mark.parametrize("region", [Region(0, 9, 0, 21), Region(3, 6, 0, 7), Region(8, 9, 20, 21), Region(0, 2, 2, 20)])
def test_a_part_of_the_outputs_has_the_bits_of_the_whole(region: Region) -> None:
    model = FIELDS["5x5"]
    generator = np.random.default_rng(2)
    arrays = {"weights": generator.normal(size=(1, 25, *SHAPE)), "bias": generator.normal(size=(1, *SHAPE))}
    images = random_images((5, 3, *SHAPE))
    whole = model.apply(arrays, images, Padding(2, 2, 2, 2))
    seen, padding = model.inputs_of(region, SHAPE)
    part = {name: array[..., *region.slices] for name, array in arrays.items()}
    outputs = model.apply(part, images[:, :, *seen.slices], padding)
    assert np.array_equal(outputs, whole[..., *region.slices])


def test_outputs_that_do_not_fit_are_refused() -> None:
    model, images = FIELDS["3x3"], random_images((1, 3, *SHAPE))
    arrays = {"weights": np.ones((2, 9, *SHAPE)), "bias": np.ones((2, *SHAPE))}
    with pytest.raises(ValueError, match=r"inputs of shape \(1, 3, 9, 21\) .* do not surround 9 x 21 outputs"):
        model.apply(arrays, images, Padding(1, 1, 1, 0))
    with pytest.raises(ValueError, match="2 sets of weights for images with 3 channels; expected 1 or 3"):
        model.apply(arrays, images, Padding(1, 1, 1, 1))


def test_prepared_arrays_are_used_as_they_are() -> None:
    model = FIELDS["3x3"]
    prepared = model.prepare({"weights": np.ones((1, 9, *SHAPE)), "bias": np.ones((1, *SHAPE)), "alpha": np.ones(3)})
    again = model.prepare(prepared)
    assert set(prepared) == {"weights", "bias"}
    assert all(again[name] is array and array.dtype == np.float32 for name, array in prepared.items())


def test_a_model_is_rebuilt_from_its_parameters(model: MaskedRegression) -> None:
    assert model_from_parameters(model.name, model.parameters()) == model
    assert pickle.loads(pickle.dumps(model)) == model
    assert len(model.coordinates()["drow"][1]) == len(model.offsets)


@pytest.mark.parametrize("ridge", [0, -1.0, float("nan"), float("inf"), "0.4"])
def test_a_ridge_must_be_positive(ridge: float) -> None:
    with pytest.raises(BadParameterError, match=r"ridge .*; expected a number above 0"):
        MaskedRegression.with_window(3, ridge=ridge)


def test_unknown_models_and_parameters_are_refused() -> None:
    with pytest.raises(BadParameterError, match="unknown model 'gan'; this version of fesdist knows mr"):
        model_from_parameters("gan", {})
    with pytest.raises(
        BadParameterError, match="parameters alpha, ridge for model 'mr'; expected mirror, offsets, pool, ridge"
    ):
        model_from_parameters("mr", {"ridge": 1.0, "alpha": 2})


def _statistics(model: MaskedRegression, shape: tuple[int, int], channels: int):  # type: ignore[no-untyped-def]
    tile = Tile(0, Region(0, shape[0], 0, shape[1]))
    _, padding = model.inputs_of(tile.region, shape)
    return model.gather(TileProblem(tile, padding, channels, Colour.GRAY, ("smiling",)), np.dtype(np.uint8))
