"""What an account may have no more of is an error in one line."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PIL import Image

from fesdist.cli.main import main


@pytest.fixture
def no_thread(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    def refused(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    return monkeypatch


def test_threads(no_thread: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for expression in ("neutral", "happy"):
        (tmp_path / "pairs" / expression).mkdir(parents=True)
        Image.new("L", (8, 8)).save(tmp_path / "pairs" / expression / "anna.png")
    assert main(["ingest", str(tmp_path / "pairs"), str(tmp_path / "stack")]) == 1
    assert capsys.readouterr().err.splitlines()[1:] == [
        "fesdist: error: can't start new thread: this account may have no more; end other programs, or raise"
        " `ulimit -u`"
    ]


def test_other_errors_are_no_errors_of_the_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("fesdist.cli.versions.run", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        main(["versions", str(tmp_path)])
