"""The eigenvectors of Gram matrices that count: all but those whose eigenvalues are rounding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def positive_eigen(matrix: Floats, scale: float, most: int | None = None) -> tuple[Floats, Floats]:
    """Return the eigenvalues s (k,), descending, and eigenvectors as rows V (k, M) of a symmetric matrix (M, M).

    Left out are eigenvalues up to M x 2⁻⁵² x `scale`, which are zero but for rounding if `scale` bounds the numbers
    that the matrix was computed from; and all but the `most` largest.
    """
    values, vectors = np.linalg.eigh(matrix)
    kept = int((values > len(matrix) * np.finfo(np.float64).eps * scale).sum())
    kept = kept if most is None else min(kept, most)
    return values[::-1][:kept], np.ascontiguousarray(vectors[:, ::-1][:, :kept].T)
