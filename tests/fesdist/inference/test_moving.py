"""Versions with a shape at work: photographs moved by it, and changed where the face has moved to."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.ground.colour import to_gray
from fesdist.inference.checked import CheckedVersion
from fesdist.inference.detail import coarse
from fesdist.inference.full_size import add_change
from fesdist.inference.loaded import LoadedVersion
from fesdist.inference.moving import Shapes
from fesdist.inference.recipe import Recipe
from fesdist.shape.field import LEAST_AREA, smallest_area
from fesdist.shape.warping import Displacement
from tests.fesdist.inference.conftest import Publish
from tests.fesdist.shape.pictures import places, smooth_displacement, texture

SHAPE = (24, 20)
SMILING = Recipe.of("smiling")
LEARNED = smooth_displacement(SHAPE, 1.5, seed=3)
TOLERANCE = 3e-6


def _photographs(samples: int = 3, channels: int = 3) -> NDArray[np.uint8]:
    return np.random.default_rng(5).integers(0, 256, (samples, channels, *SHAPE), dtype=np.uint8)


@pytest.fixture
def loaded(publish: Publish) -> LoadedVersion:
    return LoadedVersion(publish(displacement=LEARNED.values).version, threads=2)


def _eight_bits(images: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.rint(images * 255)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("scale", [1, 1 / 255], ids=["bytes", "floats"])
def test_the_model_sees_the_photograph_moved(publish: Publish, channels: int, scale: float) -> None:
    published = publish(displacement=LEARNED.values)
    inputs = _photographs(channels=channels) if scale == 1 else _photographs(channels=channels) * scale
    loaded = LoadedVersion(published.version)
    moved = LEARNED.applied(inputs)
    assert np.array_equal(loaded.moved(inputs, "smiling"), moved)
    made = loaded.synthesize(inputs, "smiling")
    np.testing.assert_allclose(made, np.clip(published.expected(moved, "smiling"), 0, 1), atol=TOLERANCE)


def test_intensity_zero_is_the_photograph(loaded: LoadedVersion) -> None:
    inputs = _photographs()
    assert np.array_equal(_eight_bits(loaded.synthesize(inputs, "smiling", intensity=0)), inputs)
    assert np.array_equal(loaded.moved(inputs, "smiling", 0), inputs)
    assert not np.array_equal(_eight_bits(loaded.synthesize(inputs, "smiling", intensity=0, texture=1)), inputs)


@pytest.mark.parametrize("intensity", [0.5, 1.0, 1.7])
def test_texture_zero_is_the_photograph_moved(loaded: LoadedVersion, intensity: float) -> None:
    inputs = _photographs()
    expected = Displacement(LEARNED.values * np.float32(intensity)).applied(inputs)
    assert np.array_equal(_eight_bits(loaded.synthesize(inputs, "smiling", intensity=intensity, texture=0)), expected)
    assert np.array_equal(loaded.moved(inputs, "smiling", intensity), expected)


@pytest.mark.parametrize(("intensity", "texture"), [(0.5, 0.5), (1.6, 1.0)])
@pytest.mark.parametrize("detail", [False, True])
def test_a_change_follows_the_face_and_is_one_at_most_unless_told(
    publish: Publish, intensity: float, texture: float, detail: bool
) -> None:
    published = publish(displacement=LEARNED.values, learned=True)
    inputs, loaded = _photographs(), LoadedVersion(published.version)
    moved = LEARNED.applied(inputs)
    alpha = published.arrays["smiling"]["learned_alpha"]
    change = (alpha * (published.expected(moved, "smiling") - moved / 255)).astype(np.float32)
    if detail:
        change = coarse(to_gray(change))
    change = LEARNED.scaled(intensity - 1).applied(change)
    expected = np.clip(LEARNED.scaled(intensity).applied(inputs) / 255 + texture * change, 0, 1)
    of_itself = loaded.synthesize(inputs, "smiling", intensity=intensity, detail=detail)
    np.testing.assert_allclose(of_itself, expected, atol=TOLERANCE)
    told = loaded.synthesize(inputs, "smiling", intensity=intensity, texture=texture, detail=detail)
    assert np.array_equal(told, of_itself)
    stronger = loaded.synthesize(inputs, "smiling", intensity=intensity, texture=texture + 0.5, detail=detail)
    assert not np.array_equal(stronger, of_itself)


def test_without_a_shape_texture_is_intensity(publish: Publish) -> None:
    inputs, loaded = _photographs(), LoadedVersion(publish().version)
    assert not loaded.shapes.present
    assert loaded.shapes.displacement(SMILING) is None
    assert loaded.moved(inputs, "smiling") is inputs
    strong = loaded.synthesize(inputs, "smiling", intensity=1.7)
    assert np.array_equal(loaded.synthesize(inputs, "smiling", texture=1.7), strong)
    assert not np.array_equal(loaded.synthesize(inputs, "smiling"), strong)


def test_a_min_max_model_moves_what_it_sees(publish: Publish) -> None:
    published = publish(displacement=LEARNED.values, normalisation="min-max")
    inputs = _photographs(2) // 2 + np.array([0, 60], np.uint8)[:, None, None, None]
    low = (inputs.min(axis=(1, 2, 3), keepdims=True) / 255).astype(np.float32)
    width = (inputs.max(axis=(1, 2, 3), keepdims=True) / 255).astype(np.float32) - low
    moved = LEARNED.applied(((inputs / 255 - low) / width).astype(np.float32))
    expected = published.expected(moved, "smiling") * width + low
    loaded = LoadedVersion(published.version)
    np.testing.assert_allclose(loaded.synthesize(inputs, "smiling"), np.clip(expected, 0, 1), atol=5 * TOLERANCE)
    assert np.array_equal(_eight_bits(loaded.synthesize(inputs, "smiling", intensity=0)), inputs)


def test_a_face_is_folded_by_no_intensity(publish: Publish) -> None:
    down, right = places(SHAPE)
    # Rows come together by a quarter: they meet at an intensity of 4.
    squeezed = np.stack([-0.25 * (down - 12), 0 * right]).astype(np.float32)
    shapes = Shapes(CheckedVersion(publish(displacement=squeezed).version))
    assert shapes.reached(SMILING, 3.0) == 3.0
    assert shapes.reached(SMILING, 100.0) == pytest.approx((1 - LEAST_AREA) / 0.25, abs=2e-3)
    limited = shapes.displacement(SMILING, 100.0)
    assert limited is not None
    assert smallest_area(limited, 1.0) >= LEAST_AREA - 1e-6
    twice = shapes.displacement(SMILING, 2.0)
    assert twice is not None
    assert np.array_equal(twice.values, 2 * squeezed)


def test_inputs_are_not_changed_and_may_be_nobody(loaded: LoadedVersion) -> None:
    inputs = _photographs()
    inputs.flags.writeable = False
    loaded.synthesize(inputs, "smiling", intensity=1.5, stretch=True, detail=True, refine="papers")
    assert np.array_equal(inputs, _photographs())
    assert loaded.synthesize(inputs[:0], "smiling").shape == inputs[:0].shape


def test_detail_is_kept_where_nobody_was_held_out(publish: Publish) -> None:
    assert LoadedVersion(publish(displacement=LEARNED.values).version).keeps_detail("smiling")


def test_every_expression_has_its_own_displacement(publish: Publish) -> None:
    published = publish(displacement=LEARNED.values, expressions=("smiling", "sad"))
    loaded, inputs = LoadedVersion(published.version), _photographs()
    own = {name: Displacement(arrays["displacement"]) for name, arrays in published.arrays.items()}
    for expression in ("smiling", "sad", "smiling"):
        assert np.array_equal(loaded.moved(inputs, expression, 1.5), own[expression].scaled(1.5).applied(inputs))
    assert not np.array_equal(loaded.moved(inputs, "sad", 1.5), loaded.moved(inputs, "smiling", 1.5))


def test_at_the_models_size_a_photograph_is_moved_alike() -> None:
    photograph = _photographs(1)[0]
    nothing = np.zeros((3, *SHAPE), np.float32)
    assert np.array_equal(add_change(photograph, nothing, LEARNED), LEARNED.applied(photograph[None])[0])


def test_at_three_times_the_size_original_pixels_are_moved() -> None:
    # A checkerboard of single pixels is gray at the model's size; moved by whole pixels it keeps its contrast.
    down, right = places((3 * SHAPE[0], 3 * SHAPE[1]))
    photograph = np.where((down + right) % 2 == 0, 40, 200).astype(np.uint8)[None]
    by_two = Displacement(np.broadcast_to(np.array([1.0, 2.0], np.float32)[:, None, None], (2, *SHAPE)).copy())
    made = add_change(photograph, np.full((1, *SHAPE), 10 / 255, np.float32), by_two)
    # 3 rows and 6 columns further: light where it was dark.
    assert np.array_equal(made[:, :-3, :-6], photograph[:, 3:, 6:] + 10)


def test_a_moved_photograph_of_any_size_is_the_face_moved() -> None:
    size = (90, 70)
    down, right = places(size)
    found = add_change(texture(down, right)[None], np.zeros((1, *SHAPE), np.float32), LEARNED)[0]
    at = [(axis + 0.5) * old / new - 0.5 for axis, old, new in zip((down, right), SHAPE, size, strict=True)]
    hill = np.sin(np.pi * (at[0] + 0.5) / SHAPE[0]) * np.sin(np.pi * (at[1] + 0.5) / SHAPE[1])
    most = [float(axis.flat[np.abs(axis).argmax()]) for axis in LEARNED.values]
    by = [each * hill * new / old for each, new, old in zip(most, size, SHAPE, strict=True)]
    expected = texture(down + by[0], right + by[1])
    error = (found.astype(float) - expected)[8:-8, 8:-8]
    assert np.sqrt(np.square(error).mean()) < 3
    unmoved = (texture(down, right).astype(float) - expected)[8:-8, 8:-8]
    assert np.sqrt(np.square(unmoved).mean()) > 15


@pytest.mark.parametrize("size", [(50, 37), (13, 9), (24, 40), SHAPE])
def test_strips_fit_together(monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    down, right = places(size)
    photograph = texture(down, right)[None]
    change = np.random.default_rng(1).normal(0, 0.05, (1, *SHAPE)).astype(np.float32)
    whole = add_change(photograph, change, LEARNED)
    monkeypatch.setattr("fesdist.inference.full_size._STRIP_PIXELS", 3 * size[1])
    # A position may be rounded to the next 64th of a pixel.
    assert np.abs(add_change(photograph, change, LEARNED).astype(int) - whole).max() <= 2
