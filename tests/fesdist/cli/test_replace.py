"""replace, where the photograph does not lie as those of the stack."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fesdist.align import finding
from fesdist.align.face import Face
from fesdist.cli.main import main
from fesdist.ground.errors import BadParameterError


class _Detector:
    """Finds the eyes at the places of the two brightest pixels."""

    name = "a detector"

    def faces(self, image: NDArray[np.uint8]) -> tuple[Face, ...]:
        (row, left), (_, right) = np.argwhere(image[0] == 255)[:2]
        return (Face(((left + 0.5, row + 0.5), (right + 0.5, row + 0.5))),)


def _face(path: Path, *, row: int, left: int, right: int) -> str:
    """Write a face of 128 x 128 pixels with such eyes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(0).integers(40, 200, (128, 128, 3), dtype=np.uint8)
    pixels[row, [left, right]] = 255
    Image.fromarray(pixels).save(path)
    return str(path)


def _no_detector() -> _Detector:
    raise BadParameterError("no detector is installed")


def test_a_face_that_lies_elsewhere_than_those_of_the_stack_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(finding, "default_detector", _Detector)
    for expression in ("neutral", "smiling"):
        for person in ("anna", "ben"):
            _face(tmp_path / "pairs" / expression / f"{person}.png", row=48, left=40, right=86)
    stack = str(tmp_path / "stack.zarr")
    words = ["replace", stack, "anna", "smiling"]
    assert main(["ingest", str(tmp_path / "pairs"), stack, "--eyes", "0.32,0.38,0.68,0.38"]) == 0
    near = _face(tmp_path / "near.png", row=51, left=42, right=88)
    far = _face(tmp_path / "far.png", row=48, left=53, right=74)
    capsys.readouterr()
    assert main([*words, near, "--strict"]) == 0
    assert capsys.readouterr().err == ""
    assert main([*words, far, "--strict"]) == 4
    told = (
        f"1 photograph not lying as the others: {far}: its eyes lie 27% of their distance from theirs; --align brings"
    )
    assert told in " ".join(capsys.readouterr().err.split())
    monkeypatch.setattr(finding, "default_detector", _no_detector)
    assert main(["replace", stack, "ben", "neutral", far]) == 0
    assert "not lying as the others" not in capsys.readouterr().err
