"""A table of points that marks none of the photographs is not passed over in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fesdist.align import finding
from fesdist.align.face import Face
from fesdist.align.points import COLUMNS, read_points
from fesdist.images.ingest import ingest
from fesdist.images.survey import Wanted

EYES = ((0.3, 0.4), (0.7, 0.4))


class _Detector:
    name = "always"

    def faces(self, _image: NDArray[np.uint8]) -> tuple[Face, ...]:
        return (Face(((20, 30), (50, 30))),)


@pytest.mark.parametrize(("named", "told"), [("neutral/anna.png", False), ("happy/anna", False), ("anna.png", True)])
def test_ingest_tells_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, told: bool) -> None:
    monkeypatch.setattr(finding, "default_detector", _Detector)
    random = np.random.default_rng(0)
    for expression in ("neutral", "happy"):
        (tmp_path / "pairs" / expression).mkdir(parents=True)
        pixels: NDArray[Any] = random.integers(0, 256, (80, 70, 3))
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "pairs" / expression / "anna.png")
    table = tmp_path / "points.csv"
    table.write_text(f"file,{','.join(COLUMNS)}\n{named},22,31,51,30\n")
    wanted = Wanted(size=(24, 20), eyes=EYES, align=True, points=read_points(table))
    summary = ingest(tmp_path / "pairs", tmp_path / "stack.zarr", wanted, holdout=0)
    expected = f"{table} marks none of the photographs: they are named like happy/anna.png, there like anna.png"
    assert [notice.text for notice in summary.notices if "points.csv" in notice.text] == [expected] * told
