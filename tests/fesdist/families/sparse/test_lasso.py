"""LASSO has the weights of the plain loop, a certificate for every pixel, and the same bits in any cut."""

from __future__ import annotations

import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fesdist.families.common.fit import Fit
from fesdist.families.common.layout import Array
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.sparse.kernels.active_set import INEXACT, SOLVED, TOO_MANY
from fesdist.families.sparse.lasso import Lasso
from fesdist.ground.colour import Colour, to_gray
from fesdist.ground.errors import BadParameterError
from fesdist.ground.tiles import Padding, Region, Tile
from tests.fesdist import reference_lasso
from tests.fesdist.families.problems import random_images, train
from tests.fesdist.families.sparse.problems import dense, photographs, smooth_images

LASSO = Lasso(l1=0.4, max_nonzero=40)
SHAPE = (7, 9)


def gaps(inputs: Array, targets: Array, weights: Array, l1: float) -> Array:
    """Return the relative duality gap of each pixel of images (sample, channel, row, col) in [0, 1]."""
    vectors = inputs.reshape(inputs.shape[0] * inputs.shape[1], -1)
    design = np.column_stack([vectors, np.ones(len(vectors))])
    flat = targets.reshape(len(vectors), -1)
    return np.array([reference_lasso.relative_gap(design, flat[:, pixel], w, l1) for pixel, w in enumerate(weights)])


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize(("n", "l1"), [(6, 0.4), (17, 0.1), (40, 1.0)])
def test_weights_are_those_of_the_plain_loop(dtype: str, n: int, l1: float) -> None:
    inputs, targets = random_images((n, 1, 3, 4)), random_images((n, 1, 3, 4), seed=1)
    weights, bias = reference_lasso.fit_lasso(inputs[:, 0] / 255, targets[:, 0] / 255, l1)
    if dtype == "float64":
        inputs, targets = inputs / 255, targets / 255
    solved = train(Lasso(l1, 20), inputs, {"smiling": targets}, n_block=15)["smiling"]
    np.testing.assert_allclose(dense(solved)[:, :-1], weights, atol=1e-10)
    np.testing.assert_allclose(solved["bias"][0].ravel(), bias, atol=1e-10)
    np.testing.assert_allclose(solved["norm"][0].ravel(), np.abs(weights).sum(axis=1) + np.abs(bias), atol=1e-9)
    difference = (targets.astype(float) - inputs).mean(axis=0) / (255 if dtype == "uint8" else 1)
    np.testing.assert_allclose(solved["mean_difference"], difference, atol=1e-7)
    assert not solved["status"].any()


@pytest.mark.parametrize("colour", list(Colour))
def test_every_pixel_is_certified_in_every_colour_mode(colour: Colour) -> None:
    inputs, targets = (smooth_images(20, 3, SHAPE, seed) for seed in (0, 1))
    solved = train(LASSO, inputs, {"smiling": targets}, colour=colour)["smiling"]
    if colour is Colour.SHARED:
        parts = [(inputs, targets)]
    elif colour is Colour.GRAY:
        parts = [(to_gray(inputs), to_gray(targets))]
    else:
        parts = [(inputs[:, c : c + 1], targets[:, c : c + 1]) for c in range(3)]
    for number, (before, after) in enumerate(parts):
        assert gaps(before / 255, after / 255, dense(solved, number), 0.4).max() <= 1e-8
    assert solved["gap"].max() <= 1e-8
    assert (solved["status"] == SOLVED).all()


@pytest.mark.ict
@pytest.mark.parametrize(("l1", "colour"), [(0.4, Colour.SHARED), (0.02, Colour.GRAY)])
def test_every_pixel_of_rendered_faces_is_certified(ict_256: Path, l1: float, colour: Colour) -> None:
    inputs, targets = (photographs(ict_256 / expression) for expression in ("neutral", "happy"))
    solved = train(Lasso(l1), inputs, {"happy": targets}, colour=colour)["happy"]
    seen = (inputs, targets) if colour is Colour.SHARED else (to_gray(inputs), to_gray(targets))
    assert gaps(seen[0] / 255, seen[1] / 255, dense(solved), l1).max() <= 1e-8
    assert (solved["status"] == SOLVED).all()


