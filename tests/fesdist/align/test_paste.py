"""A change put back: nothing outside the frame, all of it inside, moved by what moves the face, at every scale."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.align import paste
from fesdist.align.frame import Placement
from fesdist.align.paste import FEATHER, put_back
from fesdist.shape.warping import Displacement
from tests.fesdist.shape.pictures import smooth_displacement

SHAPE = (32, 40)
TURNED = Placement(cmath.rect(2.2, math.radians(25)), cmath.rect(2.5, math.radians(121)), 60 + 20j)
"""Turned, longer than wide, and leaning."""


def _photograph(dtype: type[np.unsignedinteger] = np.uint8, shape: tuple[int, int] = (150, 170)) -> NDArray:
    largest = np.iinfo(dtype).max
    return np.random.default_rng(3).integers(0, largest, (3, *shape), endpoint=True).astype(dtype)


def _put(photograph: NDArray, *args: object) -> NDArray:
    result = photograph.copy()
    put_back(result, *args)  # type: ignore[arg-type]
    return result


def _places(placement: Placement, shape: tuple[int, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where each pixel of a photograph is in the model's image: x and y."""
    rows, cols = np.mgrid[: shape[0], : shape[1]] + 0.5
    steps = [[part(placement.across), part(placement.down)] for part in (np.real, np.imag)]
    x, y = np.tensordot(np.linalg.inv(steps), [cols - placement.shift.real, rows - placement.shift.imag], axes=1)
    return x, y


def _feather(placement: Placement, shape: tuple[int, ...]) -> NDArray[np.float64]:
    x, y = _places(placement, shape)
    distance = np.minimum.reduce([x, SHAPE[1] - x, y, SHAPE[0] - y])
    t = np.clip(distance / (FEATHER * min(SHAPE)), 0, 1)
    return np.asarray(3 * t**2 - 2 * t**3)


def _wave() -> NDArray[np.float32]:
    rows, cols = np.mgrid[: SHAPE[0], : SHAPE[1]] + 0.5
    return np.stack([0.2 * np.sin(cols / 9), 0.1 * np.cos(rows / 7), 0 * rows + 0.05]).astype(np.float32)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_byte_outside_the_frame_is_what_it_was(dtype: type[np.unsignedinteger]) -> None:
    photograph = _photograph(dtype)
    moves = smooth_displacement(SHAPE, 1.5, seed=1)
    made = _put(photograph, TURNED, np.full((3, *SHAPE), 0.3, np.float32), moves)
    outside = _feather(TURNED, photograph.shape[1:]) == 0
    assert outside.any()
    assert np.array_equal(made[:, outside], photograph[:, outside])
    assert not np.array_equal(made, photograph)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.uint8, 0.8), (np.uint16, 120.0)])
