"""The coded models give the outputs of their formulas, and the same bits however the work is cut."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fesdist.families.coded.model import CodedModel
from fesdist.families.coded.products import Products
from fesdist.families.common.fit import Fit
from fesdist.families.common.layout import Array, common_layout
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Samples
from fesdist.ground.colour import Colour, to_gray
from fesdist.ground.tiles import Padding, Region, Tile
from fesdist.registry import (
    BilinearKernelReducedRank,
    KernelReducedRank,
    PrincipalComponents,
    RidgeRegression,
    StyleAndContent,
    model_from_parameters,
)
from tests.fesdist import reference_coded as reference
from tests.fesdist.families.coded.problems import apply_coded, train_coded
from tests.fesdist.families.problems import random_images

SHAPE = (5, 19)
MODELS_TRIED: dict[str, CodedModel] = {
    "ridge": RidgeRegression(0.4),
    "pca": PrincipalComponents(4),
    "ssc": StyleAndContent(4),
    "krrr": KernelReducedRank(3, 0.1, "gaussian", 0.5),
    "krrr, linear": KernelReducedRank(3, 0.1, "linear"),
    "bkrrr": BilinearKernelReducedRank(3, 0.1, "gaussian", 0.5),
}


@pytest.fixture(params=list(MODELS_TRIED))
def model(request: pytest.FixtureRequest) -> CodedModel:
    return MODELS_TRIED[request.param]


def _reference(model: CodedModel, inputs: Array, targets: Array, image: Array) -> Array:
    """Return the output (pixel) for an image (pixel) of the literal formula; inputs and targets are (sample, pixel)."""
    match model:
        case RidgeRegression():
            return reference.ridge(inputs, targets, image, model.ridge)
        case PrincipalComponents():
            return reference.pca(targets, image, model.rank)
        case StyleAndContent():
            return reference.style_and_content(inputs, targets, image, model.rank)
        case KernelReducedRank():
            kernel = {"gaussian": reference.gaussian, "linear": reference.linear}[model.kernel]
            of_image = kernel(image[None], inputs, model.sigma)[0] + 1
            of_inputs = kernel(inputs, inputs, model.sigma) + 1
            return reference.kernel_reduced_rank(of_inputs, targets, of_image, model.rank, model.ridge)
    raise AssertionError(model)


def _exact_codes(model: CodedModel, arrays: dict[str, Array], image: Array) -> Array:
    """Return the codes of an image (pixel) in float64, from the arrays of its only set of weights."""
    encoder = arrays[model.encoder_name][0].reshape(-1, len(image))
    if not isinstance(model, KernelReducedRank):
        return encoder @ image
    if encoder.dtype == np.uint8:
        encoder = encoder / 255
    kernel = {"gaussian": reference.gaussian, "linear": reference.linear}[model.kernel]
    return arrays["mixing"][0] @ kernel(image[None], encoder, model.sigma)[0]


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize("n", [5, 11, 120])
def test_outputs_are_those_of_the_formulas(model: CodedModel, dtype: str, n: int) -> None:
    inputs, targets = random_images((n, 1, *SHAPE)), random_images((n, 1, *SHAPE), seed=1)
    images = random_images((3, 1, *SHAPE), seed=2)
    rows, afters, tried = (given.reshape(len(given), -1) / 255 for given in (inputs, targets, images))
    if dtype == "float64":
        inputs, targets, images = inputs / 255, targets / 255, images / 255
    arrays = train_coded(model, inputs, {"smiling": targets}, held_out=images, n_block=4)["smiling"]
    outputs = apply_coded(model, arrays, images, cuts=(2,))
    assert outputs.dtype == np.float32
    for number, image in enumerate(tried):
        expected = _reference(model, rows, afters, image)
        codes = _exact_codes(model, arrays, image)
        exact = arrays["bias"].ravel() + codes @ arrays["decoder"][0].reshape(len(codes), -1)
        np.testing.assert_allclose(exact, expected, atol=1e-9)
        np.testing.assert_allclose(outputs[number].ravel(), expected, atol=2e-5)
        np.testing.assert_allclose(arrays["held_out"][number, 0], codes, atol=1e-5)
    assert not arrays["status"].any()


def test_the_weights_of_ridge_are_those_of_equation_2() -> None:
    inputs, targets = random_images((30, 1, *SHAPE)), random_images((30, 1, *SHAPE), seed=1)
    arrays = train_coded(RidgeRegression(0.4), inputs, {"smiling": targets})["smiling"]
    design = np.column_stack((inputs.reshape(30, -1) / 255, np.ones(30)))
    gram = design.T @ design + 0.4 * np.eye(design.shape[1])
    weights = np.linalg.solve(gram, design.T @ targets.reshape(30, -1) / 255)
    encoder, decoder = (arrays[name][0].reshape(30, -1) for name in ("encoder", "decoder"))
    np.testing.assert_allclose(encoder.T @ decoder, weights[:-1], atol=1e-12)
    np.testing.assert_allclose(arrays["bias"].ravel(), weights[-1], atol=1e-12)
    np.testing.assert_allclose(arrays["norm"].ravel(), np.linalg.norm(weights, axis=0), atol=1e-12)


def test_reduced_rank_regression_of_full_rank_is_ridge_regression() -> None:
    inputs, targets = random_images((12, 1, *SHAPE)), random_images((12, 1, *SHAPE), seed=1)
    images = random_images((3, 1, *SHAPE), seed=2)
    outputs = [
        apply_coded(model, train_coded(model, inputs, {"a": targets})["a"], images)
        for model in (RidgeRegression(0.7), KernelReducedRank(12, 0.7, "linear"))
    ]
    np.testing.assert_allclose(*outputs, atol=1e-5)


def test_no_other_mapping_of_the_rank_has_a_smaller_objective() -> None:
    inputs, targets = random_images((12, 1, *SHAPE)), random_images((12, 1, *SHAPE), seed=1)
    model = KernelReducedRank(2, 0.7, "linear")
    arrays = train_coded(model, inputs, {"a": targets})["a"]
    features = np.column_stack((inputs.reshape(12, -1) / 255, np.ones(12)))
    afters = targets.reshape(12, -1) / 255
    codes = arrays["mixing"][0] @ features
    outputs = arrays["decoder"][0].reshape(2, -1)
    best = reference.reduced_rank_objective(features, afters, codes.T @ outputs, 0.7)
    generator = np.random.default_rng(3)
    for _ in range(20):
        step = [1e-3 * generator.normal(size=part.shape) * np.abs(part).max() for part in (codes, outputs)]
        other = (codes + step[0]).T @ (outputs + step[1])
        assert reference.reduced_rank_objective(features, afters, other, 0.7) > best


def test_bilinear_codes_are_those_of_all_expressions_beside_each_other() -> None:
    inputs, images = random_images((9, 1, *SHAPE)), random_images((2, 1, *SHAPE), seed=9)
    targets = {name: random_images((9, 1, *SHAPE), seed) for seed, name in enumerate("abc", start=1)}
    model = MODELS_TRIED["bkrrr"]
    trained = train_coded(model, inputs, targets)
    beside = np.concatenate([after.reshape(9, -1) for after in targets.values()], axis=1) / 255
    for number in range(2):
        expected = _reference(model, inputs.reshape(9, -1) / 255, beside, images[number].ravel() / 255)
        outputs = [apply_coded(model, trained[name], images[number : number + 1]).ravel() for name in targets]
        np.testing.assert_allclose(np.concatenate(outputs), expected, atol=2e-5)


@pytest.mark.parametrize("colour", list(Colour))
def test_colour_modes(model: CodedModel, colour: Colour) -> None:
    inputs, targets = random_images((7, 3, *SHAPE)), random_images((7, 3, *SHAPE), seed=1)
    images = random_images((2, 3, *SHAPE), seed=2)
    arrays = train_coded(model, inputs, {"a": targets}, colour=colour, held_out=images)["a"]
    outputs = apply_coded(model, arrays, images, cuts=(1, 4))
    for channel in range(3):
        if colour is Colour.SHARED:
            fitted = inputs.reshape(21, -1), targets.reshape(21, -1)
        elif colour is Colour.PER_CHANNEL:
            fitted = inputs[:, channel].reshape(7, -1), targets[:, channel].reshape(7, -1)
        else:
            fitted = to_gray(inputs).reshape(7, -1), to_gray(targets).reshape(7, -1)
        for number, image in enumerate(images):
            expected = _reference(model, fitted[0] / 255, fitted[1] / 255, image[channel].ravel() / 255)
            np.testing.assert_allclose(outputs[number, channel].ravel(), expected, atol=2e-5)
    difference = (targets / 255 - inputs / 255).mean(axis=0)
    np.testing.assert_allclose(arrays["mean_difference"], difference, atol=1e-7)
    np.testing.assert_allclose(model.apply(arrays, arrays["held_out"], Padding(0, 0, 0, 0)), outputs, atol=2e-5)


@given(rows=st.integers(1, 6), cols=st.integers(1, 20), n_block=st.integers(1, 9), colour=st.sampled_from(list(Colour)))
@settings(max_examples=12)
@pytest.mark.parametrize("name", list(MODELS_TRIED))
def test_bits_do_not_depend_on_tiles_or_blocks(name: str, rows: int, cols: int, n_block: int, colour: Colour) -> None:
    inputs, targets = random_images((8, 3, *SHAPE)), random_images((8, 3, *SHAPE), seed=1)
    held_out = random_images((2, 3, *SHAPE), seed=2)
    model = MODELS_TRIED[name]
    whole = train_coded(model, inputs, {"a": targets}, held_out=held_out, colour=colour)["a"]
    cut = train_coded(
        model, inputs, {"a": targets}, held_out=held_out, colour=colour, tile_shape=(rows, cols), n_block=n_block
    )["a"]
    for array, values in whole.items():
        assert np.array_equal(values, cut[array]), array


def test_expressions_with_fewer_samples_have_the_same_outputs(model: CodedModel) -> None:
    inputs, targets = random_images((6, 1, *SHAPE)), random_images((6, 1, *SHAPE), seed=1)
    images = random_images((2, 1, *SHAPE), seed=2)
    own = train_coded(model, inputs, {"a": targets}, held_out=images)["a"]
    filled = train_coded(model, inputs, {"a": targets}, held_out=images, n_samples=10)["a"]
    np.testing.assert_allclose(apply_coded(model, own, images), apply_coded(model, filled, images), atol=1e-6)
    outputs = model.apply(filled, filled["held_out"], Padding(0, 0, 0, 0))
    np.testing.assert_allclose(outputs, apply_coded(model, own, images), atol=2e-5)


DEGENERATE: dict[str, Callable[[], tuple[Array, Array]]] = {
    "one sample": lambda: (random_images((1, 3, *SHAPE)), random_images((1, 3, *SHAPE), seed=1)),
    "black inputs": lambda: (np.zeros((4, 3, *SHAPE), np.uint8), random_images((4, 3, *SHAPE), seed=1)),
    "black targets": lambda: (random_images((4, 3, *SHAPE)), np.zeros((4, 3, *SHAPE), np.uint8)),
    "all black": lambda: (np.zeros((4, 3, *SHAPE), np.uint8), np.zeros((4, 3, *SHAPE), np.uint8)),
    "all white": lambda: (np.full((4, 3, *SHAPE), 255, np.uint8), np.full((4, 3, *SHAPE), 255, np.uint8)),
    "the same person": lambda: (
        np.repeat(random_images((1, 3, *SHAPE)), 6, axis=0),
        np.repeat(random_images((1, 3, *SHAPE), seed=1), 6, axis=0),
    ),
}


@pytest.mark.parametrize("case", list(DEGENERATE))
@pytest.mark.parametrize("colour", list(Colour))
def test_degenerate_samples_give_finite_outputs_or_a_status(model: CodedModel, case: str, colour: Colour) -> None:
    inputs, targets = DEGENERATE[case]()
    images = random_images((2, 3, *SHAPE), seed=2)
    arrays = train_coded(model, inputs, {"a": targets}, colour=colour, held_out=images)["a"]
    outputs = apply_coded(model, arrays, images)
    assert np.isfinite(outputs).all()
    assert all(np.isfinite(values).all() for values in arrays.values())
    failed = arrays["status"][0] == 1
    assert not arrays["decoder"][:, :, failed].any()
    if failed.any():
        fitted = to_gray(targets) if colour is Colour.GRAY else targets
        mean = fitted.mean(axis=(0, 1) if colour is Colour.SHARED else 0, dtype=np.float64) / 255
        np.testing.assert_allclose(arrays["bias"], np.broadcast_to(mean, arrays["bias"].shape), rtol=1e-12)


def test_nothing_to_learn_from_gives_the_mean_target() -> None:
    inputs, targets = np.zeros((4, 1, *SHAPE), np.uint8), random_images((4, 1, *SHAPE), seed=1)
    arrays = train_coded(StyleAndContent(2), inputs, {"a": targets})["a"]
    assert (arrays["status"] == 1).all()
    outputs = apply_coded(StyleAndContent(2), arrays, random_images((1, 1, *SHAPE)))
    np.testing.assert_allclose(outputs[0], targets.mean(axis=0) / 255, rtol=1e-6)


def test_the_layout_names_every_solved_array(model: CodedModel) -> None:
    inputs = random_images((3, 3, *SHAPE))
    for colour in Colour:
        arrays = train_coded(model, inputs, {"smiling": inputs}, colour=colour)["smiling"]
        fit = Fit(SHAPE, 3, colour, "uint8", 3, 1)
        layouts = (*model.layout(fit), *common_layout(fit.weight_channels, 3))
        assert {layout.name for layout in layouts} == set(arrays) - {"held_out"}
        assert tuple(layout.name for layout in layouts if not layout.of_pixels) == model.image_pass().small
        assert {*model.reads, model.image_pass().encoder} <= {layout.name for layout in layouts if layout.of_pixels}
        for layout in layouts:
            shape = tuple(length for _, length in layout.leading) + (SHAPE if layout.of_pixels else ())
            assert (arrays[layout.name].shape, arrays[layout.name].dtype) == (shape, layout.dtype)


def test_samples_that_the_image_stage_did_not_see_are_refused() -> None:
    images = random_images((3, 1, *SHAPE))
    model = RidgeRegression()
    fit = Fit(SHAPE, 1, Colour.GRAY, "uint8", 3, 1)
    products = Products(np.eye(3)[None], {"a": np.zeros((1, 0, 0))}, {"a": np.zeros((1, 0, 4))})
    problem = TileProblem(
        Tile(0, Region(0, SHAPE[0], 0, SHAPE[1])),
        Padding(0, 0, 0, 0),
        1,
        Colour.GRAY,
        ("a",),
        model.image_pass().finish(products, ("a",), fit),
    )
    statistics = model.gather(problem, np.dtype(np.uint8))
    statistics.add(Samples(images[:2], {"a": images[:2]}))
    with pytest.raises(ValueError, match=r"2 samples were added, which are 2 images to fit; expected 3"):
        model.solve(statistics)
    with pytest.raises(ValueError, match=r"a are uint8 of shape \(2, 1, 5, 19\); expected uint8 of shape \(1, "):
        statistics.add(Samples(images[:1], {"a": images[:2]}))


def test_models_are_rebuilt_from_their_parameters(model: CodedModel) -> None:
    assert model_from_parameters(model.name, model.parameters()) == model
    assert pickle.loads(pickle.dumps(model)) == model