@given(
    rows=st.integers(1, 8),
    cols=st.integers(1, 10),
    n_block=st.integers(1, 40),
    colour=st.sampled_from(list(Colour)),
    floating=st.booleans(),
)
@settings(max_examples=15)
def test_bits_do_not_depend_on_tiles_or_blocks(
    rows: int, cols: int, n_block: int, colour: Colour, floating: bool
) -> None:
    inputs, targets = (smooth_images(37, 3, (11, 13), seed) for seed in (0, 1))
    if floating:
        inputs, targets = inputs / 255, targets / 255
    whole = train(LASSO, inputs, {"smiling": targets}, colour=colour)["smiling"]
    cut = train(LASSO, inputs, {"smiling": targets}, colour=colour, tile_shape=(rows, cols), n_block=n_block)
    for name, values in whole.items():
        assert np.array_equal(values, cut["smiling"][name]), name


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize("l1", [1e-3, 0.4])
@pytest.mark.parametrize(
    "case", ["one sample", "black", "equal pixels", "almost equal pixels", "constant target", "zero", "own target"]
)
def test_degenerate_samples_give_finite_and_certified_answers(dtype: str, l1: float, case: str) -> None:
    inputs, targets = random_images((12, 3, *SHAPE)), random_images((12, 3, *SHAPE), seed=1)
    if case == "one sample":
        inputs, targets = inputs[:1, :1], targets[:1, :1]
    elif case == "black":
        inputs[:] = 0
    elif case == "equal pixels":
        inputs[..., 3:] = inputs[:, :, :1, :1]
    elif case == "almost equal pixels":
        inputs[:] = np.minimum(inputs[:, :, :1, :1], 254) + (inputs > 240)
    elif case == "constant target":
        targets[:] = 99
    elif case == "zero":
        targets[:] = 0
    else:
        targets[:] = inputs
    if dtype == "float64":
        inputs, targets = inputs / 255, targets / 255
    unit = 255 if dtype == "uint8" else 1
    solved = train(Lasso(l1), inputs, {"smiling": targets}, colour=Colour.SHARED)["smiling"]
    assert all(np.isfinite(values).all() for values in solved.values())
    assert (solved["status"] == SOLVED).all()
    assert gaps(inputs / unit, targets / unit, dense(solved), l1).max() <= 1e-8
    if case == "black":
        assert (solved["support"] == -1).all()
        mean = targets.mean(axis=(0, 1)) / unit
        np.testing.assert_allclose(solved["bias"][0], np.maximum(mean - l1 / 2 / 36, 0.0), atol=1e-12)
    if case == "zero":
        assert (solved["support"] == -1).all()
        assert not solved["norm"].any()


def test_a_large_penalty_leaves_no_weight() -> None:
    inputs, targets = random_images((12, 1, *SHAPE)), random_images((12, 1, *SHAPE), seed=1)
    solved = train(Lasso(1000.0), inputs, {"smiling": targets})["smiling"]
    assert not solved["norm"].any()
    assert not solved["gap"].any()


def test_a_pixel_that_needs_more_taps_has_the_best_weights_for_fewer_and_says_so() -> None:
    inputs, targets = random_images((30, 1, *SHAPE)), random_images((30, 1, *SHAPE), seed=1)
    needed = (train(Lasso(0.1), inputs, {"smiling": targets})["smiling"]["support"] >= 0).sum(axis=1)
    solved = train(Lasso(0.1, 6), inputs, {"smiling": targets})["smiling"]
    assert needed.min() > 6
    assert (solved["status"] == TOO_MANY).all()
    assert solved["gap"].min() > 1e-8
    assert (solved["support"] >= 0).sum(axis=1).max() == 6
    design = np.column_stack([inputs.reshape(30, -1) / 255, np.ones(30)])
    weights = dense(solved)
    residuals = targets.reshape(30, -1) / 255 - design @ weights.T
    scores = (design.T @ residuals).T
    np.testing.assert_allclose(scores[weights != 0], 0.05 * np.sign(weights[weights != 0]), atol=1e-12)


def test_a_penalty_near_zero_gives_a_finite_answer_and_a_status() -> None:
    inputs, targets = (smooth_images(40, 1, SHAPE, seed) for seed in (0, 1))
    solved = train(Lasso(1e-12), inputs, {"smiling": targets})["smiling"]
    assert all(np.isfinite(values).all() for values in solved.values())
    assert set(np.unique(solved["status"])) <= {SOLVED, INEXACT}
    assert ((solved["status"] == SOLVED) == (solved["gap"] <= 1e-8)).all()


