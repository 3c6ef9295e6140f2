"""OMP picks the pixels and has the weights of the plain loop and of the authors' code, and makes outputs of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import load_npz

from fesdist.families.common.layout import Array
from fesdist.families.sparse.omp import OrthogonalMatchingPursuit
from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError
from fesdist.ground.tiles import Padding, Region
from tests.fesdist import reference
from tests.fesdist.families.authors import authors_images
from tests.fesdist.families.problems import random_images, train
from tests.fesdist.families.sparse.problems import dense, photographs, smooth_images

OMP = OrthogonalMatchingPursuit(4, 0.4)
SHAPE = (7, 9)


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize(("n", "channels"), [(6, 3), (17, 1), (40, 3)])
def test_supports_and_values_are_those_of_the_plain_loop(dtype: str, n: int, channels: int) -> None:
    inputs, targets = (smooth_images(n, channels, SHAPE, seed) for seed in (0, 1))
    support, values, bias = reference.fit_greedily(inputs / 255, targets / 255, OMP.n_nonzero, OMP.ridge)
    if dtype == "float64":
        inputs, targets = inputs / 255, targets / 255
    solved = train(OMP, inputs, {"smiling": targets}, colour=Colour.SHARED, n_block=15)["smiling"]
    assert np.array_equal(solved["support"][0], support)
    np.testing.assert_allclose(solved["values"][0], values, atol=1e-11)
    np.testing.assert_allclose(solved["bias"][0], bias, atol=1e-11)
    np.testing.assert_allclose(solved["norm"][0], np.abs(values).sum(axis=0) + np.abs(bias), atol=1e-11)
    difference = (targets.astype(float) - inputs).mean(axis=0) / (255 if dtype == "uint8" else 1)
    np.testing.assert_allclose(solved["mean_difference"], difference, atol=1e-7)


@pytest.mark.authors
@pytest.mark.parametrize(("n_nonzero", "size"), [(1, 32), (5, 32), (9, 24)])
def test_weights_are_those_of_the_authors_code(authors_weights: Path, n_nonzero: int, size: int) -> None:
    inputs, targets = (authors_images(authors_weights / f"pairs_{size}" / f"train{side}") for side in "AB")
    model = OrthogonalMatchingPursuit(n_nonzero, 0.4)
    solved = train(model, inputs, {"smiling": targets}, colour=Colour.SHARED, tile_shape=(20, 32))["smiling"]
    theirs = load_npz(authors_weights / f"omp_f{n_nonzero}_size{size}.npz").toarray()
    ours = dense(solved)
    assert np.array_equal(ours != 0, theirs != 0)
    np.testing.assert_allclose(ours, theirs, atol=1e-11)


@pytest.mark.london
def test_photographs_as_bytes_and_as_floats_have_the_same_supports(london_128: Path) -> None:
    inputs, targets = (photographs(london_128 / expression) for expression in ("neutral", "smiling"))
    of_bytes, of_floats = (
        train(OMP, inputs / unit, {"smiling": targets / unit}, colour=Colour.SHARED)["smiling"] for unit in (1, 255)
    )
    integers = train(OMP, inputs, {"smiling": targets}, colour=Colour.SHARED)["smiling"]
    assert np.array_equal(integers["support"], of_floats["support"])
    np.testing.assert_allclose(integers["values"], of_floats["values"], atol=1e-10)
    # With another unit only the ridge weighs less.
    assert np.array_equal(integers["support"][0, 0], of_bytes["support"][0, 0])


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_of_equal_pixels_the_first_is_picked(dtype: str) -> None:
    inputs = smooth_images(30, 3, SHAPE, 0)
    inputs[..., 5:] = inputs[..., 4:5]
    targets = 255 - inputs
    if dtype == "float64":
        inputs, targets = inputs / 255, targets / 255
    solved = train(OrthogonalMatchingPursuit(1), inputs, {"smiling": targets}, colour=Colour.SHARED)["smiling"]
    own = np.arange(63).reshape(SHAPE)
    assert np.array_equal(solved["support"][0, 0], np.minimum(own, own[:, 4:5]))


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_with_two_gray_samples_all_pixels_are_equal_and_the_first_are_picked(dtype: str) -> None:
    inputs, targets = random_images((2, 1, *SHAPE)), random_images((2, 1, *SHAPE), seed=1)
    inputs[1, 0, 0, 3] = inputs[0, 0, 0, 3]
    if dtype == "float64":
        inputs, targets = inputs / 255, targets / 255
    support = train(OMP, inputs, {"smiling": targets})["smiling"]["support"]
    assert np.array_equal(support[0], np.broadcast_to(np.array([0, 1, 2, 4])[:, None, None], (4, *SHAPE)))


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("sets", [1, 3])
def test_outputs_are_the_bias_and_weighted_pixels(sets: int, dtype: str) -> None:
    arrays = random_weights(sets)
    images = random_images((18, 3, *SHAPE))
    given_images = images if dtype == "uint8" else (images / 255).astype(dtype)
    given_images.flags.writeable = False
    outputs = OMP.apply(arrays, given_images, Padding(0, 0, 0, 0))
    assert outputs.dtype == np.float32
    for sample, channel in ((0, 0), (5, 1), (17, 2)):
        support, values, bias = (array[channel if sets == 3 else 0] for array in arrays.values())
        expected = reference.apply_support(support, values, bias, images[sample, channel] / 255)
        np.testing.assert_allclose(outputs[sample, channel], expected, atol=2e-5)


@pytest.mark.parametrize("region", [Region(0, 7, 0, 9), Region(3, 6, 0, 9), Region(6, 7, 8, 9)])
def test_a_part_of_the_outputs_has_the_bits_of_the_whole(region: Region) -> None:
    arrays, images = random_weights(1), random_images((21, 3, *SHAPE))
    whole = OMP.apply(arrays, images, Padding(0, 0, 0, 0))
    seen, padding = OMP.inputs_of(region, SHAPE)
    part = {name: array[..., *region.slices] for name, array in arrays.items()}
    outputs = OMP.apply(part, images[7:9, :, *seen.slices], padding)
    assert np.array_equal(outputs, whole[7:9, :, *region.slices])


def test_outputs_that_do_not_fit_are_refused() -> None:
    arrays, images = random_weights(2), random_images((1, 3, *SHAPE))
    with pytest.raises(ValueError, match="2 sets of weights for images with 3 channels; expected 1 or 3"):
        OMP.apply(arrays, images, Padding(0, 0, 0, 0))
    arrays["support"][0, 0, 0, 0] = 62
    with pytest.raises(BadParameterError, match="inputs of 6 x 9 pixels, of which pixel 62 is needed"):
        OMP.apply({name: array[:1] for name, array in arrays.items()}, images[:, :, :6], Padding(0, 0, 0, 0))


def test_prepared_arrays_are_used_as_they_are() -> None:
    prepared = OMP.prepare({**random_weights(1), "alpha": np.ones(3)})
    again = OMP.prepare(prepared)
    assert set(prepared) == {"support", "values", "bias"}
    assert all(again[name] is array for name, array in prepared.items())


def random_weights(sets: int) -> dict[str, Array]:
    generator = np.random.default_rng(2)
    return {
        "support": generator.integers(-1, SHAPE[0] * SHAPE[1], (sets, 4, *SHAPE)).astype(np.int32),
        "values": generator.normal(size=(sets, 4, *SHAPE)),
        "bias": generator.normal(size=(sets, *SHAPE)),
    }


@pytest.mark.parametrize("ridge", [0, -1.0, float("nan"), float("inf"), "0.4"])
def test_a_ridge_must_be_positive(ridge: float) -> None:
    with pytest.raises(BadParameterError, match=r"ridge .*; expected a number above 0"):
        OrthogonalMatchingPursuit(ridge=ridge)


@pytest.mark.parametrize("n_nonzero", [0, -1, 2.5, "5", None])
def test_at_least_one_pixel_is_picked(n_nonzero: int) -> None:
    with pytest.raises(BadParameterError, match=r"n_nonzero .*; expected a whole number of 1 or more"):
        OrthogonalMatchingPursuit(n_nonzero)


def test_descriptions_are_for_people() -> None:
    assert OMP.describe() == "4 input pixels of all, ridge 0.4"
    assert OrthogonalMatchingPursuit(1).describe() == "1 input pixel of all, ridge 0.4"
