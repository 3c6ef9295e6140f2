"""The Gaussian filter, and its import beside other work."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from fesdist.ground import gaussian


def test_smoothed_is_a_convolution_with_a_gaussian_whose_edges_go_on() -> None:
    sigma, values = 1.5, np.random.default_rng(0).random((1, 40))
    offsets = np.arange(-6, 7)
    kernel = np.exp(-(offsets**2) / (2 * sigma**2))
    expected = np.convolve(np.pad(values[0], 6, mode="edge"), kernel / kernel.sum(), mode="valid")
    assert gaussian.smoothed(values, (0, sigma))[0] == pytest.approx(expected, abs=1e-12)


def test_the_filter_is_imported_beside_other_work() -> None:
    code = (
        "import sys, threading; from fesdist.ground.gaussian import import_ahead; import_ahead()\n"
        "[each.join() for each in threading.enumerate() if each is not threading.current_thread()]\n"
        "print('scipy.ndimage' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["True"]


def test_interrupts_stay_the_main_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it holds them back they would else come to the other thread, and be raised in the main one at once."""
    blocked = []

    def imported(name: str) -> None:
        blocked.append(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))

    monkeypatch.setattr(gaussian, "import_module", imported)
    gaussian.import_ahead()
    for thread in threading.enumerate():
        if thread.name == "scipy.ndimage":
            thread.join()
    assert blocked == [True]
