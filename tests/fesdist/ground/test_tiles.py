"""Tiles cover an image once; halos are clipped and padded to the right size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fesdist.ground.tiles import Halo, Padding, Region, TileGrid

sides = st.tuples(st.integers(1, 40), st.integers(1, 40))
reaches = st.integers(0, 6)


@given(sides, sides)
def test_tiles_cover_every_pixel_once(image_shape: tuple[int, int], tile_shape: tuple[int, int]) -> None:
    grid = TileGrid(image_shape, tile_shape)
    covered = np.zeros(image_shape, int)
    for index, tile in enumerate(grid):
        assert tile.index == index
        covered[tile.region.slices] += 1
        assert tile.region.shape == covered[tile.region.slices].shape
        assert all(side <= most for side, most in zip(tile.region.shape, tile_shape, strict=True))
    assert (covered == 1).all()
    assert len(grid) == index + 1


@given(sides, sides, st.builds(Halo, reaches, reaches, reaches, reaches))
def test_clipped_inputs_and_padding_make_the_whole_field(
    image_shape: tuple[int, int], tile_shape: tuple[int, int], halo: Halo
) -> None:
    image = np.arange(1, image_shape[0] * image_shape[1] + 1).reshape(image_shape)
    around = np.pad(image, ((halo.top, halo.bottom), (halo.left, halo.right)))
    for tile in TileGrid(image_shape, tile_shape):
        seen, padding = halo.around(tile.region, image_shape)
        padded = np.pad(image[seen.slices], ((padding.top, padding.bottom), (padding.left, padding.right)))
        region = tile.region
        expected = around[
            region.row0 : region.row1 + halo.top + halo.bottom, region.col0 : region.col1 + halo.left + halo.right
        ]
        assert np.array_equal(padded, expected)


def test_inner_tiles_need_no_padding() -> None:
    seen, padding = Halo(1, 2, 3, 4).around(Region(10, 20, 10, 20), (64, 64))
    assert seen == Region(9, 22, 7, 24)
    assert padding == Padding(0, 0, 0, 0)


@pytest.mark.parametrize("index", [-1, 6])
def test_an_index_outside_the_grid_is_refused(index: int) -> None:
    with pytest.raises(IndexError, match=f"tile {index} of a grid of 6"):
        TileGrid((5, 7), (3, 3))[index]


def test_tiles_are_named_for_people() -> None:
    assert str(TileGrid((5, 7), (3, 3))[4]) == "tile 4 (rows 3:5, columns 3:6)"


def test_a_region_within_another_and_its_overlap() -> None:
    image = np.arange(20 * 30).reshape(20, 30)
    outer, inner, mouth = Region(2, 12, 3, 23), Region(4, 10, 5, 20), Region(8, 15, 0, 9)
    crop = image[inner.slices]
    np.testing.assert_array_equal(image[outer.slices][inner.within(outer)], crop)
    np.testing.assert_array_equal(crop[inner.overlap(mouth)], image[8:10, 5:9])
    assert crop[inner.overlap(Region(0, 4, 0, 30))].size == 0
    assert crop[inner.overlap(Region(10, 20, 0, 30))].size == 0
