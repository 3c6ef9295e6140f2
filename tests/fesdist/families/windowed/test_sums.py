"""Sums are values: added and taken away they are, bit for bit, the sums of the people who are left."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fesdist.families.common.problem import TileProblem
from fesdist.families.common.samples import Ledger, Samples
from fesdist.families.common.sums import added
from fesdist.families.windowed.sums import WindowSums
from fesdist.ground.colour import Colour, to_gray
from fesdist.ground.errors import BadParameterError
from fesdist.ground.receptive_field import displacements
from fesdist.ground.tiles import Region, Tile
from fesdist.registry import MaskedRegression, PixelRidge
from storage.stack.format import digest
from tests.fesdist.families.problems import random_images

SHAPE = (9, 70)
PEOPLE = ("ann", "bob", "cleo", "dan", "eve")
INPUTS, TARGETS = random_images((5, 3, *SHAPE)), random_images((5, 3, *SHAPE), seed=1)
MODEL = MaskedRegression.with_window(3)


def sums_of(*which: int, model: MaskedRegression = MODEL, colour: Colour = Colour.SHARED) -> WindowSums:
    chosen = list(which)
    return model.sums(INPUTS[chosen], {"happy": TARGETS[chosen]}, [PEOPLE[n] for n in chosen], colour)


def assert_same(left: WindowSums, right: WindowSums) -> None:
    assert left.n_samples == right.n_samples
    assert left.ledger == right.ledger
    found, expected = left.arrays(), right.arrays()
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[name], values) for name, values in expected.items())
    ours, theirs = (MaskedRegression.from_sums(sums, ridge=0.3).arrays["happy"] for sums in (left, right))
    assert all(np.array_equal(ours[name], values) for name, values in theirs.items())


@given(
    here=st.sets(st.integers(0, 4), min_size=1, max_size=4),
    colour=st.sampled_from(list(Colour)),
    forgotten=st.integers(0, 4),
)
@settings(max_examples=20)
def test_sums_are_those_of_the_people_who_are_left(here: set[int], colour: Colour, forgotten: int) -> None:
    there = set(range(5)) - here
    both = sums_of(*here, colour=colour) + sums_of(*there, colour=colour)
    assert_same(both, sums_of(*range(5), colour=colour))
    others = [number for number in range(5) if number != forgotten]
    assert_same(both - sums_of(forgotten, colour=colour), sums_of(*others, colour=colour))


@pytest.mark.parametrize("colour", list(Colour))
@pytest.mark.parametrize("n", [1, 90, 131])
def test_sums_of_several_passes_are_those_of_plain_numpy(
    colour: Colour, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape, padding = (6, 21), ((0, 0), (1, 1), (1, 1))
    inputs, targets = random_images((n, 3, *shape)), random_images((n, 3, *shape), seed=1)
    with monkeypatch.context() as patch:  # memory as others have left it
        patch.setattr(np, "empty", lambda shape, dtype=float: np.full(shape, -7, dtype))
        sums = MODEL.sums(inputs, {"happy": targets}, colour=colour).arrays()
    fits = {
        Colour.GRAY: lambda images: [to_gray(images)[:, 0]],
        Colour.PER_CHANNEL: lambda images: list(images.transpose(1, 0, 2, 3)),
        Colour.SHARED: lambda images: [images.reshape(-1, *shape)],
    }[colour]
    for channel, (of_inputs, of_targets) in enumerate(zip(fits(inputs), fits(targets), strict=True)):
        x, t = np.pad(of_inputs.astype(np.int64), padding), of_targets.astype(np.int64)
        for plane, (drow, dcol) in enumerate(displacements(MODEL.offsets)):
            moved = np.zeros_like(x)
            left, right = max(-dcol, 0), x.shape[2] - max(dcol, 0)
            moved[:, : x.shape[1] - drow, left:right] = x[:, drow:, left + dcol : right + dcol]
            assert np.array_equal(sums["input products"][channel, plane], (x * moved).sum(0))
        for tap, (drow, dcol) in enumerate(MODEL.offsets):
            seen = x[:, 1 + drow :, 1 + dcol :][:, : shape[0], : shape[1]]
            assert np.array_equal(sums["target products"][channel, 0, tap], (t * seen).sum(0))
        assert np.array_equal(sums["inputs"][channel], x.sum(0))
        assert np.array_equal(sums["targets"][channel, 0], t.sum(0))
    assert np.array_equal(sums["images"], np.stack([inputs, targets]).sum(1, dtype=np.int64))


def test_operands_stay_as_they_were() -> None:
    here, there = sums_of(0, 1), sums_of(2)
    both = here + there
    both.add(Samples(INPUTS[3:4], {"happy": TARGETS[3:4]}))
    assert_same(here, sums_of(0, 1))
    assert_same(both - there, sums_of(0, 1, 3) - sums_of(3) + WindowSumsOfNobody.of(3))


def test_many_sums_are_added_in_memory_of_their_own() -> None:
    folds = [sums_of(0, 1), sums_of(2), sums_of(3), sums_of(4)]
    assert_same(added(folds), sums_of(*range(5)))
    for fold, people in zip(folds, ((0, 1), (2,), (3,), (4,)), strict=True):
        assert_same(fold, sums_of(*people))
    assert added(folds[:1]) is folds[0]
    with pytest.raises(BadParameterError, match="images of 'eve' are in both sums"):
        added([*folds, folds[-1]])


class WindowSumsOfNobody:
    """Sums of images of people who are not in the ledger."""

    @staticmethod
    def of(number: int) -> WindowSums:
        return MODEL.sums(INPUTS[[number]], {"happy": TARGETS[[number]]})


def test_an_image_that_would_count_twice_is_refused_by_name() -> None:
    with pytest.raises(BadParameterError, match="images of 'bob' are in both sums"):
        sums_of(0, 1) + sums_of(1, 2)
    sums = sums_of(0, 1)
    people = sums.ledger
    with pytest.raises(BadParameterError, match="images of 'ann' are in both sums"):
        MODEL.sums(INPUTS[[0, 0]], {"happy": TARGETS[[0, 0]]}, ["ann", "ann"])
    assert sums.ledger == people
    # Another image of the same person is welcome.
    assert (sums + MODEL.sums(INPUTS[[2]], {"happy": TARGETS[[2]]}, ["bob"])).ledger.subjects == ("ann", "bob")


def test_who_was_never_added_cannot_be_taken_away() -> None:
    with pytest.raises(BadParameterError, match="images of 'cleo' are to be taken away, but were never added"):
        sums_of(0, 1) - sums_of(2)
    nameless = MODEL.sums(INPUTS, {"happy": TARGETS})
    with pytest.raises(BadParameterError, match="3 samples more are to be taken away than were added"):
        sums_of(0, 1) - nameless


def test_sums_that_do_not_fit_are_refused() -> None:
    sums = sums_of(0)
    for other, message in (
        (sums_of(1, model=MaskedRegression.with_window(5)), "different receptive fields"),
        (sums_of(1, colour=Colour.GRAY), "different colour: shared and gray; expected sums made for the same colour"),
        (MODEL.sums(INPUTS[1:2], {"sad": TARGETS[1:2]}), "different expressions"),
        (MODEL.sums(INPUTS[1:2, :, 1:], {"happy": TARGETS[1:2, :, 1:]}), "different pixels: rows 0:9"),
        (MODEL.sums(INPUTS[1:2, :1], {"happy": TARGETS[1:2, :1]}), "different channels: 3 and 1"),
        (MODEL.sums(INPUTS[1:2] / 255, {"happy": TARGETS[1:2] / 255}), "different types of samples: uint8 and float64"),
    ):
        for combine in (WindowSums.__add__, WindowSums.__sub__):
            with pytest.raises(BadParameterError, match=message):
                combine(sums, other)
    with pytest.raises(BadParameterError, match="1 subjects of 5 samples; expected one for each"):
        MODEL.sums(INPUTS, {"happy": TARGETS}, ["ann"])


@pytest.mark.parametrize("colour", list(Colour))
def test_any_part_of_the_field_is_solved_with_the_bits_of_its_own_sums(colour: Colour) -> None:
    wide = sums_of(0, 1, 2, model=MaskedRegression.with_window(5), colour=colour)
    offsets = ((-2, 1), (0, 0), (1, 2))
    found = MaskedRegression.from_sums(wide, ridge=0.2, offsets=offsets)
    own = MaskedRegression(offsets, 0.2)
    expected = own.learned(sums_of(0, 1, 2, model=own, colour=colour))
    assert found.model == own
    for name, values in expected.arrays["happy"].items():
        assert np.array_equal(found.arrays["happy"][name], values), name
    assert np.array_equal(found.outputs("happy", INPUTS), expected.outputs("happy", INPUTS))
    pixel = PixelRidge.from_sums(wide, ridge=2)
    assert pixel.arrays["happy"]["weights"].shape[1] == 1
    assert pixel.model == PixelRidge(ridge=2)
    with pytest.raises(BadParameterError, match=r"offset \(0, 7\) is not among those of the sums"):
        MaskedRegression.from_sums(wide, offsets=((0, 0), (0, 7)))


@pytest.mark.parametrize("squares", [False, True])
@pytest.mark.parametrize("region", [Region(0, 9, 0, 70), Region(2, 8, 3, 69)])
def test_named_arrays_hold_all_there_is(region: Region, squares: bool) -> None:
    model = MaskedRegression.with_window(3, dilation=2, ridge=0.1)
    seen, padding = model.inputs_of(region, SHAPE)
    problem = TileProblem(Tile(0, region), padding, 3, Colour.PER_CHANNEL, ("happy",))
    sums = WindowSums(problem, model.offsets, np.dtype(np.uint8), squares=squares)
    sums.add(Samples(INPUTS[..., *seen.slices], {"happy": TARGETS[..., *region.slices]}))
    arrays = sums.arrays()
    assert {array.shape[-2:] for array in arrays.values()} == {region.shape, tuple(n + 4 for n in region.shape)}
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.int64)}
    wide = [images[..., *region.slices].astype(np.int64) for images in (INPUTS, TARGETS)]
    assert np.array_equal(arrays["images"], np.array([images.sum(axis=0) for images in wide]))
    assert np.array_equal(arrays["targets"][:, 0], wide[1].sum(axis=0))
    centre = model.offsets.index((0, 0))
    assert np.array_equal(arrays["target products"][:, 0, centre], (wide[0] * wide[1]).sum(axis=0))
    assert np.array_equal(arrays["input products"][:, 0, 2:-2, 2:-2], (wide[0] ** 2).sum(axis=0))
    assert ("squares" in arrays) is squares
    if squares:
        assert np.array_equal(arrays["squares"][:, 0], (wide[1] ** 2).sum(axis=0))
    empty = WindowSums(problem, model.offsets, np.dtype(np.uint8), squares=squares)
    again = empty.restored(arrays, sums.n_samples, sums.ledger)
    assert not empty.n_samples
    expected = model.solve(sums)["happy"]
    assert all(np.array_equal(values, expected[name]) for name, values in model.solve(again)["happy"].items())


def test_floating_point_sums_differ_by_rounding_alone() -> None:
    inputs, targets = INPUTS / 255, TARGETS / 255
    parts = [MODEL.sums(inputs[part], {"happy": targets[part]}) for part in (slice(0, 2), slice(2, 5))]
    expected = MaskedRegression.from_sums(MODEL.sums(inputs, {"happy": targets})).arrays["happy"]
    found = MaskedRegression.from_sums(parts[0] + parts[1]).arrays["happy"]
    np.testing.assert_allclose(found["weights"], expected["weights"], atol=1e-10)


def test_the_ledger_has_the_digests_of_a_stack() -> None:
    assert sums_of(1).ledger == Ledger({"bob": frozenset({digest(INPUTS[1]), digest(TARGETS[1])})})


def test_sums_of_white_images_are_exact() -> None:
    white = np.full((700, 1, 7, 9), 255, np.uint8)
    statistics = MODEL.sums(white, {"smiling": white}, colour=Colour.GRAY)
    for _ in range(59):
        statistics.add(Samples(white, {"smiling": white}))
    n = 60 * 700
    assert n * 255**2 > 2**31
    # Two pixels from the border, no displacement of a 3 x 3 field leaves the image.
    (block,) = statistics.blocks
    inner = block.sums.flat.image(block.sums.sums)[0, :, 2:-2, 2:-2]
    of_one_image = [len(block.sums.planes.displacements), -1]
    assert (inner[of_one_image] == n * 255).all()
    assert (np.delete(inner, of_one_image, axis=0) == n * 255**2).all()
