"""One detector a process, and a clear word where there can be none."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

import pytest

from fesdist.align import detector
from fesdist.ground.errors import BadParameterError


def test_a_process_has_one_detector_and_a_forked_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = detector.default_detector()
    assert detector.default_detector() is ours
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert detector.default_detector() is not ours


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


def test_the_weights_are_those_that_are_described() -> None:
    weights = Path(detector.__file__).with_name("weights")
    described = re.findall(r"`(\w+\.tflite)` .*`([0-9a-f]{64})`", (weights / "README.md").read_text())
    files = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in weights.glob("*.tflite")}
    assert dict(described) == files
