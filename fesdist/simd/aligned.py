"""Memory that begins with a line of the cache: no register of it crosses a line, which would be read twice."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

LINE_BYTES = 64


def zeros(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return an array of zeros of this shape and dtype, C-contiguous, whose first value begins a line."""
    n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.zeros(n_bytes + LINE_BYTES, np.uint8)
    before = -room.ctypes.data % LINE_BYTES
    return room[before : before + n_bytes].view(dtype).reshape(shape)
