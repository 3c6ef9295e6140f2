"""OMP picks the pixels and has the weights of the plain loop and of the authors' code, to the same bits in any cut."""

from __future__ import annotations

import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import load_npz

from fesdist.families.common.fit import Fit
from fesdist.families.common.layout import Array, common_layout
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.sparse.greedy import GreedyModel
from fesdist.families.sparse.kernels.selection import SHORT
from fesdist.families.sparse.lsrf import LocalSparseReceptiveFields
from fesdist.families.sparse.omp import OrthogonalMatchingPursuit
from fesdist.ground.colour import Colour, to_gray
from fesdist.ground.errors import BadParameterError
from fesdist.ground.tiles import Padding, Region, Tile
from tests.fesdist import reference
from tests.fesdist.families.authors import authors_images
from tests.fesdist.families.problems import random_images, train

OMP = OrthogonalMatchingPursuit(4, 0.4)
LSRF = LocalSparseReceptiveFields(5, 0.4, 2.0)
SHAPE = (7, 9)


@pytest.fixture(params=[OMP, LSRF], ids=lambda model: model.name)
def model(request: pytest.FixtureRequest) -> GreedyModel:
    chosen: GreedyModel = request.param
    return chosen


def smooth_images(n: int, channels: int, shape: tuple[int, int], seed: int) -> Array:
    """Return images whose neighbouring pixels are alike, as in photographs."""
    noise = np.random.default_rng(seed).normal(size=(n, channels, *shape))
    for axis in (2, 3):
        noise = noise + 0.9 * np.roll(noise, 1, axis) + 0.6 * np.roll(noise, 2, axis)
    return np.clip(128 + 25 * noise, 0, 255).astype(np.uint8)


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


def dense(solved: dict[str, Array]) -> Array:
    """Return the weights and, last, the bias as a matrix (output pixel, input pixel + 1)."""
    _, taps, rows, cols = solved["support"].shape
    matrix = np.zeros((rows * cols, rows * cols + 1))
    for tap in range(taps):
        matrix[np.arange(rows * cols), solved["support"][0, tap].ravel()] = solved["values"][0, tap].ravel()
    matrix[:, -1] = solved["bias"].ravel()
    return matrix


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


def photographs(folder: Path) -> Array:
    """Return forty photographs of 32 x 32 pixels."""
    from PIL import Image

    files = sorted(folder.iterdir())[:40]
    images = [np.asarray(Image.open(file).convert("RGB").resize((32, 32), Image.Resampling.BOX)) for file in files]
    return np.array(images).transpose(0, 3, 1, 2)


@pytest.mark.parametrize("colour", list(Colour))
def test_colour_modes(model: GreedyModel, colour: Colour) -> None:
    inputs, targets = (smooth_images(20, 3, SHAPE, seed) for seed in (0, 1))
    solved = train(model, inputs, {"smiling": targets}, colour=colour)["smiling"]
    if colour is Colour.SHARED:
        parts = [(inputs, targets)]
    elif colour is Colour.GRAY:
        parts = [(to_gray(inputs), to_gray(targets))]
    else:
        parts = [(inputs[:, c : c + 1], targets[:, c : c + 1]) for c in range(3)]
    locality = getattr(model, "locality", 0.0)
    for number, (before, after) in enumerate(parts):
        fit = reference.fit_greedily(before / 255, after / 255, model.n_nonzero, model.ridge, locality)
        for name, expected in zip(("support", "values", "bias"), fit, strict=True):
            np.testing.assert_allclose(solved[name][number], expected, atol=1e-11)


@given(
    # Thin ones as well, but not hundreds.
    tile_shape=st.tuples(st.integers(1, 8), st.integers(1, 10)).filter(lambda shape: shape[0] * shape[1] >= 8),
    n_block=st.integers(1, 40),
    channels=st.sampled_from([1, 3]),
    colour=st.sampled_from(list(Colour)),
    floating=st.booleans(),
)
@settings(max_examples=15)
def test_bits_do_not_depend_on_tiles_or_blocks(
    tile_shape: tuple[int, int], n_block: int, channels: int, colour: Colour, floating: bool
) -> None:
    inputs, targets = (smooth_images(37, channels, (17, 13), seed) / (255 if floating else 1) for seed in (0, 1))
    if not floating:
        inputs, targets = inputs.astype(np.uint8), targets.astype(np.uint8)
    for model in (OMP, LSRF):
        whole = train(model, inputs, {"smiling": targets}, colour=colour)["smiling"]
        cut = train(model, inputs, {"smiling": targets}, colour=colour, tile_shape=tile_shape, n_block=n_block)
        for name, values in whole.items():
            assert np.array_equal(values, cut["smiling"][name]), (model.name, name)


