"""Which pixels are looked at where all of them would take too long: a few, evenly spread, from top to bottom."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from fesdist.ground.tiles import Region, TileGrid

SMALL = 1 << 16
"""Pixels of an image up to which it is summed as a whole, and some of its rows are judged."""
JUDGED_ROWS = 16
"""Of a small image, or up to twice as many."""
PARTS = 8
"""A larger image is cut into so many bands, each into so many parts; a little near the middle of each is looked at."""
MIDDLE = (2, 16)
"""Rows and columns of what is looked at in each part."""
CELL = 64
"""Rows and columns of the chunks of stacks, or half of them."""


@dataclass(frozen=True)
class Piece:
    """A part of the image that is summed, of which the rows are judged that are multiples of `row_step`."""

    region: Region
    row_step: int = 1

    @property
    def n_pixels(self) -> int:
        """Return how many pixels are judged."""
        first = self.region.row0 + -self.region.row0 % self.row_step
        return len(range(first, self.region.row1, self.row_step)) * self.region.shape[1]


@lru_cache(maxsize=16)
def looked_at(image_shape: tuple[int, int], side: int = 64) -> tuple[tuple[Piece, ...], ...]:
    """Return the pieces of each band of an image; what lies left of its middle lies right of it as well.

    A small image is cut into pieces of `side` rows and columns, of which those without a judged row are left out.

    >>> [[str(piece.region) for piece in band] for band in looked_at((100, 64))]
    [['rows 0:64, columns 0:64'], ['rows 64:100, columns 0:64']]
    >>> sum(piece.n_pixels for band in looked_at((128, 128)) for piece in band)
    2048
    >>> sum(piece.n_pixels for band in looked_at((2048, 2048)) for piece in band)
    2048
    """
    rows, cols = image_shape
    if rows * cols <= SMALL:
        step, grid = max(1, rows // JUDGED_ROWS), TileGrid(image_shape, (side, side))
        pieces = [piece for tile in grid if (piece := Piece(tile.region, step)).n_pixels]
        # Pieces beside each other have the same rows, so that all of them are left out or none.
        return tuple(tuple(pieces[start : start + grid.shape[1]]) for start in range(0, len(pieces), grid.shape[1]))
    return tuple(
        tuple(
            Piece(Region(*_middle(down, rows, MIDDLE[0]), *_middle(across, cols, MIDDLE[1]))) for across in range(PARTS)
        )
        for down in range(PARTS)
    )


def _middle(part: int, length: int, size: int) -> tuple[int, int]:
    """Return where what is looked at in one of `PARTS` equal parts of a line begins and ends.

    It lies amid a chunk of the stack as far as the part reaches, so that not four chunks are unpacked for it: the
    middles of parts of 128 or 256 pixels are where chunks meet.
    """
    if part >= PARTS // 2:
        first, stop = _middle(PARTS - 1 - part, length, size)
        return length - stop, length - first
    size = max(1, min(size, length // PARTS))
    begin, end = part * length / PARTS, (part + 1) * length / PARTS
    amid_chunk = CELL * ((begin + end) / 2 // CELL) + (CELL - size) / 2
    first = max(0, int(min(max(amid_chunk, math.ceil(begin)), math.floor(end - size))))
    return first, first + size
