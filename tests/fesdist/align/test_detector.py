"""One detector a process, and a clear word where there can be none."""

from __future__ import annotations

import sys

import pytest

from fesdist.align import detector
from fesdist.ground.errors import BadParameterError
from tests.fesdist.align.installed import needs_networks


@needs_networks
def test_a_process_has_one_detector_and_a_forked_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = detector.default_detector()
    assert detector.default_detector() is ours
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert detector.default_detector() is not ours


@needs_networks
def test_its_name_tells_what_runs_it() -> None:
    import cv2

    assert detector.default_detector().name == f"mediapipe-iris-1 (opencv {cv2.__version__})"


def test_without_opencv_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.setattr("os.getpid", lambda: -2)
    with pytest.raises(
        BadParameterError, match=r"no detector of faces works here .*opencv-python-headless>=4\.10, or mark eyes"
    ):
        detector.default_detector()
