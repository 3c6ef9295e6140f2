"""Windows applied: every output pixel is its bias plus its own weights times the pixels around it, in float32."""

from __future__ import annotations

from typing import Any

from numba import njit
from numpy.typing import NDArray

from fesdist.simd.lanes import LANES, load, multiply_add, store

Array = NDArray[Any]


@njit(nogil=True, cache=True)
def apply_windows(planes: Array, weights: Array, bias: Array, starts: Array, outputs: Array) -> None:
    """Set outputs[k, row, col] = bias[row, col] + Σ_tap weights[tap, row, col] × planes[k, row + drow, col + dcol].

    `planes` are (plane, row + halo, col + halo) with their zeros around them, `starts[tap]` int64 is the flat
    index in a plane that tap reads for output pixel (0, 0); `weights` (tap, row, col), `bias` (row, col),
    `outputs` (plane, row, col). All others are float32, C-contiguous, and have `LANES` columns or more.
    """
    taps, rows, cols = weights.shape
    n, padded_rows, stride = planes.shape
    plane_size, output_size, tap_size = padded_rows * stride, rows * cols, rows * cols
    line, out, weight_line, bias_line = planes.reshape(-1), outputs.reshape(-1), weights.reshape(-1), bias.reshape(-1)
    for row in range(rows):
        # Weights of a row are loaded once for all planes, and once for four planes into a register.
        for plane in range(0, n, 4):
            k0, k1, k2, k3 = plane, min(plane + 1, n - 1), min(plane + 2, n - 1), min(plane + 3, n - 1)
            for block in range(0, cols, LANES):
                # The last block is moved back into the row: a few pixels are computed twice, with the same result.
                col = min(block, cols - LANES)
                to = row * cols + col
                y0 = y1 = y2 = y3 = load(bias_line, to)
                for tap in range(taps):
                    w = load(weight_line, tap * tap_size + to)
                    at = starts[tap] + row * stride + col
                    y0 = multiply_add(y0, w, load(line, k0 * plane_size + at))
                    y1 = multiply_add(y1, w, load(line, k1 * plane_size + at))
                    y2 = multiply_add(y2, w, load(line, k2 * plane_size + at))
                    y3 = multiply_add(y3, w, load(line, k3 * plane_size + at))
                store(out, k0 * output_size + to, y0)
                store(out, k1 * output_size + to, y1)
                store(out, k2 * output_size + to, y2)
                store(out, k3 * output_size + to, y3)
