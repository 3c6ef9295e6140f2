"""A change made at the model's size, put on the photograph at its own size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fesdist.ground.tiles import Region
from fesdist.images.belongings import PixelValues
from fesdist.shape.warping import Displacement

_STRIP_PIXELS = 1 << 20
"""Pixels that are in floating point at a time, so that a photograph of 64 megapixels needs little more than itself."""


def add_change(
    photograph: PixelValues, change: NDArray[np.float32], displacement: Displacement | None = None
) -> PixelValues:
    """Return the photograph plus the change resized to it: round(most clip(photograph / most + resized change)).

    Pores and hair that the model's size cannot show stay as they were photographed; only what the expression changes
    is as coarse as the model. `photograph` is (channel, row, col) uint8, where most = 255, or uint16, where it is
    65535, with as many channels as `change`, (channel, row, col) float32 in units of [0, 1], resized with a bicubic
    filter. A `displacement` moves the photograph first. Intensities are those of the file, without a change of gamma.
    """
    _, rows, cols = photograph.shape
    most = np.iinfo(photograph.dtype).max
    source = photograph if displacement is None or photograph.dtype == np.uint8 else photograph.astype(np.float32)
    moves = None if displacement is None else displacement.at((rows, cols))
    result = np.empty_like(photograph)
    strip_rows = max(1, _STRIP_PIXELS // cols)
    for row0 in range(0, rows, strip_rows):
        strip = Region(row0, min(row0 + strip_rows, rows), 0, cols)
        if moves is None:
            base = photograph[:, *strip.slices]
        else:
            (base,) = moves.moved(source[None], strip, Region(0, rows, 0, cols))
        for before, plane, after in zip(base, change, result, strict=True):
            added = _resized(plane, strip, rows) * most
            after[strip.slices] = np.rint(np.clip(before + added, 0, most))
    return result


def _resized(plane: NDArray[np.float32], strip: Region, rows: int) -> NDArray[np.float32]:
    """Return a strip of a plane (row, col) that is resized to `rows` and to the strip's columns."""
    own_rows, own_cols = plane.shape
    # The filter reaches beyond the box, so strips fit together without a seam.
    box = (0, strip.row0 * own_rows / rows, own_cols, strip.row1 * own_rows / rows)
    size = strip.shape[1], strip.shape[0]
    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BICUBIC, box=box))
