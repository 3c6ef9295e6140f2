"""A change at the model's size on photographs of other sizes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from fesdist.inference import full_size
from fesdist.inference.full_size import add_change


def random_image(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_no_change_keeps_every_bit() -> None:
    photograph = random_image(3, 50, 37)
    assert np.array_equal(add_change(photograph, np.zeros((3, 16, 16), np.float32)), photograph)


def test_a_constant_change_is_added_everywhere_and_clipped() -> None:
    photograph = random_image(3, 50, 37)
    made = add_change(photograph, np.full((3, 16, 16), 20 / 255, np.float32))
    assert np.array_equal(made, np.minimum(photograph.astype(int) + 20, 255))


def test_at_the_models_size_the_change_is_the_outputs() -> None:
    photograph, output = random_image(1, 16, 16), random_image(1, 16, 16)[:, ::-1]
    change = (output.astype(np.float32) - photograph) / np.float32(255)
    assert np.array_equal(add_change(photograph, change), output)


@pytest.mark.parametrize("shape", [(50, 37), (7, 9), (16, 40)])
def test_strips_leave_no_seam(monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int]) -> None:
    change = np.random.default_rng(1).normal(0, 0.2, (1, 16, 16)).astype(np.float32)
    resized = Image.fromarray(change[0]).resize(shape[::-1], Image.Resampling.BICUBIC)
    photograph = np.full((1, *shape), 128, np.uint8)
    expected = np.clip(128 + 255 * np.asarray(resized, np.float64), 0, 255)
    monkeypatch.setattr(full_size, "_STRIP_PIXELS", 3 * shape[1])
    assert np.abs(add_change(photograph, change)[0] - expected).max() <= 0.51


def test_sixteen_bits_are_changed_in_their_own_steps() -> None:
    photograph = np.random.default_rng(6).integers(3000, 60000, (3, 40, 30)).astype(np.uint16)
    assert np.array_equal(add_change(photograph, np.zeros((3, 16, 16), np.float32)), photograph)
    made = add_change(photograph, np.full((3, 16, 16), 1000 / 65535, np.float32))
    assert made.dtype == np.uint16
    assert np.array_equal(made, photograph + 1000)
