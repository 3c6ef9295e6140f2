"""The example runs from beginning to end and leaves what it says."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY


def test_quickstart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(REPOSITORY / "examples" / "quickstart.py"))["main"](tmp_path)
    printed = capsys.readouterr().out
    assert "24 people in" in printed
    assert "trained version 1 of faces" in printed
    (gain,) = re.findall(r"happy: error (\S+) % smaller", printed)
    assert int(gain) > 30
    (change,) = re.findall(r"changed by more than (\S+)", printed)
    assert 0.1 < float(change) < 0.9
    assert len(list((tmp_path / "out" / "happy").glob("*.png"))) == 24
    assert (tmp_path / "report.html").stat().st_size > 10_000
