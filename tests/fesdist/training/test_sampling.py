"""What is looked at of large images: a little everywhere, the same on both sides, and each in few chunks of a stack."""

from __future__ import annotations

import pytest

from fesdist.ground.tiles import Region
from fesdist.training.sampling import JUDGED_ROWS, PARTS, looked_at
from storage.stack.format import StackSpec

SHAPES = [
    (3, 30_000),
    (2048, 2048),
    (1024, 1024),
    (512, 512),
    (700, 450),
    (257, 256),
    (60, 2000),
    (2000, 61),
    (9, 9000),
]


def regions(shape: tuple[int, int]) -> list[Region]:
    return [piece.region for band in looked_at(shape) for piece in band]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_part_of_the_image_has_one_and_sides_are_alike(shape: tuple[int, int]) -> None:
    rows, cols = shape
    found = regions(shape)
    assert len(found) == PARTS**2
    for number, region in enumerate(found):
        down, across = divmod(number, PARTS)
        for part, first, stop, length in (
            (down, region.row0, region.row1, rows),
            (across, region.col0, region.col1, cols),
        ):
            assert 0 <= first < stop <= length
            if length >= PARTS:
                assert part * length // PARTS <= first
                assert stop <= -(-(part + 1) * length // PARTS)
    turned = {region.mirrored(cols) for region in found}
    assert turned == set(found)
    assert {Region(rows - each.row1, rows - each.row0, each.col0, each.col1) for each in found} == set(found)


@pytest.mark.parametrize("shape", [(4000, 1), (20_000, 3), (65_536, 1), (1100, 59), (1, 4000), (30, 2000), (128, 128)])
@pytest.mark.parametrize("side", [64, 16])
def test_of_small_images_pieces_are_looked_at_that_have_rows_to_judge(shape: tuple[int, int], side: int) -> None:
    rows, cols = shape
    bands = looked_at(shape, side)
    assert all(piece.n_pixels for band in bands for piece in band)
    judged = [
        (row, piece.region.col0, piece.region.col1)
        for band in bands
        for piece in band
        for row in range(piece.region.row0, piece.region.row1)
        if row % piece.row_step == 0
    ]
    step = max(1, rows // JUDGED_ROWS)
    parts = [(col, min(col + side, cols)) for col in range(0, cols, side)]
    assert sorted(judged) == [(row, *part) for row in range(0, rows, step) for part in parts]


@pytest.mark.parametrize("shape", [(512, 512), (1024, 1024), (2048, 2048), (4096, 512)])
@pytest.mark.parametrize("halo", [2, 8, 24])
def test_with_its_halo_each_lies_in_one_chunk(shape: tuple[int, int], halo: int) -> None:
    """So that one chunk is unpacked for it, not four; mirrored as well."""
    *_, rows, cols = StackSpec(*shape, 3, "uint8", "none").chunks()
    for region in regions(shape):
        around = region.grown(halo, shape)
        assert around.row0 // rows == (around.row1 - 1) // rows
        assert around.col0 // cols == (around.col1 - 1) // cols
