"""What a system refuses is an error in one line: threads that an account may not have, places nobody can look at."""

from __future__ import annotations

import errno
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


@pytest.mark.parametrize(
    "words",
    [
        ["ingest", "LONG", "stack"],
        ["ingest", ".", "LONG"],
        ["show", "LONG"],
        ["train", "LONG", "w", "--name", "m", "--workers", "0"],
        ["versions", "LONG"],
        ["verify", "LONG"],
        ["faces", "LONG"],
        ["plan", "LONG"],
    ],
    ids=" ".join,
)
def test_names_that_are_too_long(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = "a" * 300
    given = [{"LONG": f"{tmp_path}/{long}", ".": str(tmp_path)}.get(word, word) for word in words]
    assert main(given) == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert line.startswith(f"fesdist: error: {tmp_path}/{long}")
    assert line.endswith(": File name too long; give a shorter name")


def test_a_place_that_may_not_be_looked_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "closed/faces")

    monkeypatch.setattr("fesdist.cli.versions.run", refused)
    assert main(["versions", str(tmp_path)]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "fesdist: error: closed/faces: Permission denied; this account needs permission to look there, or give another"
        " place"
    ]


@pytest.mark.parametrize("error", [RuntimeError("a bug"), OSError(errno.EINVAL, "a bug", "file"), OSError("a bug")])
def test_other_errors_are_no_errors_of_the_account(
    error: Exception, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(_: object) -> None:
        raise error

    monkeypatch.setattr("fesdist.cli.versions.run", broken)
    with pytest.raises(type(error), match="a bug"):
        main(["versions", str(tmp_path)])


@pytest.mark.parametrize(
    "words", [["show", "/stack"], ["faces", "out"], ["versions", "/weights"], ["completion", "bash"]]
)
def test_a_current_folder_that_is_gone(
    words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert main(words) == 1
    assert capsys.readouterr() == (
        "",
        "fesdist: error: the folder that this command runs in is gone; `cd` to one that exists, and repeat it\n",
    )
