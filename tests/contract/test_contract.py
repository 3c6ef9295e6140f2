"""What every model promises, and a new one gets tested for free: it only has to be in the registry."""

from __future__ import annotations

import pickle
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from fesdist.families.common.contract import AnyModel
from fesdist.families.common.layout import common_layout
from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Person
from fesdist.families.common.validation import Judgement
from fesdist.ground.colour import Colour, to_gray
from fesdist.ground.errors import BadParameterError
from fesdist.ground.status import Status
from fesdist.ground.tiles import Region, TileGrid
from fesdist.registry import MODELS, model_from_parameters
from fesdist.registry.options import model_from_options
from tests.contract.in_memory import Pairs, apply, gather, prepare, train, whole_tile

SHAPE = (9, 21)
PEOPLE = 9
EIGHT_BITS_ONLY = {"pixel-kr"}
CODES_IN_COMMON = {"bkrrr"}
"""Models whose expressions share what they are made from, so that each depends on the others."""


POOLED = ("mr, pool 2", "pixel-rr, pool 1", "pixel-kr, pool 1")


@pytest.fixture(params=[*MODELS, *POOLED])
def model(request: pytest.FixtureRequest) -> AnyModel:
    name, _, pool = request.param.partition(", pool ")
    return model_from_options(name, {"pool": int(pool)} if pool else {})


def pairs_of(
    colour: Colour = Colour.SHARED, *, people: int = PEOPLE, channels: int = 3, dtype: str = "uint8", seed: int = 0
) -> Pairs:
    random = np.random.default_rng(seed)
    inputs = random.integers(0, 256, (people, channels, *SHAPE), dtype=np.uint8)
    targets = {name: random.integers(0, 256, inputs.shape, dtype=np.uint8) for name in ("happy", "sad")}
    ids = tuple(Person(f"person {number}", frozenset({f"image {seed} {number}"})) for number in range(people))
    if dtype == "uint8":
        return Pairs(inputs, targets, colour, ids)
    return Pairs(inputs / 255, {name: images / 255 for name, images in targets.items()}, colour, ids)


def same(one: dict[str, dict[str, np.ndarray]], other: dict[str, dict[str, np.ndarray]]) -> bool:
    return all(
        np.array_equal(values, other[expression][name]) and values.dtype == other[expression][name].dtype
        for expression, arrays in one.items()
        for name, values in arrays.items()
    )


def test_its_name_and_words(model: AnyModel) -> None:
    assert MODELS[model.name] is type(model)
    assert model.describe()
    assert model_from_parameters(model.name, model.parameters()) == model
    assert pickle.loads(pickle.dumps(model)) == model


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize("colour", list(Colour))
def test_bits_do_not_depend_on_tiles_or_blocks(model: AnyModel, colour: Colour, dtype: str) -> None:
    if dtype == "float64" and model.name in EIGHT_BITS_ONLY:
        with pytest.raises(BadParameterError, match="cannot learn from float64 images"):
            train(model, pairs_of(colour, dtype=dtype))
        return
    pairs = pairs_of(colour, dtype=dtype)
    whole = train(model, pairs)
    # Only integers may be added in any order; floating-point sums go on from block to block.
    cut = train(model, pairs, tile_shape=(5, 8), n_block=2 if dtype == "uint8" else 1000)
    if dtype == "uint8" or model.image_pass() is None:
        assert same(whole, cut)
    else:  # inner products of floating-point images round differently for each cut
        for expression in whole:
            outputs = [apply(model, trained[expression], pairs.inputs) for trained in (whole, cut)]
            np.testing.assert_allclose(*outputs, atol=1e-5)


def test_expressions_trained_together_are_those_trained_alone(model: AnyModel) -> None:
    if model.name in CODES_IN_COMMON:
        return
    for colour in Colour:
        pairs = pairs_of(colour)
        together = train(model, pairs)
        for name, images in pairs.targets.items():
            assert same(train(model, replace(pairs, targets={name: images})), together), (colour, name)


def test_sums_of_8_bit_images_do_not_depend_on_the_order_of_people(model: AnyModel) -> None:
    pairs = pairs_of()
    turned = pairs.of(np.arange(PEOPLE)[::-1])
    if model.keeps_sums:
        assert same(train(model, pairs), train(model, turned))


def test_every_array_is_in_the_layout_as_it_says(model: AnyModel) -> None:
    for colour in Colour:
        pairs = pairs_of(colour)
        layouts = (*model.layout(pairs.fit), *common_layout(pairs.fit.weight_channels, 3))
        trained = train(model, pairs)
        for arrays in trained.values():
            assert {layout.name for layout in layouts} == set(arrays)
            for layout in layouts:
                shape = tuple(length for _, length in layout.leading) + (SHAPE if layout.of_pixels else ())
                assert (arrays[layout.name].shape, arrays[layout.name].dtype) == (shape, layout.dtype), layout.name
        lengths = {name: length for layout in layouts for name, length in layout.leading}
        for dimension, values in model.coordinates().values():
            assert len(values) == lengths[dimension]
        image_pass = model.image_pass()
        needed = {*model.reads, *((image_pass.encoder, *image_pass.small) if image_pass else ())}
        assert needed <= {layout.name for layout in layouts}


