"""What a system refuses is an error in one line: threads that an account may not have, places nobody can look at."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
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


def test_files_that_may_not_be_as_large(tmp_path: Path) -> None:
    draws = np.random.default_rng(0)
    for expression in ("neutral", "happy"):
        (tmp_path / "pairs" / expression).mkdir(parents=True)
        noise = Image.fromarray(draws.integers(0, 256, (128, 128, 3), np.uint8))
        noise.save(tmp_path / "pairs" / expression / "anna.png")
    words = [sys.executable, "-m", "fesdist.cli.main", "ingest", str(tmp_path / "pairs"), str(tmp_path / "stack")]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 13, resource.RLIM_INFINITY))

    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(words, preexec_fn=limit, capture_output=True, text=True, check=False, env=environment)
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1] == (
        "fesdist: error: [Errno 27] File too large; raise `ulimit -f`, or write to a disk that holds files as large as"
        " that; the same command continues"
    )
    assert "Traceback" not in ran.stderr
    assert main(words[3:]) == 0
    assert main(["verify", str(tmp_path / "stack")]) == 0


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_files_that_may_not_be_open(
    number: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fesdist.cli.faces.carry_out", refused)
    assert main(["faces", str(tmp_path)]) == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    cure = {errno.EMFILE: "raise `ulimit -n`", errno.ENFILE: "end other programs, or have this machine allow more"}
    assert line == f"fesdist: error: [Errno {number}] {os.strerror(number)}; {cure[number]}"
