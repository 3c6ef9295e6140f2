"""Tables that fit their terminal, counted nouns, and readers that leave."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fesdist.cli.console import Clock, how_far, progress, say, table, warn
from fesdist.cli.main import main
from fesdist.cli.notices import tell
from fesdist.ground.counting import counted
from fesdist.ground.notices import noticed

HEADERS = ("version", "expressions")
ROWS = [("1", "angry, disgusted, fearful, happy, sad, surprised"), ("12", "sad")]


def test_without_a_terminal_a_table_is_as_wide_as_its_cells(capsys: pytest.CaptureFixture[str]) -> None:
    table(HEADERS, ROWS)
    assert capsys.readouterr().out.splitlines() == [
        "  version  expressions",
        f"  ───────  {'─' * len(ROWS[0][1])}",
        f"        1  {ROWS[0][1]}",
        "       12  sad",
    ]


def test_on_a_narrow_terminal_long_cells_take_several_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    table(HEADERS, ROWS)
    assert capsys.readouterr().out.splitlines() == [
        "  version  expressions",
        f"  ───────  {'─' * 19}",
        "        1  angry, disgusted,",
        "           fearful, happy,",
        "           sad, surprised",
        "       12  sad",
    ]


def test_words_are_never_broken(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "1")
    table(HEADERS, ROWS)
    assert f"  {'─' * 7}  {'─' * 11}" in capsys.readouterr().out.splitlines()


def test_nouns_are_counted() -> None:
    assert [counted(1, "tile"), counted(1200, "tile"), counted(1, "person"), counted(0, "person")] == [
        "1 tile",
        "1,200 tiles",
        "1 person",
        "0 people",
    ]


def test_progress_tells_rate_and_remaining_time() -> None:
    assert how_far(1500, 4500, "tiles", 20.0, "1 failed") == (
        "1,500 of 4,500 tiles, 20.0 tiles/s, 2 min 30 s left; 1 failed"
    )
    assert how_far(0, 8, "people", 0.0, "") == "0 of 8 people"
    assert how_far(5, 0, "people", 2.0, "9 found so far") == "5 people, 2.0 people/s; 9 found so far"


def test_what_is_at_work_counts_and_what_is_rare_is_told_by_the_hour() -> None:
    assert how_far(2.99, 4, "tasks", 0.01, "") == "2.9 of 4 tasks, 36.0 tasks/h, 1 min 41 s left"
    assert how_far(0.5, 4, "tasks", 0.05, "") == "0.5 of 4 tasks, 3.0 tasks/min, 1 min 10 s left"
    assert how_far(0, 0, "tasks", 0.0, "starting 2 workers") == "starting 2 workers"


def test_the_rate_is_that_of_the_stage_and_sinks_while_nothing_is_heard() -> None:
    at = [0.0]
    clock = Clock(lambda: at[0])
    clock.saw(0, 4)
    at[0] = 10.0
    assert clock.rate == 0  # so no time left is told
    clock.saw(0.5, 4)
    assert clock.rate == 0  # it may have been compiling all the while
    at[0] = 50.0
    assert clock.rate == 0.01
    clock.saw(4, 4)
    at[0] = 60.0
    clock.saw(0, 4)  # the next stage, which took long to begin
    at[0] = 64.0
    clock.saw(1, 4)
    assert clock.rate == 0.25


def test_what_it_takes_to_start_is_no_part_of_the_rate() -> None:
    at = [0.0]
    clock = Clock(lambda: at[0])
    clock.saw(0, 0)  # looking for photographs
    at[0] = 10.0  # as kernels were compiled
    clock.saw(8, 1200)
    at[0] = 10.25
    assert clock.rate == 0
    clock.saw(72, 1200)
    assert clock.rate == 256
    clock.saw(0, 0)  # another stage, whose workers start
    at[0] = 20.0
    assert clock.rate == 0
    clock.saw(80, 1200)
    at[0] = 21.0
    clock.saw(90, 1200)
    assert clock.rate == 10


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["versions", "."], ["faces", "drawn"]])
def test_a_reader_that_leaves_ends_a_command_quietly(words: list[str], tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    options = ["--people", "1", "--size", "16"] if words[0] == "faces" else []
    run = subprocess.run(
        [sys.executable, "-m", "fesdist.cli.main", *words, *options],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
        check=False,
    )
    os.close(write)
    assert (run.returncode, run.stderr) == (141, "")


@pytest.mark.parametrize(("encoding", "rule"), [("utf-8", "─"), ("latin-1", "-"), ("ascii", "-")])
def test_what_cannot_be_shown_is_shown_otherwise(monkeypatch: pytest.MonkeyPatch, encoding: str, rule: str) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    table(("name", "error"), [("Łucja", "–")])
    shown = written.getvalue().decode(encoding).splitlines()
    name = "Łucja" if encoding == "utf-8" else "\\u0141ucja"
    assert shown[1].split() == [rule * 5, rule * 5]
    assert shown[2].split() == [name, "–" if encoding == "utf-8" else "-"]


def test_what_terminals_obey_is_shown_and_not_sent(capsys: pytest.CaptureFixture[str]) -> None:
    say("\x1b[2J\x07\x9b1m\x7f\ttwo\nlines")
    assert capsys.readouterr().out == "\\x1b[2J\\x07\\x9b1m\\x7f\ttwo\nlines\n"


def test_a_notice_has_a_line_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    tell(noticed("failed", "{n photograph} failed", {"two\nlines.png": "it is empty", "\udcff.png": "it is torn"}))
    assert capsys.readouterr().err.splitlines() == [
        "notice: 2 photographs failed:",
        "  two\\nlines.png: it is empty",
        "  \\udcff.png: it is torn",
    ]


def test_where_nobody_wants_to_read_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    table(HEADERS, ROWS)
    say("done")
    warn("done, with doubts")
    with progress("training", "tiles") as report:
        report(1, 2, "")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("faces drawn --people 1 --size 16", 0),
        ("versions . --clean", 0),
        ("versions . --timing", 1),
        ("completion bash", 1),
        ("train --help", 1),
        ("--version", 1),
    ],
)
def test_a_full_disk_behind_the_output_fails_what_only_tells(
    words: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(words.split()) == code
        say("nor this")
    lost = "fesdist: the output cannot be written ([Errno 28] No space left on device); send it to where there is room"
    assert [line for line in capfd.readouterr().err.splitlines() if "output" in line] == [lost]
