"""Tiles of output pixels: one tile is one task, whole chunks of the weight arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Region:
    """A rectangle of pixels, rows `row0:row1` and columns `col0:col1`.

    >>> tile, seen = Region(64, 128, 0, 64), Region(62, 130, 0, 66)
    >>> tile.shape, tile.within(seen)
    ((64, 64), (slice(2, 66, None), slice(0, 64, None)))
    """

    row0: int
    row1: int
    col0: int
    col1: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.row1 - self.row0, self.col1 - self.col0

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.row0, self.row1), slice(self.col0, self.col1)

    def shifted(self, rows: int, cols: int) -> Region:
        """Return the region this many rows further down and columns further right."""
        return Region(self.row0 + rows, self.row1 + rows, self.col0 + cols, self.col1 + cols)

    def within(self, other: Region) -> tuple[slice, slice]:
        """Return the slices of this region in an array of `other`, which contains it."""
        return (
            slice(self.row0 - other.row0, self.row1 - other.row0),
            slice(self.col0 - other.col0, self.col1 - other.col0),
        )

    def overlap(self, other: Region) -> tuple[slice, slice]:
        """Return the slices, in an array of this region, of the pixels that `other` has too; they may be empty."""
        return (
            slice(max(other.row0 - self.row0, 0), max(other.row1 - self.row0, 0)),
            slice(max(other.col0 - self.col0, 0), max(other.col1 - self.col0, 0)),
        )

    def grown(self, margin: int, image_shape: tuple[int, int]) -> Region:
        """Return the region with `margin` pixels more on each side, as far as the image reaches.

        >>> str(Region(64, 128, 0, 64).grown(2, (129, 256)))
        'rows 62:129, columns 0:66'
        """
        rows, cols = image_shape
        return Region(
            max(self.row0 - margin, 0),
            min(self.row1 + margin, rows),
            max(self.col0 - margin, 0),
            min(self.col1 + margin, cols),
        )

    def mirrored(self, cols: int) -> Region:
        """Return where the region is when an image of so many columns is turned left to right.

        >>> str(Region(0, 64, 0, 16).mirrored(100))
        'rows 0:64, columns 84:100'
        """
        return Region(self.row0, self.row1, cols - self.col1, cols - self.col0)

    def __str__(self) -> str:
        return f"rows {self.row0}:{self.row1}, columns {self.col0}:{self.col1}"


@dataclass(frozen=True)
class Padding:
    """Rows and columns of zeros that stand for input pixels outside the image."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True)
class Halo:
    """How far a receptive field reaches beyond its output pixel on each side, in pixels (all >= 0)."""

    top: int
    bottom: int
    left: int
    right: int

    def around(self, region: Region, image_shape: tuple[int, int]) -> tuple[Region, Padding]:
        """Return the input pixels that `region` needs, clipped to the image, and the zeros that replace the rest.

        >>> seen, padding = Halo(2, 2, 2, 2).around(Region(64, 128, 0, 64), (256, 256))
        >>> str(seen), padding
        ('rows 62:130, columns 0:66', Padding(top=0, bottom=0, left=2, right=0))
        """
        return self.among(region, Region(0, image_shape[0], 0, image_shape[1]))

    def among(self, region: Region, available: Region) -> tuple[Region, Padding]:
        """Return the same when only the pixels of `available` are there."""
        row0, row1 = region.row0 - self.top, region.row1 + self.bottom
        col0, col1 = region.col0 - self.left, region.col1 + self.right
        clipped = Region(
            max(row0, available.row0),
            min(row1, available.row1),
            max(col0, available.col0),
            min(col1, available.col1),
        )
        padding = Padding(clipped.row0 - row0, row1 - clipped.row1, clipped.col0 - col0, col1 - clipped.col1)
        return clipped, padding


@dataclass(frozen=True)
class Tile:
    """The output pixels of one task."""

    index: int
    region: Region

    def __str__(self) -> str:
        return f"tile {self.index} ({self.region})"


@dataclass(frozen=True)
class TileGrid:
    """Cuts an image of `image_shape` (rows, columns) into tiles of `tile_shape`; the last ones are smaller.

    >>> grid = TileGrid((100, 128), (64, 64))
    >>> len(grid), str(grid[3])
    (4, 'tile 3 (rows 64:100, columns 64:128)')
    """

    image_shape: tuple[int, int]
    tile_shape: tuple[int, int]

    @property
    def shape(self) -> tuple[int, int]:
        (rows, cols), (tile_rows, tile_cols) = self.image_shape, self.tile_shape
        return -(-rows // tile_rows), -(-cols // tile_cols)

    def __len__(self) -> int:
        return self.shape[0] * self.shape[1]

    def __getitem__(self, index: int) -> Tile:
        if not 0 <= index < len(self):
            raise IndexError(f"tile {index} of a grid of {len(self)}")
        row, col = divmod(index, self.shape[1])
        (rows, cols), (tile_rows, tile_cols) = self.image_shape, self.tile_shape
        return Tile(
            index,
            Region(
                row * tile_rows,
                min((row + 1) * tile_rows, rows),
                col * tile_cols,
                min((col + 1) * tile_cols, cols),
            ),
        )

    def __iter__(self) -> Iterator[Tile]:
        return (self[index] for index in range(len(self)))
