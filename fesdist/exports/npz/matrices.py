"""Weights of an image's pixels as the rows of a sparse matrix, and back: the papers' programs save such matrices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fesdist.exports.npz.csr import Rows
from fesdist.families.common.fixed_map import UNUSED, Taps, Windows
from fesdist.ground.errors import BadParameterError
from fesdist.ground.receptive_field import MOST_TAPS

_MOST_PLACES = 1 << 28
"""Taps times pixels that are laid out in memory."""


def rows_of(taps: Taps, number: int) -> Rows:
    """Return set `number` as a matrix: row p holds the values of p's input pixels, in their order, and the bias."""
    support = taps.support[number].reshape(taps.support.shape[1], -1).T
    values = taps.values[number].reshape(support.shape[::-1]).T
    n_pixels = len(support)
    used = np.concatenate([support != UNUSED, np.ones((n_pixels, 1), bool)], axis=1)
    columns = np.concatenate([support.astype(np.int64), np.full((n_pixels, 1), n_pixels)], axis=1)
    data = np.concatenate([values, taps.bias[number].reshape(-1, 1)], axis=1).astype(np.float64)
    # Readers of such files may rely on ascending columns.
    order = np.argsort(np.where(used, columns, n_pixels + 1), axis=1, kind="stable")
    used, columns, data = (np.take_along_axis(array, order, axis=1) for array in (used, columns, data))
    indptr = np.concatenate([[0], np.cumsum(used.sum(axis=1))])
    return Rows(indptr.astype(np.int64), columns[used], data[used], {})


def form_of(path: Path, matrices: list[Rows], image_shape: tuple[int, int]) -> Windows | Taps:
    """Return the map of matrices, one a set of weights: of windows if each pixel has taps of one common window.

    Raises BadParameterError for matrices of another number of pixels, and for rows of too many values.
    """
    rows, cols = image_shape
    n_pixels = rows * cols
    supports, values, biases = [], [], []
    for matrix in matrices:
        if matrix.n_pixels != n_pixels:
            raise BadParameterError(
                f"{path}: weights of {matrix.n_pixels} pixels; expected {n_pixels}, for images of {rows} x {cols}: "
                "say --size as ROWSxCOLS"
            )
        pixels = np.repeat(np.arange(n_pixels), np.diff(matrix.indptr))
        of_bias = matrix.indices == n_pixels
        biases.append(np.bincount(pixels[of_bias], matrix.data[of_bias], n_pixels).astype(np.float64))
        support, value = _padded(path, pixels[~of_bias], matrix.indices[~of_bias], matrix.data[~of_bias], n_pixels)
        supports.append(support)
        values.append(value)
    n_taps = max(len(support) for support in supports)
    taps = Taps(
        np.stack([_filled(support, n_taps, UNUSED) for support in supports]).reshape(-1, n_taps, rows, cols),
        np.stack([_filled(value, n_taps, 0) for value in values]).reshape(-1, n_taps, rows, cols),
        np.stack(biases).reshape(-1, rows, cols),
    )
    return _windows(taps) or taps


def _padded(
    path: Path, pixels: NDArray[np.int64], columns: NDArray[np.int64], data: NDArray[np.float64], n_pixels: int
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return support and values, (tap, pixel), of entries whose pixels ascend."""
    counts = np.bincount(pixels, minlength=n_pixels)
    most = max(int(counts.max(initial=0)), 1)
    if most * n_pixels > _MOST_PLACES or most > MOST_TAPS:
        raise BadParameterError(
            f"{path}: an output pixel is made from {most} of {n_pixels} input pixels; expected at most {MOST_TAPS}, "
            "as in weights of MR, OMP or LSRF"
        )
    tap = np.arange(len(pixels)) - np.repeat(np.cumsum(counts) - counts, counts)
    support = np.full((most, n_pixels), UNUSED, np.int32)
    values = np.zeros((most, n_pixels))
    support[tap, pixels], values[tap, pixels] = columns, data
    return support, values


def _filled(array: NDArray[np.generic], n_taps: int, value: int) -> NDArray[np.generic]:
    return np.pad(array, [(0, n_taps - len(array)), (0, 0)], constant_values=value)


def _windows(taps: Taps) -> Windows | None:
    """Return the map as one of windows, if one with as many taps as the fullest pixel has holds those of all pixels."""
    n_taps, (rows, cols) = taps.support.shape[1], taps.support.shape[2:]
    used = taps.support != UNUSED
    drow = taps.support // cols - np.arange(rows)[:, None]
    dcol = taps.support % cols - np.arange(cols)
    key = np.where(used, drow * (2 * cols) + dcol + cols, np.iinfo(np.int64).max)
    found = np.unique(key[used])
    if not 0 < len(found) <= n_taps:
        return None
    offsets = tuple((int((one) // (2 * cols)), int(one % (2 * cols)) - cols) for one in found)
    weights = np.stack([np.where(key == one, taps.values, 0).sum(axis=1) for one in found], axis=1)
    return Windows(offsets, weights, taps.bias)
