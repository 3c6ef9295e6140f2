"""Gray values added up across rows of bytes: each pixel is read once, and no gray image is made of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.colour import LUMA
from fesdist.simd.kernel import kernel, subkernel

Array = NDArray[Any]

_RED, _GREEN, _BLUE = (np.uint32(weight) for weight in LUMA)
_HALF, _BITS = np.uint32(1 << 15), np.uint32(16)


def gray_across(octets: NDArray[np.uint8], side: int) -> NDArray[np.int64]:
    """Return `side` times the sums of gray values over `side` equal parts of each row, (row, part).

    `octets` is (channel, row, col), of one channel or three. The numbers of `fesdist.ground.signature.gray_across`.
    """
    _, rows, cols = octets.shape
    ends = np.arange(side + 1) * cols
    sums = np.empty((rows, side), np.int64)
    _add_across(np.ascontiguousarray(octets), ends // side, ends % side, sums)
    return sums


@kernel
def _add_across(octets: Array, whole: Array, part: Array, sums: Array) -> None:
    """Set sums[row, k] to the sum from ends[k] to ends[k + 1], where ends = whole + part / side, times side."""
    side = sums.shape[1]
    gray = np.zeros(octets.shape[2] + 1, np.uint32)  # of what begins behind the last column nothing is taken
    for row in range(len(sums)):
        if len(octets) == 1:
            for col in range(octets.shape[2]):
                gray[col] = octets[0, row, col]
        else:
            _to_gray(octets[0, row], octets[1, row], octets[2, row], gray)
        for k in range(side):
            between = side * np.int64(_total(gray[whole[k] : whole[k + 1]]))
            sums[row, k] = between + part[k + 1] * gray[whole[k + 1]] - part[k] * gray[whole[k]]


@subkernel
def _to_gray(red: Array, green: Array, blue: Array, gray: Array) -> None:
    """Set `gray` to the values of `to_gray`; the loop is one of its own so that it is compiled to registers."""
    for col in range(len(red)):
        gray[col] = (_RED * red[col] + _GREEN * green[col] + _BLUE * blue[col] + _HALF) >> _BITS


@subkernel
def _total(values: Array) -> Any:
    total = np.uint32(0)
    for place in range(len(values)):
        total = np.uint32(total + values[place])
    return total
