"""OpenCV reads colours of 16 bits, and has nothing to say about that."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from fesdist.images.photograph import read_photograph
from fesdist.images.tiff import write_tiff


def test_unknown_tags_are_no_news_whoever_has_imported_opencv_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (3, 5, 7), dtype=np.uint16)
    exif = Image.Exif()
    exif[65000] = "of a camera's own"
    with (tmp_path / "a.tif").open("wb") as file:
        write_tiff(file, values, exif=exif.tobytes())
    monkeypatch.delenv("OPENCV_LOG_LEVEL", raising=False)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_WARNING)
    assert np.array_equal(read_photograph(tmp_path / "a.tif").fine, values)
    assert capfd.readouterr().err == ""
