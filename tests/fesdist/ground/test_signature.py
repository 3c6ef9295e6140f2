"""Signatures against area means written out, whatever the light, and moved as pictures are."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.ground.colour import to_gray
from fesdist.ground.signature import MOVES, SIDE, UNIT, signature, signatures_of
from tests.fesdist.ground.heads import head


@pytest.mark.parametrize("shape", [(24, 20), (16, 16), (7, 50), (128, 96)])
def test_it_is_area_means_by_their_deviation(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (3, *shape), dtype=np.uint8)
    fine = to_gray(image[None])[0, 0].astype(float).repeat(SIDE, axis=0).repeat(SIDE, axis=1)
    means = fine.reshape(SIDE, shape[0], SIDE, shape[1]).mean(axis=(1, 3))
    expected = UNIT * (means - means.mean()) / means.std()
    assert np.abs(signature(image) - np.clip(expected, -127, 127)).max() < 0.6


@pytest.mark.parametrize("sides", [(SIDE,), (SIDE, 2 * SIDE), (3, 5)])
@pytest.mark.parametrize("shape", [(1, 24, 20), (3, 7, 50), (3, 61, 33), (3, 128, 96)])
def test_it_is_made_of_exact_sums_of_bands_of_any_height(shape: tuple[int, ...], sides: tuple[int, ...]) -> None:
    image = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    image[:, shape[1] // 2 :] //= 3
    found = signatures_of(np.split(image, [5, 6], axis=1), sides)
    assert list(found) == list(sides)
    for side in sides:
        fine = to_gray(image[None])[0, 0].astype(int).repeat(side, axis=0).repeat(side, axis=1)
        means = np.rint(fine.reshape(side, shape[1], side, shape[2]).sum(axis=(1, 3)) * 64 / (shape[1] * shape[2]))
        centred = means.size * means - means.sum()
        expected = np.rint(centred * UNIT / np.sqrt((centred**2).sum() / means.size))
        assert np.array_equal(found[side], np.clip(expected, -127, 127)), side


def test_light_and_contrast_do_not_count() -> None:
    image = head(0, (128, 128)) // 2
    assert (signature(image) == signature(image + 40)).all()
    assert np.abs(signature(image).astype(int) - signature(2 * image)).max() <= 1
    assert (signature(image / 255) == signature(image)).all()
    assert (signature((image / 255).astype(np.float32)) == signature(image)).all()


def test_an_image_without_contrast_has_none() -> None:
    assert not signature(np.full((3, 40, 30), 200, np.uint8)).any()


def test_moves_are_those_of_pictures() -> None:
    still = signature(head(3, (160, 160)))
    for name, down, right in (("moved up by 8%", -0.08, 0.0), ("moved right by 15%", 0.0, 0.15)):
        moved = signature(head(3, (160, 160), down, right)).astype(float)
        predicted = MOVES[name](still)
        assert np.abs(predicted - moved)[2:-2, 2:-2].mean() < 0.1 * np.abs(still - moved)[2:-2, 2:-2].mean() + 2, name
    assert (MOVES["upside down"](still) == signature(head(3, (160, 160))[:, ::-1])).all()
    large = MOVES["1.6 times as large"](still)
    # The middle stays, and what was three cells from it is five cells from it.
    assert large[8, 13] == pytest.approx(still[8, 11], abs=6)
