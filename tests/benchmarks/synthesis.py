"""Faces a second: a published version put on a batch of faces in memory, against a sparse matrix product."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from fesdist.cluster.in_process import InProcessCluster
from fesdist.inference.intensities import Images
from fesdist.inference.loaded import LoadedVersion
from fesdist.registry import MaskedRegression
from fesdist.shape.warping import DISPLACEMENT
from fesdist.training.job import Shape, TrainingRequest
from fesdist.training.run import train
from storage.datasets.store import WeightStore
from tests.benchmarks.bench import Bench, random_pairs
from tests.benchmarks.limits import THREADS, Work
from tests.benchmarks.peers import Floats
from tests.benchmarks.rows import Row, Spread, Target
from tests.benchmarks.stacks import write_stack
from tests.benchmarks.timing import alternate, ratio

FACES_A_SECOND = 3000
SHAPED_FACES_A_SECOND = 300


def synthesis(bench: Bench, *, size: int, side: int, n_faces: int) -> Row:
    """Put an expression on faces that are in memory; the peer multiplies the authors' kind of matrix with them."""
    version = _publish(bench, size, side)
    return _measured(
        bench,
        version,
        name=f"synthesis {size}x{size} RGB {side}",
        what="put through a published version, clipped, into memory that is kept; peer: the weights as a sparse "
        "float32 matrix of scipy; bound: products as float32 matrix products on two cores, uint8 read and "
        "float32 written",
        faces=random_pairs(n_faces, 3, side)[0],
        still=lambda planes: planes,
        products=size**2,
        target=FACES_A_SECOND,
    )


def shaped_synthesis(bench: Bench, *, size: int, side: int, n_faces: int) -> Row:
    """Move faces that are in memory, and change them; the peer moves them with OpenCV and multiplies a matrix."""
    import cv2

    version = _publish(bench, size, side, Shape.YES)
    row_at, col_at = np.asarray(version.version.read("smiling", DISPLACEMENT)) + np.indices((side, side), np.float32)
    cv2.setNumThreads(THREADS)

    def moved(planes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        how = {"interpolation": cv2.INTER_CUBIC, "borderMode": cv2.BORDER_REPLICATE}
        return np.stack([np.asarray(cv2.remap(plane, col_at, row_at, **how), np.uint8) for plane in planes])

    return _measured(
        bench,
        version,
        name=f"synthesis with shape {size}x{size} RGB {side}",
        what="moved and changed, clipped; peer: remap of OpenCV, sparse float32 matrix of scipy; bound: 16 products "
        "for the cubic and the window's as float32 matrix products on two cores",
        faces=random_pairs(n_faces, 3, side)[0],
        still=moved,
        products=size**2 + 16,
        target=SHAPED_FACES_A_SECOND,
    )


def _measured(
    bench: Bench,
    version: LoadedVersion,
    *,
    name: str,
    what: str,
    faces: NDArray[np.uint8],
    still: Callable[[NDArray[np.uint8]], NDArray[np.uint8]],
    products: int,
    target: int,
) -> Row:
    """Time a version on `faces` beside a peer that moves their planes by `still` and multiplies its matrix."""
    n_faces, side = len(faces), faces.shape[-1]
    arrays = {name: np.asarray(version.version.read("smiling", name)) for name in ("weights", "bias")}
    matrix = _sparse(arrays["weights"][0], arrays["bias"][0]).astype(np.float32)

    room = version.synthesize(faces, "smiling", refine="none")

    def ours() -> Images:
        return version.synthesize(faces, "smiling", refine="none", out=room)

    def peer() -> Images:
        columns = np.ones((side * side + 1, n_faces * 3), np.float32)
        planes = still(faces.reshape(-1, side, side)).reshape(n_faces * 3, -1)
        np.divide(planes.T, np.float32(255), out=columns[:-1], casting="same_kind")
        return np.asarray(np.clip(matrix @ columns, 0, 1).T.reshape(faces.shape))

    ours_seconds, peer_seconds = alternate(bench.turns, ours, peer)
    seconds = Spread.of(ours_seconds)
    kind, least = Work(float32_flops=2.0 * faces.size * products, memory_bytes=5.0 * faces.size).bound(bench.limits)
    rate = n_faces / seconds.median
    return Row(
        name=name,
        what=f"{n_faces} faces at once {what}",
        seconds=seconds,
        rate=f"{rate:,.0f} faces/s",
        bound=kind,
        of_bound=least / seconds.median,
        ratio=ratio(peer_seconds, ours_seconds),
        difference=float(np.abs(ours() - peer()).max()),
        target=Target(f"{target:,} faces/s", rate, target),
    )


def _publish(bench: Bench, size: int, side: int, shape: Shape = Shape.NO) -> LoadedVersion:
    stack, store = bench.folder / f"faces-{side}.zarr", bench.folder / f"faces-{side}-weights"
    write_stack(stack, side=side, n_samples=8)
    request = TrainingRequest(str(stack), str(store), "bench", MaskedRegression.with_window(size), shape=shape)
    train(request, InProcessCluster(), memory=1 << 30)
    return LoadedVersion(WeightStore(str(store)).open("bench"), threads=THREADS)


def _sparse(weights: Floats, bias: Floats) -> sp.csr_array:
    """Return weights (tap, row, col) and bias (row, col) as a matrix (pixel, pixel + 1), the bias last."""
    taps, rows, cols = weights.shape
    reach = round(taps**0.5) // 2
    row, col = np.mgrid[:rows, :cols]
    parts = [(np.arange(rows * cols), np.full(rows * cols, rows * cols), bias.ravel())]
    for tap in range(taps):
        seen_row, seen_col = row + tap // (2 * reach + 1) - reach, col + tap % (2 * reach + 1) - reach
        inside = (seen_row >= 0) & (seen_row < rows) & (seen_col >= 0) & (seen_col < cols)
        parts.append(((row * cols + col)[inside], (seen_row * cols + seen_col)[inside], weights[tap][inside]))
    to, source, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    return sp.coo_array((values, (to, source)), shape=(rows * cols, rows * cols + 1)).tocsr()
