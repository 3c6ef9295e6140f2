"""SciPy's Gaussian filter with edges that go on as they are; SciPy is imported by the first who needs it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from numpy.typing import NDArray


def import_ahead() -> None:
    """Begin to import SciPy's filter, and return at once: who waits for workers to start has the time."""

    def imported() -> None:
        # Ctrl-C is the main thread's, which may hold it back.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        import_module("scipy.ndimage")

    threading.Thread(target=imported, name="scipy.ndimage").start()


def smoothed(values: NDArray[Any], sigma: float | Sequence[float], output: Any = None) -> Any:
    """Return an array of any shape convolved with a Gaussian of standard deviation `sigma`, in pixels, along each axis.

    g(x) ~ exp(-x² / (2 sigma²)); one `sigma` for all axes or one for each, 0 leaves an axis as it is. The dtype is that
    of `values`, or `output`.
    """
    # Which takes a fifth of a second, for which neither `--help` nor a worker has to wait.
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(values, sigma, mode="nearest", output=output)
