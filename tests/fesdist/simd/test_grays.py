"""Sums of gray values have the numbers of plain numpy, whatever the size of the image and of its parts."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.ground.signature import gray_across as plain
from fesdist.simd.grays import gray_across


@pytest.mark.parametrize("side", [1, 16, 32])
@pytest.mark.parametrize("shape", [(3, 4, 128), (3, 5, 100), (3, 3, 7), (3, 2, 1), (1, 4, 50), (3, 0, 64)])
def test_sums_are_those_of_gray_images(shape: tuple[int, ...], side: int) -> None:
    octets = np.random.default_rng(side).integers(0, 256, shape, dtype=np.uint8)
    found = gray_across(octets, side)
    assert found.dtype == np.int64
    assert np.array_equal(found, plain(octets, side))


def test_extremes_do_not_overflow() -> None:
    white = np.full((3, 2, 1 << 16), 255, np.uint8)
    assert (gray_across(white, 3) == 255 << 16).all()


def test_images_may_be_parts_of_others() -> None:
    octets = np.random.default_rng(0).integers(0, 256, (4, 9, 70, 3), dtype=np.uint8).transpose(0, 3, 1, 2)
    part = octets[1, :, 2:7, ::-2]
    assert np.array_equal(gray_across(part, 16), plain(part, 16))


def test_every_colour_has_the_gray_of_images() -> None:
    steps = np.unique(np.r_[0:256:5, 1, 127, 128, 254, 255]).astype(np.uint8)
    octets = np.stack(np.meshgrid(steps, steps, steps, indexing="ij")).reshape(3, 1, -1)
    assert np.array_equal(gray_across(octets, octets.shape[2]), plain(octets, octets.shape[2]))
