"""What workers need is imported beside what the command needs, where there will be workers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from multiprocessing import forkserver

import pytest

from fesdist.cli.beginning import foreseen, workers_begun
from fesdist.requests.groups import SCHEDULER_VARIABLE
from fesdist.requests.learning import Train
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
        (Ingest, ("pairs", "stack.zarr"), False),
    ],
)
def test_workers_are_foreseen_from_words(
    request_type: type, words: Sequence[str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SCHEDULER_VARIABLE, raising=False)
    assert foreseen(request_type, words) is expected


def test_a_scheduler_of_the_environment_has_workers_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SCHEDULER_VARIABLE, "tcp://127.0.0.1:8786")
    assert not foreseen(Train, TRAIN)
    assert foreseen(Train, (*TRAIN, "--workers", "2"))


def _process() -> int:
    process = forkserver._forkserver._forkserver_pid
    assert process is not None
    return process


def test_what_workers_are_forked_from_ends_with_a_command_that_fails() -> None:
    begun = workers_begun(Train, TRAIN)
    begun.__enter__()
    process = _process()
    os.kill(process, 0)
    assert not begun.__exit__(SystemExit, SystemExit(2), None)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    # The next command has another.
    with workers_begun(Train, TRAIN):
        assert _process() != process


def test_what_workers_are_forked_from_stays_where_nothing_fails() -> None:
    with workers_begun(Train, TRAIN):
        process = _process()
    os.kill(process, 0)