DEGENERATE = {
    "black": lambda shape: np.zeros(shape, np.uint8),
    "white": lambda shape: np.full(shape, 255, np.uint8),
    "the same person again": lambda shape: np.repeat(
        np.random.default_rng(1).integers(0, 256, (1, *shape[1:]), dtype=np.uint8), shape[0], axis=0
    ),
    "one bright pixel": lambda shape: np.eye(1, int(np.prod(shape)), dtype=np.uint8).reshape(shape) * 255,
}


@pytest.mark.parametrize("people", [1, 4])
@pytest.mark.parametrize("kind", list(DEGENERATE))
def test_degenerate_images_give_finite_outputs_and_a_status(model: AnyModel, kind: str, people: int) -> None:
    images = DEGENERATE[kind]((people, 1, *SHAPE))
    noise = np.random.default_rng(2).integers(0, 256, images.shape, dtype=np.uint8)
    for inputs, targets in ((images, noise), (noise, images), (images, images)):
        arrays = train(model, Pairs(inputs, {"happy": targets}, Colour.GRAY))["happy"]
        assert np.isfinite(apply(model, arrays, noise)).all()
        assert np.isfinite(arrays["norm"]).all()
        assert {int(value) for value in np.unique(arrays["status"])} <= {status.value for status in Status}


def test_outputs_of_a_part_are_those_of_the_whole(model: AnyModel) -> None:
    for colour in Colour:
        pairs = pairs_of(colour)
        arrays = train(model, pairs)["sad"]
        images = pairs.inputs.copy()
        images.flags.writeable = False
        whole = apply(model, arrays, images)
        assert (whole.shape, whole.dtype) == (images.shape, np.float32)
        region = Region(2, 8, 3, 20)
        np.testing.assert_allclose(apply(model, arrays, images, region), whole[..., 2:8, 3:20], atol=1e-6)
        np.testing.assert_allclose(apply(model, arrays, images / 255), whole, atol=1e-5)
        np.testing.assert_allclose(apply(model, arrays, images[:2]), whole[:2], atol=1e-6)


def test_arrays_that_do_not_fit_are_refused(model: AnyModel) -> None:
    """Kernels look at no end of an array, and a version may have been made by anybody."""
    pairs, image_pass = pairs_of(), model.image_pass()
    arrays = train(model, pairs)["happy"]
    for name in model.reads:
        for axis in range(arrays[name].ndim - 2):
            if axis == 1 and image_pass and image_pass.encoder == name:
                continue  # there are then as many codes fewer
            cut = {**arrays, name: np.delete(arrays[name], -1, axis)}
            with pytest.raises((BadParameterError, ValueError), match=r"an array '\w+' of|codes of an|sets of weight"):
                apply(model, cut, pairs.inputs)


def test_images_may_be_read_only_and_strided_and_are_left_alone(model: AnyModel) -> None:
    pairs = pairs_of()
    wide = np.stack([pairs.inputs, *pairs.targets.values()], axis=-1)
    before = wide.copy()
    wide.flags.writeable = False
    inputs, *targets = np.moveaxis(wide, -1, 0)
    strided = replace(pairs, inputs=inputs, targets=dict(zip(pairs.targets, targets, strict=True)))
    assert same(train(model, strided), train(model, pairs))
    assert np.array_equal(wide, before)


@pytest.mark.parametrize("colour", list(Colour))
def test_measured_memory_is_at_most_projected(model: AnyModel, colour: Colour) -> None:
    random = np.random.default_rng(3)
    inputs = random.integers(0, 256, (24, 3, 64, 64), dtype=np.uint8)
    pairs = Pairs(inputs, {"happy": inputs, "sad": inputs}, colour)
    train(model, pairs_of(colour))  # compiles
    prepared, tile = prepare(model, pairs), TileGrid((64, 64), (32, 48))[0]
    projected = model.memory(pairs.fit, tile.region.shape, 8).nbytes
    tracemalloc.start()
    solved = model.solve(gather(model, pairs, tile, prepared, 8))
    measured = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert set(solved) == {"happy", "sad"}
    assert measured <= projected