def test_a_change_is_added_where_the_face_is(dtype: type[np.unsignedinteger], tolerance: float) -> None:
    photograph = np.full((3, 150, 170), np.iinfo(dtype).max // 2, dtype)
    made = _put(photograph, TURNED, _wave())
    x, y = _places(TURNED, photograph.shape[1:])
    change = np.stack([0.2 * np.sin(x / 9), 0.1 * np.cos(y / 7), 0 * x + 0.05])
    expected = photograph + np.iinfo(dtype).max * _feather(TURNED, photograph.shape[1:]) * change
    assert np.abs(made - expected).max() <= tolerance


def test_it_is_clipped_and_not_wrapped() -> None:
    photograph = _photograph()
    assert (_put(photograph, TURNED, np.full((3, *SHAPE), 5, np.float32))[:, 60:80, 80:90] == 255).all()
    assert (_put(photograph, TURNED, np.full((3, *SHAPE), -5, np.float32))[:, 60:80, 80:90] == 0).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pixels_are_moved_in_the_photographs_own_directions(dtype: type[np.unsignedinteger]) -> None:
    rows, cols = np.mgrid[:150, :170] + 0.5
    unit = np.iinfo(dtype).max / 255
    slope = np.rint(unit * np.stack([cols, rows, cols + rows]) * 0.7).astype(dtype)
    u = np.stack([np.full(SHAPE, 0.5, np.float32), np.full(SHAPE, -1.5, np.float32)])
    made = _put(slope, TURNED, np.zeros((3, *SHAPE), np.float32), Displacement(u))
    move = (-1.5 * TURNED.across + 0.5 * TURNED.down) * _feather(TURNED, slope.shape[1:])
    expected = unit * 0.7 * np.stack([cols + move.real, rows + move.imag, cols + rows + move.real + move.imag])
    assert np.abs(made - expected).max() <= 1.1 * unit


def test_pixels_come_from_as_far_as_a_leaning_face_reaches() -> None:
    """Further than its axes tell: a diagonal of a leaning square is longer than either side says."""
    steps = np.array([[4.0, -2.0], [0.0, 4.0]])
    left, lengths, right = np.linalg.svd(steps)
    turn = complex(*left[:, 0] * (1, -1))  # so that the longest way leads to the right
    placement = Placement(4 * turn, (4j - 2) * turn, 600 + 50j)
    u = np.zeros((2, *SHAPE), np.float32)
    u[:, 10:22, 12:28] = 100 * right[0][::-1, None, None]
    cols = np.mgrid[:250, :1300][1] + 0.5
    slope = np.rint(50 * cols)[None].astype(np.uint16)
    made = _put(slope, placement, np.zeros((1, *SHAPE), np.float32), Displacement(u))
    x, y = _places(placement, slope.shape[1:])
    inside = (np.abs(x - 20) < 5) & (np.abs(y - 16) < 3)
    move = 100 * (right[0, 0] * placement.across + right[0, 1] * placement.down)
    assert (abs(move.real), move.imag) == (pytest.approx(100 * lengths[0]), pytest.approx(0, abs=1e-9))
    assert np.abs(made[0] - 50 * (cols + move.real))[inside].max() <= 50


def test_no_change_is_no_change() -> None:
    photograph = _photograph()
    nothing = Displacement(np.zeros((2, *SHAPE), np.float32))
    assert np.array_equal(_put(photograph, TURNED, np.zeros((3, *SHAPE), np.float32), nothing), photograph)


@pytest.mark.parametrize("shift", [-40 - 30j, 150 + 130j, -1000 + 0j])
def test_a_face_cut_off_by_the_border_is_changed_as_far_as_it_is_seen(shift: complex) -> None:
    placement, photograph = Placement(TURNED.across, TURNED.down, shift), np.full((1, 150, 170), 100, np.uint8)
    made = _put(photograph, placement, np.full((1, *SHAPE), 0.2, np.float32))
    expected = photograph + 51 * _feather(placement, photograph.shape[1:])
    assert np.abs(made - expected).max() <= 0.51


def test_a_small_face_gets_the_mean_of_what_it_cannot_show() -> None:
    stripes = np.where(np.arange(SHAPE[1]) % 2, 0.4, 0.0).astype(np.float32)
    change = np.broadcast_to(stripes, (1, *SHAPE)).copy()
    made = _put(np.full((1, 60, 60), 50, np.uint8), Placement.similar(0.25 + 0j, 20.125 + 20j), change)
    assert np.abs(made[0, 23:25, 24:26].astype(int) - (50 + 51)).max() <= 3


@pytest.mark.parametrize("way", [0, 1])
def test_so_does_one_that_is_small_along_one_axis_only(way: int) -> None:
    stripes = np.where(np.arange(SHAPE[1 - way]) % 2, 0.4, 0.0).astype(np.float32)
    change = np.broadcast_to(stripes if way == 0 else stripes[:, None], (1, *SHAPE)).copy()
    across, down = (0.25, 1.2j) if way == 0 else (1.2, 0.25j)
    made = _put(np.full((1, 80, 80), 50, np.uint8), Placement(across + 0j, down, 20.125 + 20.125j), change)[0].astype(
        int
    )
    rows, cols = (slice(33, 47), slice(24, 26)) if way == 0 else (slice(23, 25), slice(37, 51))
    assert np.abs(made[rows, cols] - (50 + 51)).max() <= 3


def test_strips_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    photograph, moves = _photograph(), smooth_displacement(SHAPE, 1.5, seed=1)
    whole = _put(photograph, TURNED, _wave(), moves)
    monkeypatch.setattr(paste, "_STRIP_PIXELS", 700)
    assert np.array_equal(_put(photograph, TURNED, _wave(), moves), whole)
