"""Ctrl-C waits for the end of what must not be cut in two."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest

from storage.blobs.interrupts import interrupts_afterwards
from storage.stack.arrays import StackArrays
from storage.stack.format import StackContents
from storage.stack.reading import TrainingStack
from storage.stack.writer import StackWriter
from tests.storage.conftest import person


def test_an_interrupt_is_heeded_at_the_end_of_the_block() -> None:
    reached = []

    def work() -> None:
        with interrupts_afterwards():
            signal.raise_signal(signal.SIGINT)
            reached.append("the end")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached == ["the end"]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_so_are_other_signals_to_stop_by_whoever_takes_them(number: signal.Signals) -> None:
    told = []
    before = signal.signal(number, lambda number, frame: told.append(f"{number} heeded"))
    try:
        with interrupts_afterwards():
            signal.raise_signal(number)
            told.append("the end")
    finally:
        signal.signal(number, before)
    assert told == ["the end", f"{number} heeded"]


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts_afterwards():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_error_in_the_block_stays_one() -> None:
    with pytest.raises(OSError, match="the disk"), interrupts_afterwards():
        raise OSError("the disk")


def test_other_threads_are_left_alone() -> None:
    handlers = []

    def watch() -> None:
        with interrupts_afterwards():
            handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=watch)
    thread.start()
    thread.join()
    assert handlers == [signal.getsignal(signal.SIGINT)]


def test_a_batch_that_is_being_written_is_committed(stack_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = StackArrays.commit

    def interrupted(arrays: StackArrays, contents: StackContents) -> None:
        signal.raise_signal(signal.SIGINT)
        commit(arrays, contents)

    monkeypatch.setattr(StackArrays, "commit", interrupted)
    with StackWriter.open(stack_path) as writer:
        with pytest.raises(KeyboardInterrupt):
            writer.append([person(10, "neutral", "smiling")])
        assert len(writer.subjects) == 11
    assert TrainingStack.open(stack_path).n_samples == 11
