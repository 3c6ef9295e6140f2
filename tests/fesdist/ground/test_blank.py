"""Pictures that show nothing are told from those that are only dark, pale or plain."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.ground.blank import _all_but, shown_instead, spoilt_by_light
from tests.fesdist.ground.heads import head

NOISE = np.random.default_rng(0).integers(0, 12, (3, 40, 50))
HEAD = head(0, (40, 50))


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (NOISE, "black all over"),
        (255 - NOISE, "white all over"),
        (NOISE + np.array([200, 0, 90])[:, None, None], "one colour all over"),
        (np.where(np.arange(2000).reshape(40, 50) < 9, 255, NOISE), "black all over"),
        (HEAD, ""),
        (HEAD // 3, ""),
        (200 + HEAD // 4, ""),
        (np.where(np.arange(2000).reshape(40, 50) < 40, 255, NOISE), ""),
    ],
    ids=["black", "white", "red", "speck", "head", "dark", "pale", "line"],
)
def test_nothing_is_told_from_something(picture: NDArray[np.int64], words: str) -> None:
    octets = picture.astype(np.uint8)
    assert shown_instead(octets) == words
    assert shown_instead(octets.astype(np.uint16) * np.uint16(257)) == words
    assert shown_instead(octets / 255) == words
    # Of a large picture a part of the pixels is looked at.
    assert shown_instead(octets.repeat(9, axis=1).repeat(8, axis=2)) == words


@pytest.mark.parametrize(
    ("brightness", "words"), [(0.2, "too dark"), (0.3, "too dark"), (0.8, ""), (1.0, ""), (1.3, ""), (4.0, "burnt out")]
)
def test_faces_that_the_light_has_spoilt_are_told(brightness: float, words: str) -> None:
    bright = 100 + HEAD / 1.5
    face = np.clip(brightness * bright, 0, 255).astype(np.uint8)
    assert spoilt_by_light(face) == words
    assert spoilt_by_light(face.repeat(9, axis=1).repeat(8, axis=2)) == words


@pytest.mark.parametrize("ground", [0, 255])
def test_the_ground_behind_a_face_does_not_matter(ground: int) -> None:
    face = np.full((1, 40, 50), ground, np.uint8)
    face[:, 8:36, 10:40] = 100 + HEAD[:1, 8:36, 10:40] // 2
    assert spoilt_by_light(face) == ""


@pytest.mark.parametrize("length", [1, 2, 7, 199, 200, 1000])
def test_octets_are_counted_as_others_are_put_in_order(length: int) -> None:
    random = np.random.default_rng(length)
    values = random.integers(0, 256, (3, length), dtype=np.uint8)
    values[0] //= 60
    for overlooked in {0, length // 200, (length - 1) // 2}:
        low, high = _all_but(overlooked, values)
        in_order = np.sort(values, axis=1)
        assert low.tolist() == in_order[:, overlooked].tolist()
        assert high.tolist() == in_order[:, length - 1 - overlooked].tolist()
        for found, expected in zip(_all_but(overlooked, values / 255), (low, high), strict=True):
            np.testing.assert_array_equal(found, expected / 255)
