"""Receptive fields: which input pixels an output pixel is made from, as displacements (drow, dcol) from itself."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from operator import index
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fesdist.ground.errors import BadParameterError
from fesdist.ground.tiles import Halo

Offset = tuple[int, int]
"""Displacement (drow, dcol) of an input pixel from the output pixel, in pixels; row-major order is their own order."""
Field = tuple[Offset, ...]
"""Receptive field: offsets of different taps, in row-major order."""

MOST_TAPS = 1024
"""A system of more unknowns is no local receptive field, and its planes would outgrow any memory."""

MOST_REACH = 256
"""Rows and columns from the output pixel to an input pixel: strips of images hold all that lies between."""


def window_offsets(size: int, dilation: int = 1) -> tuple[Offset, ...]:
    """Return the `size` x `size` window around the origin with `dilation` pixels from tap to tap, row-major.

    A window of 1 is the pixel itself; 3 with dilation 2 are nine taps spread over 5 x 5 (Khan et al. 2020, sec.
    5.4). Raises BadParameterError unless `size` is odd and positive and `dilation` positive.

    >>> window_offsets(3, dilation=2)[:4]
    ((-2, -2), (-2, 0), (-2, 2), (0, -2))
    """
    if size < 1 or size % 2 == 0:
        raise BadParameterError(
            f"a receptive field of {size} x {size} pixels has no pixel at its centre; "
            "use an odd size such as 3, 5, 7 or 9"
        )
    if size**2 > MOST_TAPS:
        raise BadParameterError(
            f"a receptive field of {size} x {size} pixels; expected at most {MOST_TAPS} pixels, for instance 9 x 9"
        )
    if dilation < 1:
        raise BadParameterError(f"a dilation of {dilation} pixels; expected 1 (a plain window) or more")
    reach = size // 2
    steps = [dilation * step for step in range(-reach, reach + 1)]
    return tuple((drow, dcol) for drow in steps for dcol in steps)


def mask_offsets(mask: ArrayLike) -> tuple[Offset, ...]:
    """Return the offsets at which `mask` is 1, row-major; its centre is the origin and may be 0.

    `mask` is (row, col) with odd sides and holds 0 and 1 (or False and True). Raises BadParameterError
    otherwise, and when it has no 1.

    >>> mask_offsets([[0, 1, 0], [1, 1, 1], [0, 1, 0]])
    ((-1, 0), (0, -1), (0, 0), (0, 1), (1, 0))
    """
    array: NDArray[Any] = np.asarray(mask)
    if array.ndim != 2 or array.shape[0] % 2 == 0 or array.shape[1] % 2 == 0:
        raise BadParameterError(
            f"a mask of shape {array.shape}; expected rows x columns with both odd, so that its centre is "
            "the output pixel: add a row or a column of zeros"
        )
    if not np.isin(array, (0, 1)).all():
        raise BadParameterError(
            f"a mask with values from {array.min()} to {array.max()}; expected only 0 (ignored) and 1 (used)"
        )
    if np.count_nonzero(array) > MOST_TAPS:
        raise BadParameterError(
            f"a mask with {np.count_nonzero(array)} ones; expected at most {MOST_TAPS}, as each is an input pixel that "
            "every output pixel reads"
        )
    if not array.any():
        raise BadParameterError("a mask without a single 1 uses no input pixel; set at least one element to 1")
    centre = np.array(array.shape) // 2
    return tuple((int(drow), int(dcol)) for drow, dcol in np.argwhere(array) - centre)


def check_offsets(offsets: Iterable[Iterable[int]]) -> tuple[Offset, ...]:
    """Return offsets as tuples of plain integers in row-major order.

    Raises BadParameterError for none at all, for too many or too far ones, for a repeated one, and for anything but
    pairs of integers.
    """
    try:
        pairs = [(index(drow), index(dcol)) for drow, dcol in offsets]
    except (TypeError, ValueError):
        raise BadParameterError(
            f"receptive field {offsets!r:.200}; expected pairs of integers (drow, dcol), for instance [[0, 0], [0, 1]]"
        ) from None
    if len(pairs) > MOST_TAPS:
        raise BadParameterError(f"a receptive field of {len(pairs)} offsets; expected at most {MOST_TAPS}")
    if not pairs:
        raise BadParameterError(
            "a receptive field without an offset uses no input pixel; give at least one (drow, dcol)"
        )
    reach = max(abs(step) for pair in pairs for step in pair)
    if reach > MOST_REACH:
        raise BadParameterError(
            f"a receptive field that reaches {reach:,} pixels away; expected at most {MOST_REACH}: give a smaller "
            "window, dilation or mask"
        )
    repeated = sorted({pair for pair in pairs if pairs.count(pair) > 1})
    if repeated:
        raise BadParameterError(f"the receptive field names {repeated[0]} more than once; name each offset once")
    return tuple(sorted(pairs))


def with_centre(field: Field) -> Field:
    """Return a field with the output pixel's own place among its offsets.

    >>> with_centre(((-1, 0), (1, 0)))
    ((-1, 0), (0, 0), (1, 0))
    """
    return tuple(sorted({*field, (0, 0)}))


@lru_cache(maxsize=256)
def halo_of(offsets: tuple[Offset, ...]) -> Halo:
    """Return how far `offsets` reach beyond the output pixel on each side.

    >>> halo_of(((-2, 0), (0, 1)))
    Halo(top=2, bottom=0, left=0, right=1)
    """
    drows = [drow for drow, _ in offsets]
    dcols = [dcol for _, dcol in offsets]
    return Halo(max(-min(drows), 0), max(*drows, 0), max(-min(dcols), 0), max(*dcols, 0))


def displacements(offsets: tuple[Offset, ...]) -> tuple[Offset, ...]:
    """Return all differences of two offsets that are not before (0, 0) in row-major order, each once, sorted.

    They are the planes G_d of a receptive field: ((2r - 1)² + 1) / 2 of them for an r x r window; the
    other half of the differences gives the same products.

    >>> len(displacements(window_offsets(3))), displacements(((0, 0), (0, 1)))
    (13, ((0, 0), (0, 1)))
    """
    differences = {(a[0] - b[0], a[1] - b[1]) for a in offsets for b in offsets}
    return tuple(sorted(d for d in differences if d >= (0, 0)))
