"""Plain orthogonal matching pursuit (no bias, no ridge, nothing centred), against a library's Batch-OMP."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fesdist.families.sparse.kernels.atoms import measure_atoms
from fesdist.families.sparse.kernels.directions import registers
from fesdist.families.sparse.kernels.locality import make_locality, no_rule
from fesdist.families.sparse.kernels.selection import Fields, Selection
from tests.benchmarks import extras
from tests.benchmarks.bench import Bench
from tests.benchmarks.faces import Images, faces
from tests.benchmarks.limits import Work
from tests.benchmarks.rows import Row
from tests.benchmarks.versus import Versus, spread_pixels

Floats = NDArray[np.float64]
Codes = Callable[[], Floats]

SCIKIT_PIXELS = 64
"""Pixels that scikit-learn does where dictlearn is absent: it takes milliseconds for each."""


def plain_pursuit(bench: Bench, *, n_nonzero: int, side: int, n_samples: int) -> Row:
    """Pick input pixels for each output pixel, colours being further samples; the peer has unit atoms in float64."""
    shown, n_pixels = faces(n_samples, side), side * side
    atoms, signals = (_by_pixel(images) / 255.0 for images in shown.pairs)
    norms = np.linalg.norm(atoms, axis=1)
    atoms /= norms[:, None]

    def ours() -> Floats:
        support, values = _pursue(shown.inputs, shown.targets, n_nonzero)
        found = np.zeros((n_pixels, n_pixels))
        np.put_along_axis(found, support.T, (values * norms[support]).T, axis=1)
        return found

    who, codes, chosen = _peer(atoms, signals, n_nonzero)
    return Versus(
        name=f"plain OMP F={n_nonzero} {side}, {n_samples} pairs",
        what=f"{shown.source}, without bias, ridge and centring, one core; peer: {who}; bound: all targets with all "
        f"inputs as one float32 matrix product on one core{extras.absent('dictlearn', 'sklearn')}",
        work=Work(float32_flops=2.0 * atoms.size * n_pixels, memory_bytes=2.0 * shown.inputs.size),
        n_pixels=n_pixels,
        threads=1,
        share=len(chosen) / n_pixels,
    ).row(
        bench,
        lambda: _pursue(shown.inputs, shown.targets, n_nonzero),
        codes,
        target=Versus.faster(1, "the library"),
        difference=None if codes is None else float(np.abs(ours()[chosen] - codes()).max()),
    )


def _peer(atoms: Floats, signals: Floats, n_nonzero: int) -> tuple[str, Codes | None, list[int]]:
    """Return what the fastest library there is is called, itself, and which pixels it does."""
    every = list(range(len(signals)))
    if (dictlearn := extras.extra("dictlearn")) is not None:
        encode = dictlearn.sparse_encode
        return (
            "Batch-OMP of dictlearn, its matrix products included",
            lambda: np.asarray(encode(signals, atoms, algorithm="omp", n_nonzero_coefs=n_nonzero)),
            every,
        )
    if (sklearn := extras.extra("sklearn.linear_model")) is not None:
        some, gram, pursue = spread_pixels(len(signals), SCIKIT_PIXELS), atoms @ atoms.T, sklearn.orthogonal_mp_gram
        return (
            f"orthogonal_mp_gram of scikit-learn for {len(some)} of {len(signals):,} pixels, the Gram matrix given",
            lambda: np.asarray(pursue(gram, atoms @ signals[some].T, n_nonzero_coefs=n_nonzero)).T,
            some,
        )
    return "none", None, every


def _by_pixel(images: Images) -> NDArray[np.uint8]:
    """Return images (sample, channel, row, col) as (pixel, sample × channel)."""
    samples, channels, rows, cols = images.shape
    return np.ascontiguousarray(images.reshape(samples * channels, rows * cols).T)


def _pursue(inputs: Images, targets: Images, n_nonzero: int) -> tuple[NDArray[np.int32], Floats]:
    """Return support and values, (tap, pixel)."""
    rows, cols = inputs.shape[2:]
    columns = [_by_pixel(images) for images in (inputs, targets)]
    length = columns[0].shape[1]
    padded = [np.pad(values, ((0, 0), (0, registers(length) - length)))[None] for values in columns]
    support, values = np.empty((n_nonzero, rows, cols), np.int32), np.empty((n_nonzero, rows, cols))
    bias, status = np.empty((rows, cols)), np.empty((rows, cols), np.uint8)
    atoms = measure_atoms(padded[0], length, centred=False)
    selection = Selection(atoms, make_locality(no_rule((rows, cols))), n_nonzero, penalty=0.0, constant=0.0)
    selection.fill(padded[1], (0, 0), Fields(support, values, bias, status))
    return support.reshape(n_nonzero, -1), values.reshape(n_nonzero, -1)
