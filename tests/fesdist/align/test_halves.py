"""Squares cut at any place, size and angle show what lies there, in continuous coordinates."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fesdist.align.halves import Halves, Square

RNG = np.random.default_rng(0)


def test_points_of_a_turned_square() -> None:
    square = Square((50.0, 20.0), 10.0, math.pi / 2)
    corners = np.array([[0.5, 0.5], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert square.in_photograph(corners) == pytest.approx(np.array([[50, 20], [55, 15], [55, 25], [45, 15]]))


def test_a_square_of_whole_pixels_is_a_part_of_the_photograph() -> None:
    photograph = RNG.integers(0, 256, (3, 40, 60), dtype=np.uint8)
    part = Halves(photograph).cut(Square((25.0, 18.0), 16.0), 16)
    assert (part == photograph[:, 10:26, 17:33].transpose(1, 2, 0)).all()


def test_a_square_turned_by_a_quarter() -> None:
    photograph = RNG.integers(0, 256, (3, 32, 32), dtype=np.uint8)
    part = Halves(photograph).cut(Square((16.0, 16.0), 32.0, math.pi / 2), 32)
    assert (part == np.rot90(photograph.transpose(1, 2, 0))).all()


def test_gray_is_repeated() -> None:
    gray = RNG.integers(0, 256, (1, 20, 20), dtype=np.uint8)
    part = Halves(gray).cut(Square((10.0, 10.0), 20.0), 20)
    assert (part == gray[0][:, :, None]).all()


def test_outside_is_like_the_border_or_black() -> None:
    white = Halves(np.full((1, 8, 8), 255, np.uint8))
    assert white.cut(Square((0.0, 0.0), 16.0), 16).min() == 255
    black = white.cut(Square((0.0, 0.0), 16.0), 16, black_outside=True)
    assert black[:8].max() == black[:, :8].max() == 0
    assert black[8:, 8:].min() == 255


@pytest.mark.parametrize("side", [7.0, 30.0, 100.0, 170.0])
@pytest.mark.parametrize("angle", [0.0, 0.5, math.pi])
def test_samples_lie_where_they_should_at_every_size(side: float, angle: float) -> None:
    # Along a ramp the mean of an area is the value in its middle, whatever the half that is taken.
    rows, cols = np.mgrid[:251, :253] + 0.5
    ramps = np.stack([cols, rows, np.zeros_like(rows)]).astype(np.uint8)
    square = Square((126.0, 125.0), side, angle)
    part = Halves(ramps).cut(square, 8)
    fractions = (np.stack(np.meshgrid(np.arange(8), np.arange(8)), axis=-1) + 0.5) / 8
    x_and_y = square.in_photograph(fractions)
    # Each half rounds, upwards if in doubt. One that were shifted would be half a sample, side / 16, away.
    assert np.abs(part[..., :2] - x_and_y).max() < 1 + side / 64


def test_nothing_is_skipped_where_samples_are_wide() -> None:
    # Every other pixel is white: taken one in sixteen, it would be black or white.
    stripes = np.zeros((1, 512, 512), np.uint8)
    stripes[:, :, ::2] = 255
    part = Halves(stripes).cut(Square((256.0, 256.0), 512.0), 32)
    assert np.abs(part.astype(int) - 127).max() <= 1
