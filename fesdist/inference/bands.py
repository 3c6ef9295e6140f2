"""Weights of a version by row bands, in float32, as many as the memory holds; indices of pixels stay integers."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.errors import BadParameterError
from fesdist.ground.tiles import Region, TileGrid
from fesdist.inference.checked import CheckedVersion

_PIECES = 2
"""A band is read in so many pieces, if it has as many chunks."""

_READING = 12
"""Bytes alive for a value that is being read: a file's float64, and the float32 that becomes part of a band."""


@dataclass(frozen=True)
class Band:
    """All columns of some output rows."""

    region: Region
    arrays: dict[str, NDArray[Any]]
    """Arrays of one expression by name, read-only; the last two dimensions are the band's rows and columns."""


class BandCache:
    """Reads bands of the arrays `names` of any expression and keeps those used last within `memory` bytes.

    A band is one row of chunks, so one pass over an image reads each chunk once. Threads may share a cache. Raises
    BadParameterError when `memory` is too small to read one band.
    """

    def __init__(self, version: CheckedVersion, names: tuple[str, ...], memory: int) -> None:
        self._version = version
        self._memory = memory
        self._held: OrderedDict[tuple[str, int], Band] = OrderedDict()
        self._lock = threading.Lock()
        first = version.arrays(version.manifest.expressions[0])
        arrays = {name: array for name, array in first.items() if name in names}
        self._leading = {name: array.shape[:-2] for name, array in arrays.items()}
        self._dtypes = {name: np.float32 if array.dtype.kind == "f" else array.dtype for name, array in arrays.items()}
        rows, cols = version.manifest.image_shape
        band_rows, chunk_cols = (min(arrays[names[0]].chunks[-2 + side], (rows, cols)[side]) for side in range(2))
        self._grid = TileGrid((rows, cols), (band_rows, cols))
        self._piece_cols = chunk_cols * ceil(ceil(cols / chunk_cols) / _PIECES)
        depth = sum(prod(leading) for leading in self._leading.values())
        self._band_bytes = depth * band_rows * cols * np.dtype(np.float32).itemsize
        self._reading_bytes = self._band_bytes + _READING * depth * band_rows * min(self._piece_cols, cols)
        if self._reading_bytes > memory:
            more = 2 * (self._reading_bytes - memory)
            raise BadParameterError(
                f"{memory / 2**20:.1f} MiB of the memory that is allowed are left for weights, but reading {band_rows} "
                f"rows of {version.manifest.reference} takes {self._reading_bytes / 2**20:.1f} MiB: allow "
                f"{ceil(more / 2**20)} MiB more, half of which is for weights"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Return which of the arrays the version has."""
        return tuple(self._leading)

    @property
    def held_bytes(self) -> int:
        """Bytes of the bands that are kept now; never more than `memory`."""
        return len(self._held) * self._band_bytes

    def bands(self, expression: str) -> Iterator[Band]:
        """Yield the bands of an expression, in any order.

        Those that are kept come first: a pass over more bands than fit then reads only the others, where reading from
        top to bottom would always find that the next band has just been dropped.
        """
        indices = sorted(range(len(self._grid)), key=lambda index: (expression, index) not in self._held)
        for index in indices:
            with self._lock:
                band = self._band(expression, index)
            yield band

    def _band(self, expression: str, index: int) -> Band:
        key = expression, index
        if key not in self._held:
            while self.held_bytes + self._reading_bytes > self._memory:
                self._held.popitem(last=False)
            self._held[key] = self._read(expression, self._grid[index].region)
        self._held.move_to_end(key)
        return self._held[key]

    def _read(self, expression: str, region: Region) -> Band:
        arrays: dict[str, NDArray[Any]] = {}
        for name, leading in self._leading.items():
            whole = tuple(slice(0, length) for length in leading)
            arrays[name] = values = np.empty((*leading, *region.shape), self._dtypes[name])
            for piece in TileGrid(region.shape, (region.shape[0], self._piece_cols)):
                there = piece.region.shifted(region.row0, region.col0)
                of_piece = self._version.read(expression, name, (*whole, *there.slices), values.dtype)
                values[..., *piece.region.slices] = of_piece
            values.flags.writeable = False
        return Band(region, arrays)
