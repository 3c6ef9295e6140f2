"""Sparse fields applied: every output pixel is its bias plus its own weights times pixels from anywhere."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from fesdist.simd.kernel import kernel

Array = NDArray[Any]


@kernel
def apply_support(planes: Array, support: Array, values: Array, bias: Array, outputs: Array) -> None:
    """Set outputs[k, p] = bias[p] + Σ_tap values[tap, p] × planes[k, support[tap, p]].

    `planes` are (plane, input pixel), `outputs` (plane, output pixel), `values` (tap, output pixel) and `bias` (output
    pixel), all float32; `support` is (tap, output pixel) int32 with -1 for no input pixel.
    """
    taps, n_outputs = support.shape
    for k in range(len(planes)):
        plane = planes[k]
        for p in range(n_outputs):
            total = bias[p]
            for tap in range(taps):
                if support[tap, p] >= 0:
                    total += values[tap, p] * plane[support[tap, p]]
            outputs[k, p] = total
