"""The coded models, written down formula by formula with whole matrices: slow, and right by inspection.

Images are rows: X (sample, input pixel) and T (sample, output pixel), in [0, 1]; `image` is one row. Each function
returns the output (output pixel).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def ridge(X: Array, T: Array, image: Array, ridge: float) -> Array:
    """Khan et al. 2020, equations 1 and 2: W = (X₁ᵀX₁ + λ I)⁻¹ X₁ᵀT, where X₁ is X with a last column of ones."""
    design = np.column_stack((X, np.ones(len(X))))
    W = np.linalg.solve(design.T @ design + ridge * np.eye(design.shape[1]), design.T @ T)
    return np.append(image, 1.0) @ W


def pca(T: Array, image: Array, rank: int) -> Array:
    """Projection on the eigenvectors of the covariance of T with the largest eigenvalues: m + P Pᵀ (x - m)."""
    mean = T.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov(T.T, bias=True))
    P = vectors[:, ::-1][:, :rank]
    return mean + P @ (P.T @ (image - mean))


def style_and_content(X: Array, T: Array, image: Array, rank: int) -> Array:
    """Tenenbaum, Freeman 2000: the styles stacked on each other, Y = U S Vᵀ; A = U S is the styles, cut to `rank`.

    The content of a new face is b = pinv(A of its style) x; the output is A of the other style times b.
    """
    Y = np.vstack((X.T, T.T))
    U, S, _ = np.linalg.svd(Y, full_matrices=False)
    A = U[:, :rank] * S[:rank]
    content = np.linalg.pinv(A[: X.shape[1]]) @ image
    return A[X.shape[1] :] @ content


def gaussian(left: Array, right: Array, sigma: float) -> Array:
    """Return exp(-mean((x - x')²) / (2 σ²)) for all rows of `left` and `right`."""
    return np.array([[np.exp(-np.mean((x - other) ** 2) / (2 * sigma**2)) for other in right] for x in left])


def linear(left: Array, right: Array, sigma: float) -> Array:
    """Return x · x' for all rows of `left` and `right`."""
    return left @ right.T


def kernel_reduced_rank(K: Array, T: Array, k: Array, rank: int, ridge: float) -> Array:
    """Mukherjee, Zhu 2011: kernel ridge regression, projected on the first eigenvectors of Tᵀ K (K + λ I)⁻¹ T.

    K is (sample, sample), k the kernel of an image with all samples; both have the 1 of the bias.
    """
    inverse = np.linalg.inv(K + ridge * np.eye(len(K)))
    _, vectors = np.linalg.eigh(T.T @ K @ inverse @ T)
    P = vectors[:, ::-1][:, :rank]
    return k @ inverse @ T @ P @ P.T


def reduced_rank_objective(features: Array, T: Array, W: Array, ridge: float) -> float:
    """Return ‖T - Φ W‖² + λ ‖W‖²."""
    return float(((T - features @ W) ** 2).sum() + ridge * (W**2).sum())
