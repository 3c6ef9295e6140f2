"""Photographs in another light get what others get, in their own; these get what they always got, to the bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fesdist.ground.exposure import Exposure, Relighting, light_of
from fesdist.inference.blocks import Threads
from fesdist.inference.lit import relit
from fesdist.inference.loaded import LoadedVersion
from fesdist.inference.recipe import Recipe
from storage.datasets.store import WeightStore
from storage.errors import FormatError
from tests.fesdist.exports.pages import WEAK, moving
from tests.fesdist.inference.conftest import Publish

USUAL = 0.5
BRIGHT = np.random.default_rng(0).integers(100, 200, (3, 3, 24, 20), dtype=np.uint8)
DARK = np.random.default_rng(1).integers(20, 60, (2, 3, 24, 20), dtype=np.uint8)
MIXED = np.concatenate([BRIGHT[:1], DARK[:1], BRIGHT[1:], DARK[1:]])
IS_DARK = np.array([False, True, False, False, True])

SAID: list[dict[str, Any]] = [
    {},
    {"refine": "papers", "intensity": 1.4},
    {"detail": True},
    {"stretch": True},
    {"intensity": 0.5},
]


@pytest.mark.parametrize("inputs", [MIXED, MIXED / 255], ids=["uint8", "float"])
def test_outputs_are_those_of_the_equation(publish: Publish, inputs: np.ndarray) -> None:
    published = publish(brightness=USUAL)
    made = LoadedVersion(published.version).synthesize(inputs, "smiling", relit=True)
    expected = []
    for image in MIXED / 255:
        gain = max(1.0, USUAL / float(light_of(image[None]).brightness[0]))
        light = np.minimum(gain * image, 1)
        change = published.expected(light[None], "smiling")[0] - light
        expected.append(np.clip(image + change / gain, 0, 1))
    np.testing.assert_allclose(made, expected, atol=2e-6)


@pytest.mark.parametrize("inputs", [MIXED, MIXED / 255], ids=["uint8", "float"])
def test_outputs_in_an_unusual_contrast_are_those_of_the_equation(publish: Publish, inputs: np.ndarray) -> None:
    exposure = Exposure(9, 0.5, 0.1)
    published = publish(brightness=exposure.brightness, contrast=exposure.contrast)
    made = LoadedVersion(published.version).synthesize(inputs, "smiling", relit=True)
    expected = []
    for image in MIXED / 255:
        m, s = (float(values[0]) for values in light_of(image[None]))
        scale = max(1, 0.5 / m, 0.1 / s)
        light = np.clip(scale * (image - m) + max(m, 0.5), 0, 1)
        change = published.expected(light[None], "smiling")[0] - light
        expected.append(np.clip(image + change / scale, 0, 1))
    np.testing.assert_allclose(made, expected, atol=2e-6)


def test_a_photograph_in_haze_gets_as_much_less_of_the_change(publish: Publish) -> None:
    usual = (BRIGHT / 255).astype(np.float32)
    of = [float(values[0]) for values in light_of(usual[:1])]
    loaded = LoadedVersion(publish(brightness=of[0], contrast=of[1]).version)
    clear, haze = usual[:1], 0.5 * usual[:1] + np.float32(0.3)
    change = loaded.synthesize(clear, "smiling", intensity=0.3, relit=True) - clear
    less = loaded.synthesize(haze, "smiling", intensity=0.3, relit=True) - haze
    # Haze is brighter than what is usual, and stays so.
    brighter = loaded.synthesize(clear + np.float32(light_of(haze).brightness - of[0]), "smiling", intensity=0.3)
    assert np.abs(change).max() > 0.05
    np.testing.assert_allclose(less, 0.5 * (brighter - clear - (light_of(haze).brightness - of[0])), atol=1e-5)


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("of_version", [{}, {"displacement": moving((24, 20))}, {"metrics": WEAK}])
def test_bright_photographs_keep_their_bits_beside_dark_ones(
    publish: Publish, of_version: dict[str, Any], said: dict[str, Any]
) -> None:
    loaded = LoadedVersion(publish(brightness=USUAL, **of_version).version)
    plain = loaded.synthesize(MIXED, "smiling", **said)
    made = loaded.synthesize(MIXED, "smiling", relit=True, **said)
    assert np.array_equal(made[~IS_DARK], plain[~IS_DARK])
    assert all(np.abs(made[sample] - plain[sample]).max() > 0.01 for sample in np.flatnonzero(IS_DARK))
    for sample in range(len(MIXED)):
        alone = loaded.synthesize(MIXED[sample : sample + 1], "smiling", relit=True, **said)
        assert np.array_equal(alone[0], made[sample])


@pytest.mark.parametrize("displacement", [None, moving((24, 20))], ids=["as it lies", "moved"])
@pytest.mark.parametrize("wanted", ["smiling", Recipe.mixed({"smiling": 0.5, "sad": 0.4})])
def test_a_photograph_in_half_the_light_gets_half_the_change(
    publish: Publish, displacement: np.ndarray | None, wanted: str | Recipe
) -> None:
    published = publish(brightness=USUAL, displacement=displacement, expressions=("sad", "smiling"))
    loaded = LoadedVersion(published.version)
    usual = (BRIGHT * (USUAL / light_of(BRIGHT).brightness)[:, None, None, None] / 255).astype(np.float32)
    bright = loaded.synthesize(usual, wanted, intensity=0.7, relit=True)
    dark = loaded.synthesize(usual / 2, wanted, intensity=0.7, relit=True)
    assert bright.max() < 1  # nothing is cut off there that is left here
    np.testing.assert_allclose(dark, bright / 2, atol=1e-5)


def test_what_a_caller_has_is_filled(publish: Publish) -> None:
    loaded = LoadedVersion(publish(brightness=USUAL).version)
    made = loaded.synthesize(MIXED, "smiling", relit=True)
    room = loaded.synthesize(MIXED, "smiling")
    assert loaded.synthesize(MIXED, "smiling", relit=True, out=room) is room
    assert np.array_equal(room, made)


def test_only_outputs_of_photographs_in_another_light_are_made_anew() -> None:
    inputs = np.random.default_rng(0).random((4, 1, 4, 5)).astype(np.float32)
    before, outputs = inputs.copy(), np.full_like(inputs, 7)
    relighting = Relighting(np.array([2, 1, 0.8, 1], np.float32), np.array([0, 0, 0.05, 0.1], np.float32))
    relit(outputs, inputs, relighting, lambda light: light + np.float32(0.5), Threads(2), clipped=False)
    assert np.array_equal(inputs, before)
    assert (outputs[1] == 7).all()
    others = [0, 2, 3]
    expected = before[others] + 0.5 / relighting.scale[others, None, None, None]
    np.testing.assert_allclose(outputs[others], expected, rtol=1e-6)


@pytest.mark.parametrize("of_version", [{}, {"normalisation": "min-max", "brightness": USUAL}])
def test_versions_to_which_the_light_means_nothing_make_what_they_made(
    publish: Publish, of_version: dict[str, Any]
) -> None:
    loaded = LoadedVersion(publish(**of_version).version)
    assert loaded.exposure is None
    plain = loaded.synthesize(MIXED, "smiling")
    assert np.array_equal(loaded.synthesize(MIXED, "smiling", relit=True), plain)


def test_what_is_no_exposure_is_refused_by_name(publish: Publish) -> None:
    published = publish(brightness=USUAL)
    path = Path(published.store) / "london/versions/1.json"
    manifest = json.loads(path.read_text())
    manifest["exposure"] = {"people": 3, "brightness": "bright"}
    path.write_text(json.dumps(manifest))
    with pytest.raises(FormatError, match="exposure of london@1"):
        LoadedVersion(WeightStore(published.store).open("london"))
