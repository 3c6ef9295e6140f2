"""Pixel-KR gives the outputs of the N x N system for every intensity, and the same bits however the work is cut."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fesdist.families.common.fit import Fit
from fesdist.families.common.layout import Array
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.families.common.sums import added
from fesdist.families.onepixel.functions import Laplacian, features_of, kernel_named
from fesdist.families.onepixel.kernels.systems import Tables, solve_by_features, solve_chain
from fesdist.families.onepixel.sums import IntensitySums
from fesdist.ground.colour import Colour, to_gray
from fesdist.ground.errors import BadParameterError
from fesdist.ground.tiles import Padding, Region, Tile
from fesdist.registry import PixelKernelRidge, model_from_parameters
from tests.fesdist import reference
from tests.fesdist.families.problems import random_images, train

SHAPE = (3, 19)
NO_PADDING = Padding(0, 0, 0, 0)

MODELS: dict[str, tuple[PixelKernelRidge, Callable[[float, float], float]]] = {
    "gaussian": (PixelKernelRidge(ridge=0.4), lambda x, y: math.exp(-((x - y) ** 2) / (2 * 0.2**2))),
    "narrow": (PixelKernelRidge(sigma=0.02, ridge=0.01), lambda x, y: math.exp(-((x - y) ** 2) / (2 * 0.02**2))),
    "wide": (PixelKernelRidge(sigma=30, ridge=0.4), lambda x, y: math.exp(-((x - y) ** 2) / (2 * 30**2))),
    "laplacian": (PixelKernelRidge("laplacian", ridge=0.4), lambda x, y: math.exp(-abs(x - y) / 0.2)),
    "wide laplacian": (PixelKernelRidge("laplacian", 900), lambda x, y: math.exp(-abs(x - y) / 900)),
    "polynomial": (PixelKernelRidge("polynomial", ridge=0.1), lambda x, y: (x * y + 1) ** 3),
    "high degree": (PixelKernelRidge("polynomial", degree=10, offset=0.5), lambda x, y: (x * y + 0.5) ** 10),
    "linear": (PixelKernelRidge("linear", ridge=0.4), lambda x, y: x * y),
}


@pytest.fixture(params=list(MODELS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(name: str) -> PixelKernelRidge:
    return MODELS[name][0]


@pytest.mark.parametrize("n", [1, 7, 130])
def test_tables_are_those_of_the_system_of_all_samples(name: str, n: int) -> None:
    model, kernel = MODELS[name]
    inputs, targets = random_images((n, 1, *SHAPE)), random_images((n, 1, *SHAPE), seed=1)
    expected = reference.fit_kernel_ridge(inputs[:, 0] / 255, targets[:, 0] / 255, kernel, model.ridge)
    np.testing.assert_allclose(_exact_tables(model, inputs, targets), expected, atol=1e-8)
    stored = train(model, inputs, {"smiling": targets}, n_block=50)["smiling"]
    np.testing.assert_allclose(stored["outputs"][0], expected, atol=1e-7)
    assert not stored["status"].any()


@pytest.mark.parametrize("colour", list(Colour))
def test_colour_modes(name: str, colour: Colour) -> None:
    model, kernel = MODELS[name]
    inputs, targets = random_images((20, 3, *SHAPE)), random_images((20, 3, *SHAPE), seed=1)
    solved = train(model, inputs, {"smiling": targets}, colour=colour)["smiling"]
    if colour is Colour.PER_CHANNEL:
        pairs = [(inputs[:, channel], targets[:, channel]) for channel in range(3)]
    elif colour is Colour.SHARED:
        pairs = [(inputs.reshape(-1, *SHAPE), targets.reshape(-1, *SHAPE))]
    else:
        pairs = [(to_gray(inputs)[:, 0], to_gray(targets)[:, 0])]
    expected = [reference.fit_kernel_ridge(x / 255, t / 255, kernel, model.ridge) for x, t in pairs]
    np.testing.assert_allclose(solved["outputs"], np.array(expected), atol=1e-7)
    np.testing.assert_allclose(solved["mean_difference"], (targets / 255 - inputs / 255).mean(axis=0), atol=1e-7)


def test_expressions_solved_together_are_those_solved_alone(model: PixelKernelRidge) -> None:
    inputs = random_images((20, 1, *SHAPE))
    targets = {name: random_images((20, 1, *SHAPE), seed) for seed, name in enumerate(("a", "b", "c"), start=1)}
    together = train(model, inputs, targets)
    for name, images in targets.items():
        alone = train(model, inputs, {name: images})[name]
        assert all(np.array_equal(together[name][array], values) for array, values in alone.items())


@given(
    name=st.sampled_from(list(MODELS)),
    rows=st.integers(1, 3),
    cols=st.integers(1, 19),
    n_block=st.integers(1, 70),
    seed=st.integers(0, 99),
    colour=st.sampled_from(list(Colour)),
)
@settings(max_examples=40)
def test_bits_do_not_depend_on_tiles_blocks_or_order(
    name: str, rows: int, cols: int, n_block: int, seed: int, colour: Colour
) -> None:
    model = MODELS[name][0]
    inputs, targets = random_images((66, 3, *SHAPE)), random_images((66, 3, *SHAPE), seed=1)
    whole = train(model, inputs, {"smiling": targets}, colour=colour)["smiling"]
    order = np.random.default_rng(seed).permutation(66)
    cut = train(
        model,
        inputs[order],
        {"smiling": targets[order]},
        colour=colour,
        tile_shape=(rows, cols),
        n_block=n_block,
    )["smiling"]
    assert all(np.array_equal(values, cut[array]) for array, values in whole.items())


@pytest.mark.parametrize("ridge", [1e-12, 0.4, 1e6])
@pytest.mark.parametrize(
    ("inputs", "targets"),
    [
        (np.zeros((5, 1, *SHAPE), np.uint8), random_images((5, 1, *SHAPE))),
        (np.full((500, 1, *SHAPE), 255, np.uint8), random_images((500, 1, *SHAPE))),
        (random_images((300, 1, *SHAPE)), np.zeros((300, 1, *SHAPE), np.uint8)),
        (random_images((1, 1, *SHAPE)), random_images((1, 1, *SHAPE), seed=1)),
    ],
    ids=["black", "white", "no target", "one sample"],
)
def test_degenerate_samples_give_finite_outputs(name: str, inputs: Array, targets: Array, ridge: float) -> None:
    parameters = {**MODELS[name][0].parameters(), "ridge": ridge}
    solved = train(model_from_parameters("pixel-kr", parameters), inputs, {"smiling": targets})["smiling"]
    assert all(np.isfinite(values).all() for values in solved.values())


def test_a_pivot_that_is_not_positive_gives_the_mean_target() -> None:
    inputs = np.full((2000, 1, *SHAPE), 100, np.uint8)
    inputs[:, :, :, 10:] = random_images((2000, 1, SHAPE[0], SHAPE[1] - 10))
    targets = random_images(inputs.shape, seed=1)
    solved = train(PixelKernelRidge("polynomial", ridge=1e-20), inputs, {"a": targets, "b": 255 - targets})
    for name, images in {"a": targets, "b": 255 - targets}.items():
        failed = solved[name]["status"][0] == 1
        assert failed[:, :10].any()
        assert not failed[:, 10:].any()
        mean = images[:, 0].mean(axis=0)[failed] / 255
        np.testing.assert_allclose(solved[name]["outputs"][0][:, failed], np.tile(mean, (256, 1)), atol=1e-7)
        np.testing.assert_allclose(solved[name]["norm"][0][failed], mean, atol=1e-12)


def test_the_norm_of_a_straight_line_is_the_size_of_its_weight() -> None:
    inputs, targets = random_images((30, 1, *SHAPE)), random_images((30, 1, *SHAPE), seed=1)
    solved = train(PixelKernelRidge("linear", ridge=0.4), inputs, {"smiling": targets})["smiling"]
    x, t = inputs[:, 0] / 255, targets[:, 0] / 255
    np.testing.assert_allclose(solved["norm"][0], (x * t).sum(axis=0) / ((x * x).sum(axis=0) + 0.4), atol=1e-12)


def test_floating_point_stacks_are_refused_before_anything_is_computed() -> None:
    problem = _problem(SHAPE, 3, Colour.SHARED, ("smiling",))
    with pytest.raises(BadParameterError, match=r"cannot learn from float64 images; ingest .* --normalisation none"):
        PixelKernelRidge().gather(problem, np.dtype(np.float64))
    with pytest.raises(BadParameterError, match="cannot learn from float64 images"):
        PixelKernelRidge().memory(Fit((64, 64), 3, Colour.SHARED, "float64", 10, 1), (64, 64), 10)


def test_bad_blocks_and_empty_statistics_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model, images = PixelKernelRidge(), random_images((2, 1, *SHAPE))
    statistics = model.gather(_problem(SHAPE, 1, Colour.GRAY, ("smiling",)), np.dtype(np.uint8))
    with pytest.raises(ValueError, match=r"tile 0 \(rows 0:3, columns 0:19\): no samples were added"):
        model.solve(statistics)
    with pytest.raises(ValueError, match=r"smiling are uint8 of shape \(1, 1, 3, 19\); expected uint8 of shape \(2, 1"):
        statistics.add(Samples(images, {"smiling": images[:1]}))
    monkeypatch.setattr("fesdist.families.onepixel.sums.LARGEST_SUM", 3 * 255)
    statistics.add(Samples(images, {"smiling": images}))
    with pytest.raises(ValueError, match="4 samples; sums of 32 bits hold"):
        statistics.add(Samples(images, {"smiling": images}))


def test_a_model_is_rebuilt_from_its_parameters(model: PixelKernelRidge) -> None:
    assert model_from_parameters(model.name, model.parameters()) == model
    assert pickle.loads(pickle.dumps(model)) == model


def test_parameters_are_those_of_the_kernel() -> None:
    assert PixelKernelRidge(sigma=1).parameters() == {"kernel": "gaussian", "sigma": 1.0, "ridge": 0.4}
    assert PixelKernelRidge("linear", ridge=1).parameters() == {"kernel": "linear", "ridge": 1.0}
    assert PixelKernelRidge("polynomial").describe() == "polynomial kernel, degree 3, offset 1, ridge 0.4"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"kernel": "cosine"}, "unknown kernel 'cosine'; known: gaussian, laplacian, polynomial, linear"),
        ({"sigma": 0.0}, "sigma 0.0; expected a number above 0 and at most 1000"),
        ({"sigma": float("nan")}, "sigma nan; expected"),
        ({"kernel": "laplacian", "sigma": 1001}, "sigma 1001; expected"),
        ({"kernel": "polynomial", "degree": 11}, "degree 11; expected a whole number from 1 to 10"),
        ({"kernel": "polynomial", "degree": 2.5}, "degree 2.5; expected a whole number"),
        ({"kernel": "polynomial", "offset": -1.0}, "offset -1.0; expected a number from 0 to 1"),
        ({"kernel": "polynomial", "sigma": 0.2}, "sigma 0.2: a polynomial kernel has degree and offset"),
        ({"kernel": "linear", "degree": 2}, "degree 2: a linear kernel has no parameter"),
        ({"ridge": 0}, "ridge 0; expected a number above 0"),
        ({"ridge": float("inf")}, "ridge inf; expected a number above 0"),
    ],
)
def test_bad_parameters_are_refused(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(BadParameterError, match=message):
        PixelKernelRidge(**parameters)  # type: ignore[arg-type]


def _exact_tables(model: PixelKernelRidge, inputs: Array, targets: Array) -> Array:
    """Return the tables (256, row, col) of one channel in float64, before they are rounded for storing."""
    statistics = IntensitySums(_problem(SHAPE, 1, Colour.GRAY, ("smiling",)))
    statistics.add(Samples(inputs, {"smiling": targets}))
    tables = Tables(np.empty((1, 256, *SHAPE)), np.empty((1, *SHAPE)), np.empty(SHAPE, np.uint8))
    shape = {key: value for key, value in model.parameters().items() if key not in ("kernel", "ridge")}
    kernel = kernel_named(model.kernel, shape)
    if isinstance(kernel, Laplacian):
        solve_chain(statistics.sums[0], kernel.decay, kernel.end, model.ridge, tables)
    else:
        solve_by_features(statistics.sums[0], features_of(kernel.matrix()), model.ridge, tables)
    return tables.outputs[0]


def _problem(shape: tuple[int, int], channels: int, colour: Colour, names: tuple[str, ...]) -> TileProblem:
    return TileProblem(Tile(0, Region(0, shape[0], 0, shape[1])), NO_PADDING, channels, colour, names)


def test_many_sums_are_added_in_memory_of_their_own() -> None:
    images = random_images((4, 1, *SHAPE))
    folds = [PixelKernelRidge().sums(images[[n]], {"smiling": images[[n]]}, [f"person {n}"]) for n in range(4)]
    whole = PixelKernelRidge().sums(images, {"smiling": images}, [f"person {n}" for n in range(4)])
    alone = [{name: values.copy() for name, values in fold.arrays().items()} for fold in folds]
    total = added(folds)
    assert total.n_samples == 4
    for found, expected in [
        (total.arrays(), whole.arrays()),
        *zip((fold.arrays() for fold in folds), alone, strict=True),
    ]:
        assert found.keys() == expected.keys()
        assert all(np.array_equal(found[name], values) for name, values in expected.items())
