"""SciPy's Gaussian filter with edges that go on as they are; SciPy is imported by the first who needs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray


def smoothed(values: NDArray[Any], sigma: float | Sequence[float], output: Any = None) -> Any:
    """Return an array of any shape convolved with a Gaussian of standard deviation `sigma`, in pixels, along each axis.

    g(x) ~ exp(-x² / (2 sigma²)); one `sigma` for all axes or one for each, 0 leaves an axis as it is. The dtype is that
    of `values`, or `output`.
    """
    # A fifth of a second, which neither `--help` nor a worker has to wait for.
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(values, sigma, mode="nearest", output=output)
