"""The papers of Khan et al. and Akram & Khan, equation by equation with plain loops: slow, and right by inspection."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def fit_masked_regression(
    inputs: Array, targets: Array, offsets: tuple[tuple[int, int], ...], ridge: float
) -> tuple[Array, Array]:
    """Return weights (tap, row, col) and bias (row, col) of MR on gray images (sample, row, col) in [0, 1].

    Equations 5 to 11: for each output pixel w = (XᵀX + λ I)⁻¹ Xᵀ t, where row n of X holds the pixels of sample
    n under the mask that lie in the image, and a 1 for the bias. Weights of taps outside the image are 0.
    """
    samples, rows, cols = inputs.shape
    weights = np.zeros((len(offsets), rows, cols))
    bias = np.zeros((rows, cols))
    for row in range(rows):
        for col in range(cols):
            taps = [
                tap for tap, (drow, dcol) in enumerate(offsets) if 0 <= row + drow < rows and 0 <= col + dcol < cols
            ]
            design = np.ones((samples, len(taps) + 1))
            for n in range(samples):
                for column, tap in enumerate(taps):
                    drow, dcol = offsets[tap]
                    design[n, column] = inputs[n, row + drow, col + dcol]
            solution = np.linalg.solve(
                design.T @ design + ridge * np.eye(len(taps) + 1), design.T @ targets[:, row, col]
            )
            weights[taps, row, col] = solution[:-1]
            bias[row, col] = solution[-1]
    return weights, bias


def fit_shared(
    inputs: Array, targets: Array, offsets: tuple[tuple[int, int], ...], ridge: float
) -> tuple[Array, Array]:
    """Return one fit for all channels of images (sample, channel, row, col): equation 16."""
    rows, cols = inputs.shape[2:]
    return fit_masked_regression(inputs.reshape(-1, rows, cols), targets.reshape(-1, rows, cols), offsets, ridge)


def apply_masked_regression(weights: Array, bias: Array, offsets: tuple[tuple[int, int], ...], image: Array) -> Array:
    """Return the output (row, col) of one gray image (row, col): equation 3, ŷ_p = w_pᵀ x_p."""
    rows, cols = image.shape
    output = np.zeros((rows, cols))
    for row in range(rows):
        for col in range(cols):
            output[row, col] = bias[row, col]
            for tap, (drow, dcol) in enumerate(offsets):
                if 0 <= row + drow < rows and 0 <= col + dcol < cols:
                    output[row, col] += weights[tap, row, col] * image[row + drow, col + dcol]
    return output


def dilated(values: Array, radius: int) -> Array:
    """Return the maximum of `values` (row, col) over the disk of pixels no farther than `radius`."""
    rows, cols = np.indices(values.shape)
    result = np.zeros(values.shape)
    for row, col in np.ndindex(values.shape):
        result[row, col] = values[(rows - row) ** 2 + (cols - col) ** 2 <= radius**2].max()
    return result


def refined(image: Array, output: Array, alpha: Array) -> Array:
    """Return equation 17: y' = (1 - α) x + α y."""
    blend: Array = (1 - alpha) * image + alpha * output
    return blend


def fit_kernel_ridge(inputs: Array, targets: Array, kernel: Callable[[float, float], float], ridge: float) -> Array:
    """Return the outputs (256, row, col) of Pixel-KR for all intensities; gray images (sample, row, col) in [0, 1].

    Akram & Khan 2021: for each pixel c = (K + λ I)⁻¹ t with K[n, m] = k(x_n, x_m), and f(x) = Σ_n c_n k(x_n, x).
    """
    samples, rows, cols = inputs.shape
    outputs = np.zeros((256, rows, cols))
    # Bytes have few values, so most pairs of them have been asked for before.
    evaluate = np.vectorize(cache(kernel), otypes=[float])
    intensities = np.arange(256) / 255
    for row in range(rows):
        for col in range(cols):
            x = inputs[:, row, col]
            coefficients = np.linalg.solve(
                evaluate(x[:, None], x[None]) + ridge * np.eye(samples), targets[:, row, col]
            )
            outputs[:, row, col] = evaluate(intensities[:, None], x[None]) @ coefficients
    return outputs


