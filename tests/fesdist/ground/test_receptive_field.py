"""Receptive fields of every shape, and clear words for those that are none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fesdist.ground.errors import BadParameterError
from fesdist.ground.receptive_field import Offset, check_offsets, displacements, halo_of, mask_offsets, window_offsets
from fesdist.ground.tiles import Halo

fields = st.sets(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=1).map(lambda field: tuple(sorted(field)))


def test_windows_are_row_major_around_the_pixel() -> None:
    assert window_offsets(1) == ((0, 0),)
    assert window_offsets(3) == tuple((row, col) for row in (-1, 0, 1) for col in (-1, 0, 1))
    assert window_offsets(3, dilation=2) == tuple((row, col) for row in (-2, 0, 2) for col in (-2, 0, 2))


@pytest.mark.parametrize(("size", "planes"), [(1, 1), (3, 13), (5, 41), (7, 85), (9, 145)])
def test_a_window_has_half_of_its_displacements_as_planes(size: int, planes: int) -> None:
    assert len(displacements(window_offsets(size))) == planes


@given(fields)
def test_every_pair_of_taps_has_its_plane_once(field: tuple[Offset, ...]) -> None:
    planes = displacements(field)
    assert planes == tuple(sorted(set(planes)))
    assert planes[0] == (0, 0)
    for i, a in enumerate(field):
        for b in field[: i + 1]:
            assert (a[0] - b[0], a[1] - b[1]) in planes


@given(fields)
def test_the_halo_is_as_large_as_the_field_needs(field: tuple[Offset, ...]) -> None:
    halo = halo_of(field)
    inside = [(-halo.top <= drow <= halo.bottom, -halo.left <= dcol <= halo.right) for drow, dcol in field]
    assert np.all(inside)
    reached = {-min(0, *(r for r, _ in field)), max(0, *(r for r, _ in field))} if len(field) > 1 else set()
    assert reached <= {halo.top, halo.bottom}


@given(fields)
def test_a_mask_gives_its_offsets_back(field: tuple[Offset, ...]) -> None:
    mask = np.zeros((9, 9), dtype=np.uint8)
    for drow, dcol in field:
        mask[4 + drow, 4 + dcol] = 1
    assert mask_offsets(mask) == field
    assert check_offsets([list(offset) for offset in reversed(field)]) == field


def test_a_field_may_leave_its_own_pixel_out_and_lie_on_one_side() -> None:
    offsets = mask_offsets([[0, 0, 1], [0, 0, 1], [0, 0, 0]])
    assert offsets == ((-1, 1), (0, 1))
    assert halo_of(offsets) == Halo(top=1, bottom=0, left=0, right=1)


@pytest.mark.parametrize("size", [0, -3, 4])
def test_windows_have_an_odd_size(size: int) -> None:
    with pytest.raises(BadParameterError, match=f"{size} x {size} pixels has no pixel at its centre; use an odd size"):
        window_offsets(size)


def test_dilations_start_at_one() -> None:
    with pytest.raises(BadParameterError, match="a dilation of 0 pixels; expected 1"):
        window_offsets(3, dilation=0)


@pytest.mark.parametrize(
    ("mask", "text"),
    [
        (np.ones((3, 4)), r"a mask of shape \(3, 4\); expected rows x columns with both odd"),
        (np.ones(3), r"a mask of shape \(3,\)"),
        (np.full((3, 3), 7), "a mask with values from 7 to 7; expected only 0"),
        (np.zeros((3, 3)), "a mask without a single 1"),
    ],
)
def test_bad_masks_are_refused(mask: np.ndarray, text: str) -> None:
    with pytest.raises(BadParameterError, match=text):
        mask_offsets(mask)


@pytest.mark.parametrize(
    ("offsets", "text"),
    [
        ([], "without an offset"),
        ([[0, 0], [0, 1], [0, 0]], r"names \(0, 0\) more than once"),
        ([[0, 0.5]], "expected pairs of integers"),
        ([[0, 0, 1]], "expected pairs of integers"),
        ([3], "expected pairs of integers"),
        ([[0, 0], [0, 257]], "reaches 257 pixels away; expected at most 256: give a smaller window, dilation or mask"),
        ([[-1000000, 0]], "reaches 1,000,000 pixels away"),
        ([[0, 0]] * 1025, "1025 offsets; expected at most 1024"),
    ],
)
def test_bad_offsets_are_refused(offsets: list[list[int]], text: str) -> None:
    with pytest.raises(BadParameterError, match=text):
        check_offsets(offsets)


def test_a_field_of_too_many_pixels_is_refused_before_anything_is_made_of_it() -> None:
    with pytest.raises(BadParameterError, match="99999999999 x 99999999999 pixels; expected at most 1024 pixels"):
        window_offsets(99999999999)
    with pytest.raises(BadParameterError, match="a mask with 1089 ones; expected at most 1024"):
        mask_offsets(np.ones((33, 33), bool))
