"""Documents are read by many threads at once, also those whose kind nobody has read before."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from threading import Event
from typing import Any

import pytest

from storage.blobs import threads

PROGRAM = """
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import make_dataclass
from storage.blobs.documents import convert, decode

sys.setswitchinterval(1e-6)
with ThreadPoolExecutor(16) as threads:
    for number in range(150):
        fields = [(f"field_{field}", "int | None", None) for field in range(30)]
        inner = make_dataclass(f"Inner{number}", fields, frozen=True)
        outer = make_dataclass(f"Outer{number}", [("inner", inner), *fields], frozen=True)
        read = lambda which: decode(outer, b'{"inner": {}}', "it") if which % 2 else convert(outer, {"inner": {}}, "it")
        assert len(set(threads.map(read, range(32)))) == 1
print("all read")
"""

FORKED = """
import os, signal
from threading import Barrier
from storage.blobs.threads import each

together = Barrier(2)
each(lambda _: together.wait(), range(2), 2)
if process := os.fork():
    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
signal.alarm(120)  # it would wait for ever
os._exit(each(str, [1, 2], 2) != ["1", "2"])
"""


def test_kinds_that_are_new_to_all_threads() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "all read\n"), run.stderr


def test_a_process_that_is_forked_has_threads_of_its_own() -> None:
    """As those of PyTorch's DataLoader are, each of which reads a part of a stack that their parent has looked at."""
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


class _Interrupted(list[int]):
    """Items of which some are handed out before somebody presses Ctrl-C."""

    def __iter__(self) -> Iterator[int]:
        yield from super().__iter__()
        raise KeyboardInterrupt


def test_nothing_goes_on_behind_who_is_interrupted_while_items_are_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    done, may_end, wait = list[int](), Event(), threads.wait

    def work(item: int) -> None:
        may_end.wait()
        done.append(item)

    def waited(left: Iterable[Future[Any]]) -> None:
        may_end.set()
        wait(left)

    monkeypatch.setattr(threads, "wait", waited)
    with pytest.raises(KeyboardInterrupt):
        threads.each(work, _Interrupted(range(50)), 1)
    may_end.set()
    assert threads.threads(1).submit(done.copy).result() == done[:1]
