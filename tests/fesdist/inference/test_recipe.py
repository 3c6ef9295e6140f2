"""Mixtures and regions: names, what is refused, and that changes and displacements add up."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.align.frame import USUAL
from fesdist.ground.errors import BadParameterError
from fesdist.inference.loaded import LoadedVersion
from fesdist.inference.recipe import Recipe
from fesdist.inference.regions import REGION_NAMES, region_mask
from tests.fesdist.inference.conftest import Publish
from tests.fesdist.shape.pictures import smooth_displacement

MOUTH = (0.6, 0.8, 0.3, 0.7)
MIXED = Recipe.mixed({"smiling": 0.7, "sad": -0.25})


def _photographs() -> NDArray[np.float32]:
    # From 0.3 to 0.7, so that no output is clipped.
    return (0.3 + 0.4 * np.random.default_rng(5).random((2, 3, 24, 20))).astype(np.float32)


def test_outputs_are_called_by_what_is_in_them() -> None:
    assert MIXED.name == "sad=-0.25+smiling=0.7"
    assert (Recipe.of("sad").name, Recipe.mixed({"sad": 1.0}).name) == ("sad", "sad")
    assert Recipe.mixed({"sad": 2.0}).name == "sad=2"


@pytest.mark.parametrize("parts", [(), (("sad", 1.0), ("sad", 2.0)), (("sad", float("nan")),)])
def test_what_is_no_mixture_is_refused(parts: tuple[tuple[str, float], ...]) -> None:
    with pytest.raises(BadParameterError, match=r"smiling=0\.7,surprised=0\.3"):
        Recipe(parts)
    with pytest.raises(BadParameterError, match="'nose' is unknown; expected mouth, eyes, brows, face or all"):
        Recipe((("sad", 1.0),), ("nose",))


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("intensity", [1.0, 0.6])
def test_changes_add_up(publish: Publish, learned: bool, intensity: float) -> None:
    loaded = LoadedVersion(publish(expressions=("sad", "smiling"), learned=learned).version)
    x = _photographs()
    each = {name: loaded.synthesize(x, name, intensity=0.1) - x for name in ("sad", "smiling")}
    expected = x + 10 * intensity * (0.07 * each["smiling"] - 0.025 * each["sad"]) / 0.1
    made = loaded.synthesize(x, Recipe.mixed({"smiling": 0.07, "sad": -0.025}), intensity=intensity * 1.0)
    np.testing.assert_allclose(made, x + (expected - x) / 10, atol=3e-6)


def test_displacements_add_up_and_photographs_are_moved_by_the_sum(publish: Publish) -> None:
    one = smooth_displacement((24, 20), 1.5, seed=3)
    loaded = LoadedVersion(publish(expressions=("sad", "smiling"), displacement=one.values).version)
    found = loaded.shapes.displacement(MIXED, 0.9)
    assert found is not None
    # The second expression was published with half of it.
    np.testing.assert_allclose(found.values, 0.9 * (0.7 / 2 - 0.25) * one.values, atol=1e-6)
    made = loaded.synthesize(_photographs(), MIXED, intensity=0.9, texture=0)
    np.testing.assert_allclose(made, found.applied(_photographs()), atol=1e-6)


def test_a_change_follows_to_where_the_mixture_moves_faces(publish: Publish) -> None:
    one = smooth_displacement((24, 20), 1.5, seed=3)
    loaded = LoadedVersion(publish(expressions=("sad", "smiling"), displacement=one.values).version)
    total, x = loaded.shapes.displacement(MIXED), _photographs()
    assert total is not None
    expected = total.applied(x)
    for expression, weight in MIXED.parts:
        alone = loaded.shapes.displacement(Recipe.of(expression))
        assert alone is not None
        change = loaded.synthesize(x, expression, texture=0.1) - alone.applied(x)
        there = loaded.shapes.following(expression, MIXED, 1.0)
        assert there is not None
        np.testing.assert_allclose(there.values, total.values - alone.values, atol=1e-6)
        expected = expected + weight * there.applied(change)
    np.testing.assert_allclose(loaded.synthesize(x, MIXED, texture=0.1), expected, atol=3e-6)


@pytest.mark.parametrize("moved", [False, True])
def test_nothing_changes_outside_of_the_regions(publish: Publish, moved: bool) -> None:
    shape, side = smooth_displacement((96, 96), 1.5, seed=3), (96, 96)
    published = publish(image_shape=side, displacement=shape.values if moved else None)
    loaded, x = LoadedVersion(published.version), np.full((1, 3, *side), 0.5, np.float32)
    x[:, :, ::3] = 0.4
    recipe = Recipe((("smiling", 1.0),), ("mouth",))
    made = loaded.synthesize(x, recipe)
    mask = region_mask(("mouth",), side, USUAL.eyes, MOUTH)
    assert np.array_equal(made[..., mask == 0], x[..., mask == 0])
    assert not np.allclose(made[..., mask == 1], x[..., mask == 1], atol=0.01)
    if not moved:
        whole = loaded.synthesize(x, "smiling") - x
        np.testing.assert_allclose(made - x, mask * whole, atol=2e-6)


def test_what_moves_out_of_the_face_arrives_as_a_whole(publish: Publish) -> None:
    side, by = (96, 96), 4
    down = np.zeros((2, *side), np.float32)
    down[0] = -by
    loaded = LoadedVersion(publish(image_shape=side, displacement=down).version)
    x = (0.3 + 0.4 * np.random.default_rng(5).random((1, 3, *side))).astype(np.float32)
    made = loaded.synthesize(x, Recipe((("smiling", 1.0),), ("face",)), texture=0)
    there, here = np.zeros((2, *side), np.float32)
    here[:] = region_mask(("face",), side, USUAL.eyes, MOUTH)
    there[by:] = here[:-by]
    assert ((there == 1) & (here < 1)).any()
    np.testing.assert_allclose(made[..., there == 1], np.roll(x, by, axis=2)[..., there == 1], atol=1e-6)
    still = (there == 0) & (here == 0)
    assert np.array_equal(made[..., still], x[..., still])


def test_regions_are_where_they_are_called() -> None:
    masks = {name: region_mask((name,), (200, 200), USUAL.eyes, MOUTH) for name in REGION_NAMES}
    left, right, mouth = (72, 69), (72, 131), (140, 100)
    for name, inside, outside in (
        ("eyes", (left, right), (mouth, (72, 100), (45, 69))),
        ("brows", ((51, 69), (51, 131)), (mouth, left, right)),
        ("mouth", (mouth,), (left, right, (100, 100))),
        ("face", (left, right, mouth, (100, 50)), ((100, 5), (2, 2), (197, 197))),
    ):
        assert all(masks[name][place] == 1 for place in inside)
        assert all(masks[name][place] < 0.5 for place in outside)
    both = region_mask(("eyes", "mouth"), (200, 200), USUAL.eyes, MOUTH)
    assert np.array_equal(both, np.maximum(masks["eyes"], masks["mouth"]))
