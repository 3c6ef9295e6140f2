"""A few of many, at even distances: what is looked at or shown where all would be too many."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def evenly(length: int, most: int) -> NDArray[np.int64]:
    """Return at most `most` of the places 0 .. `length` - 1, (place,) int64, ascending: from the first to the last.

    Of fewer than `most` places all are returned.

    >>> evenly(10, 4).tolist(), evenly(3, 4).tolist(), evenly(3, 1).tolist(), evenly(0, 4).tolist()
    ([0, 3, 6, 9], [0, 1, 2], [0], [])
    """
    return np.linspace(0, length - 1, min(length, most)).round().astype(np.int64)
