"""What workers need is imported beside what the command needs, where there will be workers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing import forkserver
from pathlib import Path

import pytest

from fesdist.cli import beginning
from fesdist.cli.beginning import EarlyWorkers, foreseen_of_folder, foreseen_of_words
from fesdist.requests.groups import SCHEDULER_VARIABLE
from fesdist.requests.learning import Plan, Train
from fesdist.requests.parser import read_words
from fesdist.requests.stacks import Ingest
from fesdist.requests.using import Synthesize

TRAIN = ("stack.zarr", "weights", "--name", "first")
PHOTOS = ("photos", "out", "--weights", "weights", "--model", "first")


@pytest.mark.parametrize(
    ("request_type", "words", "expected"),
    [
        (Train, TRAIN, True),
        (Train, (*TRAIN, "--workers", "2"), True),
        (Train, (*TRAIN, "--workers=2", "--window", "5"), True),
        (Train, (*TRAIN, "--workers", "0"), False),
        (Train, (*TRAIN, "--work", "0"), False),
        (Train, (*TRAIN, "--scheduler", "tcp://127.0.0.1:8786"), False),
        (Train, (*TRAIN, "--help"), False),
        (Train, (*TRAIN, "--workers"), False),
        (Train, (*TRAIN, "--workers", "-1"), False),
        (Train, (*TRAIN, "--workers", "two"), False),
        (Synthesize, PHOTOS, False),
        (Synthesize, (*PHOTOS, "--workers", "2"), True),
        (Plan, ("stack.zarr", "--workers", "2"), False),
        (Ingest, ("pairs", "stack.zarr"), False),
    ],
)
def test_workers_are_foreseen_from_words(
    request_type: type, words: Sequence[str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SCHEDULER_VARIABLE, raising=False)
    assert foreseen_of_words(request_type, words) is expected


def test_a_scheduler_of_the_environment_has_workers_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SCHEDULER_VARIABLE, "tcp://127.0.0.1:8786")
    assert not foreseen_of_words(Train, TRAIN)
    assert foreseen_of_words(Train, (*TRAIN, "--workers", "2"))


def _process() -> int:
    process = forkserver._forkserver._forkserver_pid
    assert process is not None
    return process


def test_a_large_folder_foresees_workers_where_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SCHEDULER_VARIABLE, raising=False)
    monkeypatch.setattr(beginning, "MANY", 5)
    asked = read_words(Synthesize, (str(tmp_path), *PHOTOS[1:]))
    for number in range(4):
        (tmp_path / f"{number}.png").touch()
    assert not foreseen_of_folder(asked)
    (tmp_path / "below").mkdir()
    (tmp_path / "below/5.png").touch()
    assert foreseen_of_folder(asked)
    assert not foreseen_of_folder(replace(asked, dry_run=True))
    assert not foreseen_of_folder(replace(asked, workers=0))
    assert not foreseen_of_folder(replace(asked, scheduler="tcp://127.0.0.1:8786"))
    assert not foreseen_of_folder(replace(asked, photographs=str(tmp_path / "nowhere")))
    assert not foreseen_of_folder(read_words(Train, (*TRAIN, "--workers", "0")))


def test_what_workers_are_forked_from_ends_with_a_command_that_fails() -> None:
    block = EarlyWorkers()
    block.begin(Train.TASKS)
    process = _process()
    os.kill(process, 0)
    block.__exit__(SystemExit)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    # The next command has another.
    block.begin(Train.TASKS)
    assert _process() != process


def test_what_workers_are_forked_from_stays_where_nothing_fails() -> None:
    with EarlyWorkers() as block:
        block.begin(Train.TASKS)
        process = _process()
    os.kill(process, 0)


def _process() -> int:
    process = forkserver._forkserver._forkserver_pid
    assert process is not None
    return process
