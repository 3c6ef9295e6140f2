"""Linear combinations of images, pixel by pixel: what turns stored images into basis images, and codes into outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.simd.kernel import kernel, pasted
from fesdist.simd.lanes import LANES, load, multiply_add, store
from fesdist.simd.values import spread

Array = NDArray[Any]

_TOGETHER = 8
"""Combinations made at a time: their sums hide the latency of the products and share the loads of the images."""


@kernel
def add_combinations(coefficients: Array, images: Array, sums: Array, start: int) -> None:
    """Add Σ_m coefficients[r, m] × images[m, q] to `sums[r, start + q]`, for all r and all pixels q of `images`.

    `coefficients` is (combination, image), `images` (image, pixel) and `sums` (combination, pixel), all float64 or
    all float32. Images are added one after the other, each with one rounding, so the bits of a pixel do not depend
    on the other pixels, nor on how the images are divided among calls.
    """
    n_combinations, n_images = coefficients.shape
    n_pixels = images.shape[1]
    padded = -(-n_combinations // _TOGETHER) * _TOGETHER
    factors = np.zeros((padded, n_images), sums.dtype)
    for r in range(n_combinations):
        for m in range(n_images):
            factors[r, m] = coefficients[r, m]
    # One register of pixels of all images lies together, as images that are a power of two apart evict each other.
    panel = np.zeros((n_images, LANES), sums.dtype)
    totals = np.zeros((padded, LANES), sums.dtype)
    packed, added, factor = panel.reshape(-1), totals.reshape(-1), factors.reshape(-1)
    source, target, length = images.reshape(-1), sums.reshape(-1), sums.shape[1]
    whole = n_pixels // LANES * LANES
    for q in range(0, whole, LANES):
        for m in range(n_images):
            store(packed, m * LANES, load(source, m * n_pixels + q))
        for r in range(n_combinations):
            store(added, r * LANES, load(target, r * length + start + q))
        _add_register(factor, packed, added, n_images)
        for r in range(n_combinations):
            store(target, r * length + start + q, load(added, r * LANES))
    if whole < n_pixels:
        for m in range(n_images):
            for q in range(whole, n_pixels):
                panel[m, q - whole] = images[m, q]
        for r in range(n_combinations):
            for q in range(whole, n_pixels):
                totals[r, q - whole] = sums[r, start + q]
        _add_register(factor, packed, added, n_images)
        for r in range(n_combinations):
            for q in range(whole, n_pixels):
                sums[r, start + q] = totals[r, q - whole]


@pasted
def _add_register(factors: Array, panel: Array, totals: Array, n_images: int) -> None:
    for r in range(0, len(totals), _TOGETHER * LANES):
        at = r // LANES * n_images
        a0, a1 = load(totals, r), load(totals, r + LANES)
        a2, a3 = load(totals, r + 2 * LANES), load(totals, r + 3 * LANES)
        a4, a5 = load(totals, r + 4 * LANES), load(totals, r + 5 * LANES)
        a6, a7 = load(totals, r + 6 * LANES), load(totals, r + 7 * LANES)
        for m in range(n_images):
            x = load(panel, m * LANES)
            a0 = multiply_add(a0, spread(factors, at + m), x)
            a1 = multiply_add(a1, spread(factors, at + n_images + m), x)
            a2 = multiply_add(a2, spread(factors, at + 2 * n_images + m), x)
            a3 = multiply_add(a3, spread(factors, at + 3 * n_images + m), x)
            a4 = multiply_add(a4, spread(factors, at + 4 * n_images + m), x)
            a5 = multiply_add(a5, spread(factors, at + 5 * n_images + m), x)
            a6 = multiply_add(a6, spread(factors, at + 6 * n_images + m), x)
            a7 = multiply_add(a7, spread(factors, at + 7 * n_images + m), x)
        store(totals, r, a0)
        store(totals, r + LANES, a1)
        store(totals, r + 2 * LANES, a2)
        store(totals, r + 3 * LANES, a3)
        store(totals, r + 4 * LANES, a4)
        store(totals, r + 5 * LANES, a5)
        store(totals, r + 6 * LANES, a6)
        store(totals, r + 7 * LANES, a7)
