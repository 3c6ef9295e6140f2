"""Processes that compile are killed, stopped, or find a full disk: nothing is lost, left or waited for twice."""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numba
import numpy as np
import psutil
import pytest

from fesdist.simd import compiler, compiling, grays
from tests.conftest import REPOSITORY
from tests.fesdist.simd.asking import OCTETS, SOON, is_right, kept_in, new_kernel, wait_for


@contextmanager
def _full_disk() -> Iterator[None]:
    """Let neither this process nor those it starts write a byte to a file."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_one_that_cannot_keep_what_it_compiles_ends(cache: Path, gray_kernel: Any) -> None:
    signature = numba.typeof((OCTETS, np.arange(5), np.arange(5), np.empty((4, 4), np.int64))).types
    with _full_disk():
        compiling.compile_ahead({"gray": (compiler.compile_kernel, (grays.__name__, "_add_across", tuple(signature)))})
    (ahead,) = compiling._ahead
    assert not ahead.wait()
    assert is_right(), "and nobody waits for it"


def test_where_nothing_can_be_kept_others_are_asked_twice_and_never_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    begin = compiling._Compiler.begin
    monkeypatch.setattr(compiling._Compiler, "begin", lambda self, call: (asked.append(call), begin(self, call)))
    for _ in range(4):
        monkeypatch.setattr(grays, "_add_across", new_kernel())
        with _full_disk():
            assert is_right()
        assert sum(grays._add_across.stats.cache_misses.values()) == 1
    assert len(asked) == 2


def test_one_that_was_stopped_is_replaced(cache: Path, gray_kernel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_right()
    first = compiling._own
    assert first is not None
    os.kill(first._process.pid, signal.SIGSTOP)
    monkeypatch.setattr(compiling, "_ANSWER_SECONDS", 0.1)
    # That is for the stopped one; whoever replaces it has time.
    monkeypatch.setattr(compiling, "_forget", lambda forget=compiling._forget: (_wait_long(monkeypatch), forget()))
    for path in (*kept_in(cache), *cache.rglob("*.nbi")):
        path.unlink()
    monkeypatch.setattr(grays, "_add_across", new_kernel())
    assert is_right()
    assert sum(grays._add_across.stats.cache_hits.values()) == 1
    assert compiling._own is not first


def _wait_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "_ANSWER_SECONDS", SOON)


def test_one_ahead_that_was_stopped_is_waited_for_once_by_all_kernels(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: seconds[0])
    monkeypatch.setattr(time, "sleep", lambda nap: seconds.append(seconds.pop() + nap))
    with open(cache / "ahead.lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert [compiling._comes_ahead(cache, lambda: False) for _ in range(3)] == [False] * 3
    assert seconds[0] == pytest.approx(compiler.MOST_SECONDS, abs=1.0)


def test_one_ahead_that_was_stopped_is_ended_with_its_locks(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "MOST_SECONDS", 0.5)
    compiling.compile_ahead({"sleep": (time.sleep, (SOON,))})
    process = compiling._ahead[0]._process
    os.kill(process.pid, signal.SIGSTOP)
    wait_for(lambda: process.returncode == -signal.SIGKILL)
    assert not compiling._is_ahead(cache)


@pytest.mark.parametrize("killed", ["caller", "compiler"])
def test_a_kill_leaves_no_temporary_file(killed: str, cache: Path) -> None:
    """A compiler whose caller has gone removes its own; whoever looks next who compiles ahead, those of others."""
    program = """
import sys, time
import numba
from fesdist.simd import compiling
numba.config.CACHE_DIR = sys.argv[1]
program = "import tempfile, time; tempfile.mkdtemp(prefix='of-a-run-'); time.sleep(60)"
compiling.compile_ahead({"sleep": (exec, (program,))})
time.sleep(60)
"""
    calling = subprocess.Popen([sys.executable, "-c", program, str(cache)], cwd=REPOSITORY)
    wait_for(lambda: [*cache.rglob("of-a-run-*")])
    (child,) = psutil.Process(calling.pid).children()
    {"caller": calling, "compiler": child}[killed].kill()
    child.wait(SOON)
    if killed == "caller":
        assert not [*cache.rglob("of-a-run-*")]
    wait_for(lambda: not compiling._is_ahead(cache))
    assert [path.name for path in cache.iterdir()] == ["ahead.lock"]
    calling.kill()
    calling.wait()


def test_the_lock_is_held_where_input_and_output_are_closed(cache: Path) -> None:
    program = """
import sys, time
import numba
from fesdist.simd import compiling
numba.config.CACHE_DIR = sys.argv[1]
compiling.compile_ahead({"sleep": (time.sleep, (60,))})
sys.exit(not compiling._is_ahead(compiling._folder()))
"""
    words = [sys.executable, "-c", program, str(cache)]
    closing = 'exec "$@" <&- >&- 2>&-'
    assert subprocess.run(["sh", "-c", closing, "sh", *words], cwd=REPOSITORY, timeout=SOON).returncode == 0


def test_none_that_has_ended_stays_in_the_table_of_processes(cache: Path) -> None:
    compiling.compile_ahead({"sleep": (time.sleep, (0,))})
    pid = compiling._ahead[0]._process.pid
    wait_for(lambda: not psutil.pid_exists(pid))


def test_one_is_started_where_no_thread_can_be(cache: Path, gray_kernel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(compiling.Thread, "start", refused)
        assert is_right()
    assert sum(gray_kernel.stats.cache_hits.values()) == 1