@cache
def score_distance(
    pixel: tuple[int, int], place: tuple[int, int], image_shape: tuple[int, int], n_nonzero: int
) -> float:
    """Return dist(k, j) of LSRF (Akram & Khan 2023) for output pixel k and input pixel j, both (row, col).

    The sum, over the pixels m of a window around k, of the distance from j to the nearest pixel of m's initial
    field, for the field sizes of the paper's code.
    """
    fields = {
        1: [(0, 0)],
        5: [(0, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)],
        9: [(drow, dcol) for drow in (-1, 0, 1) for dcol in (-1, 0, 1)],
    }
    reach = int(np.sqrt(n_nonzero) / 2)
    rows, cols = image_shape
    total = 0.0
    for row in range(pixel[0] - reach, pixel[0] + reach + 1):
        for col in range(pixel[1] - reach, pixel[1] + reach + 1):
            if 0 <= row < rows and 0 <= col < cols:
                total += min(
                    _length(place[0] - row - drow, place[1] - col - dcol)
                    for drow, dcol in fields[n_nonzero]
                    if 0 <= row + drow < rows and 0 <= col + dcol < cols
                )
    return total


@cache
def _length(rows: int, cols: int) -> float:
    return float(np.hypot(rows, cols))


def fit_greedily(
    inputs: Array, targets: Array, n_nonzero: int, ridge: float, locality: float = 0.0
) -> tuple[Array, Array, Array]:
    """Return support (tap, row, col), values and bias of OMP on images (sample, channel, row, col) in [0, 1].

    Equation 15, solved greedily with one set of weights for all channels; with `locality` beta above 0 the score of
    input pixel j gets + beta / dist(k, j), which is LSRF.
    """
    samples, channels, rows, cols = inputs.shape
    columns = inputs.reshape(samples, channels, rows * cols)
    centred = columns - columns.mean(axis=0)
    norms = np.sqrt((centred**2).sum(axis=0))
    normalised = np.divide(centred, norms, out=np.zeros_like(centred), where=norms > 1e-12)
    design = columns.reshape(samples * channels, rows * cols)
    support = np.full((n_nonzero, rows, cols), -1)
    values, bias = np.zeros((n_nonzero, rows, cols)), np.zeros((rows, cols))
    for row in range(rows):
        for col in range(cols):
            target = targets[:, :, row, col]
            residual, picked = target, []
            bonus = np.zeros(rows * cols)
            if locality > 0:
                for j in range(rows * cols):
                    distance = score_distance((row, col), divmod(j, cols), (rows, cols), n_nonzero)
                    bonus[j] = locality / distance if distance > 0 else np.inf
            fitted = np.ones((samples * channels, 1))
            solution = np.linalg.solve(fitted.T @ fitted + ridge * np.eye(1), fitted.T @ target.reshape(-1))
            while len(picked) < n_nonzero:
                scores = np.abs(np.einsum("ncj,nc->j", normalised, residual)) + bonus
                scores[picked] = -1
                scores[(norms <= 1e-12).all(axis=0)] = -1
                if scores.max() < 0:
                    break
                picked.append(int(scores.argmax()))
                fitted = np.column_stack([design[:, picked], np.ones(samples * channels)])
                solution = np.linalg.solve(
                    fitted.T @ fitted + ridge * np.eye(fitted.shape[1]), fitted.T @ target.reshape(-1)
                )
                residual = target - (fitted @ solution).reshape(samples, channels)
            support[: len(picked), row, col] = picked
            values[: len(picked), row, col] = solution[:-1]
            bias[row, col] = solution[-1]
    return support, values, bias


def apply_support(support: Array, values: Array, bias: Array, image: Array) -> Array:
    """Return the output (row, col) of one gray image (row, col): the bias plus weights times pixels from anywhere."""
    output = bias.copy()
    for tap, row, col in np.ndindex(support.shape):
        if support[tap, row, col] >= 0:
            output[row, col] += values[tap, row, col] * image.reshape(-1)[support[tap, row, col]]
    return output