def test_expressions_solved_together_are_those_solved_alone(model: GreedyModel) -> None:
    inputs = smooth_images(20, 3, SHAPE, 0)
    targets = {name: smooth_images(20, 3, SHAPE, seed) for seed, name in enumerate(("a", "b"), start=1)}
    together = train(model, inputs, targets, colour=Colour.SHARED)
    for name, images in targets.items():
        alone = train(model, inputs, {name: images}, colour=Colour.SHARED)[name]
        assert all(np.array_equal(together[name][array], values) for array, values in alone.items())


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


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize("ridge", [1e-20, 0.4])
@pytest.mark.parametrize("case", ["one sample", "black", "one pixel varies", "constant target", "equal pixels", "zero"])
def test_degenerate_samples_give_finite_answers(model: GreedyModel, dtype: str, ridge: float, case: str) -> None:
    inputs, targets = random_images((12, 3, *SHAPE)), random_images((12, 3, *SHAPE), seed=1)
    if case == "one sample":
        inputs, targets = inputs[:1], targets[:1]
    elif case == "black":
        inputs[:] = 0
    elif case == "one pixel varies":
        inputs[..., 1:] = 77
        inputs[:, :, 1:] = 77
    elif case == "constant target":
        targets[:] = 99
    elif case == "equal pixels":
        inputs[:] = inputs[:, :, :1, :1]
    else:
        targets[:] = 0
    if dtype == "float64":
        inputs, targets = inputs / 255, targets / 255
    chosen = type(model)(**{**model.parameters(), "ridge": ridge})
    solved = train(chosen, inputs, {"smiling": targets}, colour=Colour.SHARED)["smiling"]
    assert all(np.isfinite(values).all() for values in solved.values())
    used = (solved["support"] >= 0).sum(axis=1)
    assert np.array_equal(solved["status"] == SHORT, used < model.n_nonzero)
    assert set(np.unique(solved["status"])) <= {0, SHORT}
    assert (solved["values"][solved["support"] < 0] == 0).all()
    if case in ("one sample", "black"):
        assert not used.any()
        n, unit = len(inputs) * 3, 255 if dtype == "uint8" else 1
        expected = targets.sum(axis=(0, 1), dtype=np.float64) / unit / (n + ridge)
        np.testing.assert_allclose(solved["bias"][0], expected, rtol=1e-12)
    if case == "one pixel varies":
        assert (used == 1).all()
        assert (solved["support"][0, 0] == 0).all()
    if case == "zero":
        assert (solved["values"] == 0).all()
        assert (solved["bias"] == 0).all()


def test_no_pixel_is_picked_twice_and_the_residual_is_that_of_a_ridge_fit(model: GreedyModel) -> None:
    inputs, targets = (smooth_images(6, 3, SHAPE, seed) for seed in (0, 1))
    solved = train(model, inputs, {"smiling": targets}, colour=Colour.SHARED)["smiling"]
    columns = (inputs / 255).reshape(18, -1)
    for row, col in np.ndindex(SHAPE):
        picked = solved["support"][0, :, row, col]
        assert len(set(picked)) == model.n_nonzero
        design = np.column_stack([columns[:, picked], np.ones(18)])
        solution = np.append(solved["values"][0, :, row, col], solved["bias"][0, row, col])
        residual = targets[:, :, row, col].reshape(-1) / 255 - design @ solution
        np.testing.assert_allclose(design.T @ residual, model.ridge * solution, atol=1e-11)


def test_inputs_may_be_read_only_and_strided_and_are_not_changed(model: GreedyModel) -> None:
    wide = random_images((20, 3, SHAPE[0], 2 * SHAPE[1]))
    inputs, targets = wide[..., ::2], wide[..., 1::2]
    for images in (wide, inputs, targets):
        images.flags.writeable = False
    before = wide.copy()
    strided = train(model, inputs, {"smiling": targets})["smiling"]
    packed = train(model, inputs.copy(), {"smiling": targets.copy()})["smiling"]
    assert np.array_equal(wide, before)
    assert all(np.array_equal(values, packed[name]) for name, values in strided.items())