@pytest.mark.parametrize("colour", list(Colour))
def test_errors_on_people_left_out_are_those_of_training_on_the_others(model: AnyModel, colour: Colour) -> None:
    validation = type(model).cross_validation([model])
    if validation is None:
        assert not model.keeps_sums or model.name in EIGHT_BITS_ONLY
        return
    pairs, folds = pairs_of(colour), np.array([0, 1, 2, 0, 1, 2, 0, 1, 1])
    regions = Region(0, *SHAPE[:1], 0, SHAPE[1]), Region(4, 7, 5, 9)
    total = None
    for tile in TileGrid(SHAPE, (5, 21)):
        seen, padding = validation.inputs_of(tile.region, SHAPE)
        wanted = validation.targets_of(tile.region, SHAPE)
        problem = TileProblem(tile, padding, 3, colour, tuple(pairs.targets), {}, SHAPE)
        gathered = validation.gather(problem, pairs.inputs.dtype, 3)
        for block in (slice(0, 4), slice(4, None)):
            gathered.add(folds[block], pairs.cut(seen, wanted, block))
        found = validation.restore(gathered.found(Judgement(SHAPE, regions)).arrays())
        total = found if total is None else total + found
    errors = validation.errors(total, tuple(pairs.targets), pairs.fit, folds)
    for fold in range(3):
        trained = train(model, pairs.of(np.flatnonzero(folds != fold)))
        left_out = pairs.of(np.flatnonzero(folds == fold))
        for number, (name, targets) in enumerate(left_out.targets.items()):
            squared = (apply(model, trained[name], left_out.inputs) - targets / 255) ** 2
            for place, region in enumerate(regions):
                expected = squared[..., *region.slices].sum()
                assert errors.squared[fold, 0, number, place] == pytest.approx(expected, rel=1e-4)
                assert errors.values[fold, place] == squared[..., *region.slices].size


@pytest.mark.parametrize("colour", list(Colour))
def test_evidence_is_what_a_look_at_people_left_out_finds(model: AnyModel, colour: Colour) -> None:
    pairs, folds, step = pairs_of(colour), np.array([0, 1, 2, 0, 1, 2, 0, 1, 1]), 2
    tile = TileGrid(SHAPE, (5, 21))[1]
    if not model.has_evidence:
        with pytest.raises(TypeError, match="has no evidence"):
            model.evidence(None, [], step)
        return
    sums = [gather(model, pairs.of(np.flatnonzero(folds == fold)), tile, {}) for fold in range(3)]
    found = model.evidence(sums[0] + sums[1] + sums[2], sums, step)
    agreement, change = (
        {name: np.zeros((pairs.fit.weight_channels, *SHAPE)) for name in pairs.targets} for _ in range(2)
    )
    for fold in range(3):
        trained = train(model, pairs.of(np.flatnonzero(folds != fold)))
        left_out = pairs.of(np.flatnonzero(folds == fold))
        for name in pairs.targets:
            x, t = (
                to_gray(each) if colour is Colour.GRAY else each for each in (left_out.inputs, left_out.targets[name])
            )
            y = apply(model, trained[name], x) - x / 255
            per_channel = ((t / 255 - x / 255) * y).sum(axis=0), (y**2).sum(axis=0)
            for totals, of_fold in zip((agreement, change), per_channel, strict=True):
                totals[name] += of_fold if colour is Colour.PER_CHANNEL else of_fold.sum(axis=0, keepdims=True)
    for name, arrays in found.items():
        for key, expected in (("agreement", agreement[name]), ("change", change[name])):
            rows = slice(6 - tile.region.row0, None, step)
            np.testing.assert_allclose(arrays[key][:, rows], expected[:, 6 : tile.region.row1 : step], atol=1e-5)
            assert not arrays[key][:, 0::step].any()


def test_sums_are_values(model: AnyModel) -> None:
    """Merging is an addition, forgetting a subtraction: bit for bit what it would be had those people never come."""
    if not model.keeps_sums:
        with pytest.raises(
            BadParameterError, match=f"model '{model.name}' keeps its samples and has no sums to add up"
        ):
            model.sums(pairs_of().inputs, pairs_of().targets)
        with pytest.raises(BadParameterError, match=f"model '{model.name}' is made from samples, not from sums"):
            type(model).from_sums(None)
        return
    pairs = pairs_of()
    here, there, both = (pairs.of(np.array(people)) for people in ([0, 1, 2, 3], [4, 5], [0, 1, 2, 3, 4, 5]))
    tile, colour = whole_tile(pairs), Colour.SHARED
    assert pairs.colour is colour
    ours, theirs, all_of_them = (gather(model, part, tile, {}) for part in (here, there, both))
    assert same(model.solve(ours + theirs), model.solve(all_of_them))
    assert same(model.solve(all_of_them - theirs), model.solve(ours))
    assert all_of_them.ledger.subjects == tuple(f"person {number}" for number in range(6))
    assert (all_of_them - theirs).ledger == ours.ledger
    for name, values in (ours + theirs).arrays().items():
        assert np.array_equal(values, all_of_them.arrays()[name])
    with pytest.raises(BadParameterError, match="images of 'person 4' are in both sums"):
        all_of_them + theirs
    with pytest.raises(BadParameterError, match="images of 'person 4' are to be taken away, but were never added"):
        ours - theirs
