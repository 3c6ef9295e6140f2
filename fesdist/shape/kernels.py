"""Images moved: each output pixel is interpolated where its displacement points, by Keys's cubic, exact for bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.simd.compiled import keep_compiled_kernels
from fesdist.simd.kernel import inlined, kernel

Array = NDArray[Any]

STEPS = 64
"""Positions are told in so many parts of a pixel."""

WEIGHT_BITS = 20
"""Weights of 64 positions are exact integers over 2^20: their denominators are 4 x 64^3."""

keep_compiled_kernels()


def cubic_weights() -> NDArray[np.int64]:
    """Return the weights, times 2^20, of the four pixels around each of 64 positions: (position, pixel) int64.

    Keys 1981, equation 15, with a = -3/4, the sharper of the usual two: symmetric under mirroring, of sum one.
    """
    at = np.arange(STEPS, dtype=np.int64)
    one = np.int64(STEPS)
    return np.stack(
        [
            -3 * at * (one - at) ** 2,
            4 * one**3 - 9 * one * at**2 + 5 * at**3,
            4 * one**3 - 9 * one * (one - at) ** 2 + 5 * (one - at) ** 3,
            -3 * at**2 * (one - at),
        ],
        axis=1,
    )


WEIGHTS = cubic_weights()
FLOAT_WEIGHTS = (WEIGHTS / 2.0**WEIGHT_BITS).astype(np.float32)


@kernel
def move_bytes(planes: Array, rows_at: Array, cols_at: Array, weights: Array, outputs: Array) -> None:
    """Set outputs[k, i, j] to the cubic interpolation of planes[k] at (rows_at, cols_at)[i, j], rounded to the nearest.

    `planes` (plane, row, col) and `outputs` (plane, i, j) are uint8, C-contiguous, `rows_at` and `cols_at` (i, j) int32
    in 64ths of a pixel of the planes, `weights` as `cubic_weights` returns them. What lies outside the planes repeats
    their edges.
    """
    half = np.int64(1) << (2 * WEIGHT_BITS - 1)
    line, size = planes.reshape(-1), planes.shape[1] * planes.shape[2]
    for i in range(rows_at.shape[0]):
        for j in range(rows_at.shape[1]):
            lines = places(rows_at[i, j] >> 6, planes.shape[1], planes.shape[2])
            across = places(cols_at[i, j] >> 6, planes.shape[2], 1)
            down, right = weights[rows_at[i, j] & 63], weights[cols_at[i, j] & 63]
            for k in range(len(planes)):
                total = half + _sum(line, np.uintp(k) * np.uintp(size), lines, across, down, right)
                outputs[k, i, j] = min(max(total >> (2 * WEIGHT_BITS), 0), 255)


@kernel
def move_floats(planes: Array, rows_at: Array, cols_at: Array, weights: Array, outputs: Array) -> None:
    """Do the same for floating point, in the type of `outputs`, unrounded; `weights` are float32 of sum one."""
    line, size = planes.reshape(-1), planes.shape[1] * planes.shape[2]
    for i in range(rows_at.shape[0]):
        for j in range(rows_at.shape[1]):
            lines = places(rows_at[i, j] >> 6, planes.shape[1], planes.shape[2])
            across = places(cols_at[i, j] >> 6, planes.shape[2], 1)
            down, right = weights[rows_at[i, j] & 63], weights[cols_at[i, j] & 63]
            for k in range(len(planes)):
                outputs[k, i, j] = _sum(line, np.uintp(k) * np.uintp(size), lines, across, down, right)


@inlined
def places(at: Any, length: Any, stride: Any) -> Any:
    """Return where the four pixels around a position are; those outside are the edge."""
    last = length - 1
    # Unsigned, so that numba does not look for indices from the end.
    return (
        np.uintp(min(max(at - 1, 0), last) * stride),
        np.uintp(min(max(at, 0), last) * stride),
        np.uintp(min(max(at + 1, 0), last) * stride),
        np.uintp(min(max(at + 2, 0), last) * stride),
    )


@inlined
def _sum(line: Any, at: Any, lines: Any, across: Any, down: Any, right: Any) -> Any:
    """Return the sum over four lines and four pixels across, each times its weights."""
    return (
        down[0] * _across(line, at + lines[0], across, right)
        + down[1] * _across(line, at + lines[1], across, right)
        + down[2] * _across(line, at + lines[2], across, right)
        + down[3] * _across(line, at + lines[3], across, right)
    )


@inlined
def _across(line: Any, at: Any, across: Any, right: Any) -> Any:
    return (
        right[0] * line[at + across[0]]
        + right[1] * line[at + across[1]]
        + right[2] * line[at + across[2]]
        + right[3] * line[at + across[3]]
    )
