"""Pixel-KR with many samples, against the equation as it stands: a system of samples x samples for each pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fesdist.families.onepixel.functions import Gaussian, features_of
from fesdist.families.onepixel.kernels.intensities import INTENSITIES
from fesdist.families.onepixel.pixel_kr import PixelKernelRidge
from tests.benchmarks.bench import Bench
from tests.benchmarks.faces import Images, faces
from tests.benchmarks.in_memory import fit_whole
from tests.benchmarks.limits import Work
from tests.benchmarks.rows import Row
from tests.benchmarks.versus import Versus, spread_pixels

Floats = NDArray[np.float64]

FASTER = 500

AT_ONCE = 4
"""Pixels whose systems are solved together; more of them were slower."""


def pixel_kr(bench: Bench, *, side: int, n_samples: int, n_pixels: int) -> Row:
    """Fit Pixel-KR with a Gaussian kernel; the peer fits `n_pixels` of the pixels."""
    model = PixelKernelRidge("gaussian")
    shown, pixels = faces(80, side).gray_samples(n_samples), side * side
    chosen = spread_pixels(pixels, n_pixels)
    inputs, targets = (_some_pixels(images, chosen) for images in shown.pairs)
    table = Gaussian().matrix()
    order = features_of(table).shape[1]
    flops = INTENSITIES * order * (order + 1) + order**3 / 3 + 2 * order**2 + 4 * INTENSITIES * order

    def peer() -> Floats:
        parts = [slice(start, start + AT_ONCE) for start in range(0, len(chosen), AT_ONCE)]
        return np.concatenate([_solve(table, inputs[part], targets[part], model.ridge) for part in parts])

    ours = fit_whole(model, shown.pairs)["outputs"][0].reshape(INTENSITIES, -1)[:, chosen].T
    return Versus(
        name=f"Pixel-KR {side}, {n_samples:,} samples",
        what=f"{shown.source}, one core; peer: numpy.linalg.solve of batches of {n_samples:,} x {n_samples:,} systems, "
        f"kernels looked up in a table, for {len(chosen)} of {pixels:,} pixels, evenly spread; bound: systems of "
        f"{order} unknowns made and solved, outputs made, as float64 matrix products on one core",
        work=Work(float64_flops=flops * pixels, memory_bytes=2.0 * n_samples * pixels),
        n_pixels=pixels,
        threads=1,
        share=len(chosen) / pixels,
    ).row(
        bench,
        lambda: fit_whole(model, shown.pairs),
        peer,
        target=Versus.faster(FASTER, "N x N"),
        difference=float(np.abs(ours - peer()).max()),
    )


def _some_pixels(images: Images, chosen: list[int]) -> Images:
    """Return (pixel, sample)."""
    return np.ascontiguousarray(images.reshape(len(images), -1)[:, chosen].T)


def _solve(table: Floats, inputs: Images, targets: Images, ridge: float) -> Floats:
    """Return the outputs (pixel, intensity) of c = (K + ridge I)⁻¹ t for each pixel."""
    kernels = table[inputs[:, :, None], inputs[:, None, :]]
    diagonal = np.arange(inputs.shape[1])
    kernels[:, diagonal, diagonal] += ridge
    coefficients = np.linalg.solve(kernels, targets[..., None] / 255.0)[..., 0]
    return np.einsum("pnv,pn->pv", table[inputs], coefficients)
