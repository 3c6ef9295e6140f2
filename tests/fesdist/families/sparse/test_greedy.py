"""What OMP and LSRF have in common: the weights of the plain loop in every colour, the same bits in any cut."""

from __future__ import annotations

import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fesdist.families.common.fit import Fit
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.sparse.greedy import GreedyModel
from fesdist.families.sparse.kernels.selection import SHORT
from fesdist.families.sparse.lsrf import LocalSparseReceptiveFields
from fesdist.families.sparse.omp import OrthogonalMatchingPursuit
from fesdist.ground.colour import Colour, to_gray
from fesdist.ground.tiles import Region, Tile
from tests.fesdist import reference
from tests.fesdist.families.problems import random_images, train
from tests.fesdist.families.sparse.problems import smooth_images

OMP = OrthogonalMatchingPursuit(4, 0.4)
LSRF = LocalSparseReceptiveFields(5, 0.4, 2.0)
SHAPE = (7, 9)


@pytest.fixture(params=[OMP, LSRF], ids=lambda model: model.name)
def model(request: pytest.FixtureRequest) -> GreedyModel:
    chosen: GreedyModel = request.param
    return chosen


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


def test_a_model_is_rebuilt_from_its_parameters(model: GreedyModel) -> None:
    assert type(model)(**model.parameters()) == model
    assert pickle.loads(pickle.dumps(model)) == model
    assert model.coordinates() == {}


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
