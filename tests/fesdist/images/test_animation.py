"""Images that move: order, time, and for ever; what is no such format is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fesdist.ground.errors import ImageError
from fesdist.images.animation import encode_animation

LEVELS = (0, 80, 160, 240)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("suffix", [".png", ".webp", ".gif"])
def test_every_picture_comes_in_its_turn(tmp_path: Path, suffix: str, channels: int) -> None:
    path = tmp_path / f"new/anna{suffix}"
    pictures = [np.full((channels, 20, 24), level, np.uint8) for level in LEVELS]
    assert encode_animation(path, pictures, 70) == path.stat().st_size
    with Image.open(path) as image:
        assert (image.n_frames, image.info["loop"]) == (len(LEVELS), 0)  # type: ignore[attr-defined]
        for number, level in enumerate(LEVELS):
            image.seek(number)
            image.load()
            assert image.info["duration"] == 70
            assert abs(np.asarray(image.convert("RGB")).astype(int) - level).max() <= 2
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_small_parts_keep_their_colour_in_a_palette(tmp_path: Path) -> None:
    random, lips = np.random.default_rng(0), (slice(192, 204), slice(103, 153))
    light = np.linspace(-150, 60, 256 * 256).reshape(256, 256) + random.normal(0, 6, (3, 256, 256))
    face = np.array([200, 170, 150])[:, None, None] + light
    face[:, *lips] = np.array([200, 110, 130])[:, None, None] + random.normal(0, 15, (12, 50))
    picture = face.clip(0, 255).astype(np.uint8)
    encode_animation(tmp_path / "face.gif", [picture, picture[:, ::-1]], 70)
    with Image.open(tmp_path / "face.gif") as image:
        shown = np.moveaxis(np.asarray(image.convert("RGB")), -1, 0)
    means = [each[:, *lips].mean(axis=(1, 2)) for each in (shown, picture)]
    np.testing.assert_allclose(*means, atol=2)


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"expected .webp, .png or .gif"):
        encode_animation(tmp_path / "a.jpg", [np.zeros((1, 4, 4), np.uint8)], 50)