def test_statistics_can_be_solved_twice_and_added_to(model: GreedyModel) -> None:
    images = random_images((30, 1, *SHAPE))
    statistics = empty_statistics(model)
    statistics.add(Samples(images[:10], {"smiling": images[10:20]}))
    first, second = model.solve(statistics)["smiling"], model.solve(statistics)["smiling"]
    assert all(np.array_equal(values, second[name]) for name, values in first.items())
    statistics.add(Samples(images[10:20], {"smiling": images[20:]}))
    both = train(model, images[:20], {"smiling": images[10:]})["smiling"]
    assert all(np.array_equal(values, both[name]) for name, values in model.solve(statistics)["smiling"].items())


def test_bad_blocks_and_empty_statistics_are_refused(model: GreedyModel) -> None:
    statistics, images = empty_statistics(model), random_images((2, 1, *SHAPE))
    with pytest.raises(ValueError, match=r"tile 0 \(rows 0:7, columns 0:9\): no samples were added"):
        model.solve(statistics)
    with pytest.raises(ValueError, match=r"smiling are uint8 of shape \(1, 1, 7, 9\); expected uint8 of shape \(2, 1"):
        statistics.add(Samples(images, {"smiling": images[:1]}))
    with pytest.raises(
        ValueError, match=r"inputs are uint8 of shape \(2, 1, 6, 9\); expected uint8 of shape \(2, 1, 7"
    ):
        statistics.add(Samples(images[:, :, :6], {"smiling": images}))
    with pytest.raises(ValueError, match=r"inputs are float64 .* expected uint8"):
        statistics.add(Samples(images / 255, {"smiling": images}))


def empty_statistics(model: GreedyModel):  # type: ignore[no-untyped-def]
    tile = Tile(0, Region(0, SHAPE[0], 0, SHAPE[1]))
    _, padding = model.inputs_of(tile.region, SHAPE)
    return model.gather(TileProblem(tile, padding, 1, Colour.GRAY, ("smiling",)), np.dtype(np.uint8))


def test_the_layout_names_every_solved_array(model: GreedyModel) -> None:
    inputs = random_images((3, 3, *SHAPE))
    for colour in Colour:
        solved = train(model, inputs, {"smiling": inputs}, colour=colour)["smiling"]
        sets = colour.weight_channels(3)
        layouts = (*model.own_layout(sets), *common_layout(sets, 3))
        assert {layout.name for layout in layouts} == set(solved)
        for layout in layouts:
            assert solved[layout.name].shape == (*(length for _, length in layout.leading), *SHAPE)
            assert solved[layout.name].dtype == layout.dtype


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


def test_a_model_is_rebuilt_from_its_parameters(model: GreedyModel) -> None:
    assert type(model)(**model.parameters()) == model
    assert pickle.loads(pickle.dumps(model)) == model
    assert model.coordinates() == {}


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


@pytest.mark.parametrize("colour", list(Colour))
@pytest.mark.parametrize(
    ("n_expressions", "n_block", "dtype"), [(1, 20, "uint8"), (3, 48, "uint8"), (2, 24, "float64")]
)
def test_measured_memory_is_at_most_projected(
    model: GreedyModel, colour: Colour, n_expressions: int, n_block: int, dtype: str
) -> None:
    names = tuple(f"expression {number}" for number in range(n_expressions))
    tile, image_shape = Tile(0, Region(10, 42, 10, 42)), (64, 60)
    fit = Fit(image_shape, 3, colour, dtype, 2 * n_block, n_expressions)
    projected = model.memory(fit, (32, 32), n_block).nbytes
    small = random_images((2, 3, 16, 16)).astype(dtype)
    train(model, small, {"compile": small}, colour=colour)
    tracemalloc.start()
    seen, padding = model.inputs_of(tile.region, image_shape)
    statistics = model.gather(TileProblem(tile, padding, 3, colour, names), small.dtype)
    for seed in range(2):
        # Noise has as many directions as samples.
        shapes = (seen.shape, *[tile.region.shape] * n_expressions)
        blocks = [random_images((n_block, 3, *shape), seed).astype(dtype, copy=False) for shape in shapes]
        statistics.add(Samples(blocks[0], dict(zip(names, blocks[1:], strict=True))))
        del blocks
    solved = model.solve(statistics)
    _, measured = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(solved) == n_expressions
    assert projected / 2 < measured <= projected