def test_taps_come_first_and_unused_ones_have_no_weight() -> None:
    inputs, targets = (smooth_images(20, 1, SHAPE, seed) for seed in (0, 1))
    solved = train(LASSO, inputs, {"smiling": targets})["smiling"]
    used = solved["support"][0] >= 0
    assert (used[:-1] >= used[1:]).all()
    assert (solved["values"][0][~used] == 0).all()
    assert (solved["values"][0][used] != 0).all()
    assert solved["bias"].any()


@pytest.mark.parametrize("region", [Region(0, 7, 0, 9), Region(3, 6, 0, 9), Region(6, 7, 8, 9)])
def test_outputs_are_the_bias_and_weighted_pixels(region: Region) -> None:
    inputs, targets = (smooth_images(20, 3, SHAPE, seed) for seed in (0, 1))
    solved = train(LASSO, inputs, {"smiling": targets}, colour=Colour.SHARED)["smiling"]
    images = random_images((5, 3, *SHAPE))
    seen, padding = LASSO.inputs_of(region, SHAPE)
    part = LASSO.prepare({name: array[..., *region.slices] for name, array in solved.items()})
    outputs = LASSO.apply(part, images[:, :, *seen.slices], padding)
    assert padding == Padding(0, 0, 0, 0)
    vectors = np.column_stack([images.reshape(15, -1) / 255, np.ones(15)])
    expected = (vectors @ dense(solved).T).reshape(5, 3, *SHAPE)[..., *region.slices]
    np.testing.assert_allclose(outputs, expected, atol=2e-6)


@pytest.mark.parametrize("colour", list(Colour))
@pytest.mark.parametrize(
    ("n_expressions", "n_block", "dtype", "image"),
    [(1, 64, "uint8", 80), (3, 16, "uint8", 80), (2, 40, "float64", 80), (1, 8, "uint8", 200)],
)
def test_measured_memory_is_at_most_projected(
    colour: Colour, n_expressions: int, n_block: int, dtype: str, image: int
) -> None:
    model = Lasso(50.0, 48)
    names = tuple(f"expression {number}" for number in range(n_expressions))
    tile_shape, image_shape = (64, 48), (image, image)
    fit = Fit(image_shape, 3, colour, dtype, 2 * n_block, n_expressions)
    projected = model.memory(fit, tile_shape, n_block).nbytes
    small = random_images((2, 3, 16, 16)) if dtype == "uint8" else random_images((2, 3, 16, 16)) / 255
    train(model, small, {"compile": small})
    tile = Tile(0, Region(10, 74, 10, 58))
    seen, padding = model.inputs_of(tile.region, image_shape)
    tracemalloc.start()
    problem = TileProblem(tile, padding, 3, colour, names)
    statistics = model.gather(problem, small.dtype)
    for _ in range(2):
        shapes = [(n_block, 3, *seen.shape)] + [(n_block, 3, *tile_shape)] * n_expressions
        blocks = [np.ones(shape, small.dtype) for shape in shapes]
        statistics.add(Samples(blocks[0], dict(zip(names, blocks[1:], strict=True))))
        del blocks
    solved = model.solve(statistics)
    _, measured = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(solved) == n_expressions
    assert projected / 2 < measured <= projected


def test_empty_statistics_are_refused() -> None:
    tile = Tile(0, Region(0, 7, 0, 9))
    problem = TileProblem(tile, Padding(0, 0, 0, 0), 1, Colour.GRAY, ("smiling",))
    with pytest.raises(ValueError, match=r"tile 0 \(rows 0:7, columns 0:9\): no samples were added"):
        LASSO.solve(LASSO.gather(problem, np.dtype(np.uint8)))


def test_a_model_is_rebuilt_from_its_parameters() -> None:
    assert Lasso(**LASSO.parameters()) == LASSO
    assert pickle.loads(pickle.dumps(LASSO)) == LASSO
    assert LASSO.coordinates() == {}
    assert LASSO.describe() == "l1 penalty 0.4 on all input pixels, at most 40 of them"


@pytest.mark.parametrize("l1", [0, -1.0, float("nan"), float("inf"), "0.4"])
def test_a_penalty_must_be_positive(l1: float) -> None:
    with pytest.raises(BadParameterError, match=r"l1 .*; expected a number above 0"):
        Lasso(l1)


@pytest.mark.parametrize("max_nonzero", [0, -1, 2.5, "5", None])
def test_there_must_be_room_for_a_tap(max_nonzero: int) -> None:
    with pytest.raises(BadParameterError, match=r"max_nonzero .*; expected a whole number of 1 or more"):
        Lasso(max_nonzero=max_nonzero)
