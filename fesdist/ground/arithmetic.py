"""Whether two hosts round alike: processors differ in their instructions, and so do the products of the libraries.

Our own kernels give the same bits everywhere: a fused multiply-add is one rounding, by an instruction or, slowly,
without. BLAS, by which coded models are made and one-pixel models judged, has a program for each kind of processor.
"""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SIDES = (31, 57, 43)
"""No multiples of what is done at once, so that remainders are computed, too; few enough for one thread."""


@cache
def arithmetic() -> str:
    """Return eight hexadecimal digits of matrix products and of a symmetric matrix's eigenvectors, as computed here."""
    rows, inner, cols = _SIDES
    # Of all magnitudes, and the same everywhere: integers, divided and multiplied once.
    values = (np.arange(inner * (rows + cols), dtype=np.int64) * 7919 % 10007 - 5003) / 1021.0
    left, right = values[: rows * inner].reshape(rows, inner), values[rows * inner :].reshape(inner, cols)
    digest = hashlib.sha256()
    for dtype in (np.float32, np.float64):
        one: NDArray[Any] = left.astype(dtype)
        other: NDArray[Any] = right.astype(dtype)
        for computed in (one @ other, one @ one.T, one @ other[:, 0], *np.linalg.eigh(one @ one.T)):
            digest.update(np.ascontiguousarray(computed).tobytes())
    return digest.hexdigest()[:8]


def processor() -> str:
    """Return how this host's processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())
