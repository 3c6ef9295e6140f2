"""Settings are checked when they are said, and told apart by their digest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fesdist.ground.errors import BadParameterError
from fesdist.inference.settings import Light, OutputFormat, OutputSize, SynthesisSettings


@pytest.mark.parametrize("intensity", [-0.1, float("nan"), float("inf")])
def test_an_intensity_without_meaning_is_refused(intensity: float) -> None:
    with pytest.raises(BadParameterError, match=r"intensity is .*; expected 0 \(the input\) or more"):
        SynthesisSettings(intensity=intensity)


@pytest.mark.parametrize("texture", [-0.1, float("nan"), float("inf")])
def test_a_texture_without_meaning_is_refused(texture: float) -> None:
    with pytest.raises(BadParameterError, match=r"texture is .*; expected 0 \(the photograph, moved at most\) or more"):
        SynthesisSettings(texture=texture)


def test_a_pixel_limit_of_nothing_is_refused() -> None:
    with pytest.raises(BadParameterError, match="pixel limit is 0; expected 1 pixel or more"):
        SynthesisSettings(pixel_limit=0)


@pytest.mark.parametrize(
    "change",
    [
        {"refine": True},
        {"intensity": 1.5},
        {"texture": 0.5},
        {"light": Light.PHOTOGRAPH},
        {"stretch": True},
        {"output_size": OutputSize.INPUT},
        {"output_format": OutputFormat.JPEG},
    ],
)
def test_the_digest_tells_settings_apart(change: dict[str, object]) -> None:
    settings = SynthesisSettings()
    assert replace(settings, **change).digest("data/1") != settings.digest("data/1")


def test_the_digest_tells_versions_apart_but_not_pixel_limits() -> None:
    settings = SynthesisSettings()
    assert settings.digest("data/1") != settings.digest("data/2")
    assert settings.digest("data/1") == SynthesisSettings(pixel_limit=10).digest("data/1")
