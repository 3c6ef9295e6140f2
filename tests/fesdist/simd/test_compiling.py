"""Kernels are compiled by processes of their own, once, and none of these outlives whoever waits for it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numba
import numpy as np
import psutil
import pytest

from fesdist.simd import compiler, compiling, grays
from fesdist.simd.kernel import kernel
from tests.conftest import REPOSITORY
from tests.fesdist.simd.asking import EXPECTED, OCTETS, SOON, end_ahead, is_right, kept_in, new_kernel, wait_for

PROGRAM = f"""
import sys
import numpy as np
from fesdist.simd.grays import gray_across
octets = np.array({OCTETS.tolist()}, np.uint8)
print("ready", flush=True)
assert gray_across(octets, 4).tolist() == {EXPECTED.tolist()}
print("numba.np.linalg" in sys.modules)  # which compiling imports
"""


def _start(cache: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    calling = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert calling.stdout is not None
    assert calling.stdout.readline() == "ready\n"
    return calling


def test_who_calls_a_kernel_does_not_load_the_compiler(cache: Path) -> None:
    calling = _start(cache)
    assert calling.communicate(timeout=SOON)[0] == "False\n"
    assert calling.returncode == 0
    assert len(kept_in(cache)) == 1


def test_what_was_compiled_elsewhere_is_used_as_if_it_had_been_kept(gray_kernel: Any) -> None:
    assert is_right()
    assert sum(gray_kernel.stats.cache_hits.values()) == 1
    assert not gray_kernel.stats.cache_misses


def test_a_process_compiles_one_kernel_after_the_other(cache: Path, gray_kernel: Any) -> None:
    assert is_right()
    first = compiling._own
    signature = gray_kernel.signatures[0]
    other = (*signature[:3], numba.types.Array(numba.types.int64, 2, "A"))
    assert compiling.compiled_elsewhere(gray_kernel.py_func, other, iter([False, True]).__next__)
    assert compiling._own is first
    assert len(kept_in(cache)) == 2


def test_one_that_had_nothing_to_do_is_replaced(gray_kernel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "IDLE_SECONDS", 0.0)
    assert is_right()
    first = compiling._own
    assert first is not None
    first._process.wait(SOON)
    monkeypatch.setattr(grays, "_add_across", new_kernel())
    signature = gray_kernel.signatures[0]
    assert compiling.compiled_elsewhere(grays._add_across.py_func, signature, iter([False, True]).__next__)
    assert compiling._own is not first


def test_only_one_of_several_compiles_what_all_need(cache: Path, gray_kernel: Any) -> None:
    """A process that has the kernel's lock compiles it: the others find it afterwards."""
    assert is_right()
    (kept,) = kept_in(cache)
    (lock,) = cache.rglob("grays._add_across-*.lock")
    compiled = kept.read_bytes()
    index = next(cache.rglob("grays._add_across-*.nbi"))
    of_index = index.read_bytes()
    for path in (kept, index):
        path.unlink()
    with open(lock, "wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        calling = [_start(cache), _start(cache)]
        children = [wait_for(psutil.Process(each.pid).children)[0] for each in calling]
        time.sleep(1.0)
        assert not kept_in(cache)
        assert all(child.is_running() for child in children)
        kept.write_bytes(compiled)
        index.write_bytes(of_index)
    for each in calling:
        assert each.communicate(timeout=SOON)[0] == "False\n"
    assert kept.read_bytes() == compiled, "nobody compiled it again"


def test_nothing_outlives_a_killed_caller(cache: Path, gray_kernel: Any) -> None:
    assert is_right()
    for path in (*kept_in(cache), *cache.rglob("*.nbi")):
        path.unlink()
    (lock,) = cache.rglob("grays._add_across-*.lock")
    with open(lock, "wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # so that there is something to wait for
        calling = _start(cache)
        (child,) = wait_for(psutil.Process(calling.pid).children)
        calling.kill()
        calling.communicate()
        child.wait(SOON)


def test_a_stopped_caller_ends_what_it_waits_for(gray_kernel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(process: Any) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(compiling._Compiler, "wait", stopped)
        with pytest.raises(KeyboardInterrupt):
            is_right()
    assert compiling._own is None
    assert is_right()


def test_without_another_process_it_is_compiled_where_it_is_called(
    gray_kernel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", refused)
    assert compiling.compile_ahead({"sleep": (time.sleep, (0,))})
    assert is_right()
    assert sum(gray_kernel.stats.cache_misses.values()) == 1


def test_what_another_process_cannot_compile_is_compiled_here(
    gray_kernel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling, "_PROGRAM", "raise SystemExit(1)")
    assert is_right()
    assert sum(gray_kernel.stats.cache_misses.values()) == 1


def test_a_kernel_that_others_would_not_find_is_compiled_here(cache: Path) -> None:
    named = grays._add_across.py_func
    unnamed = kernel(type(named)(named.__code__, named.__globals__, "_add_across"))
    ends = np.arange(5) * 50
    sums = np.empty((4, 4), np.int64)
    unnamed(OCTETS, ends // 4, ends % 4, sums)
    assert np.array_equal(sums, EXPECTED)
    assert compiling._own is None
    assert sum(unnamed.stats.cache_misses.values()) == 1


def test_who_needs_what_others_compile_ahead_waits_for_them(
    cache: Path, gray_kernel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two calls ahead, of which one compiles the kernel and one takes longer: nobody else is asked."""

    def asked(*_: Any) -> bool:
        raise AssertionError("another process was asked")

    monkeypatch.setattr(compiling, "_ask", asked)
    signature = numba.typeof((OCTETS, np.arange(5), np.arange(5), np.empty((4, 4), np.int64))).types
    call = compiler.compile_kernel, (grays.__name__, "_add_across", tuple(signature))
    assert compiling.compile_ahead({"gray": call, "sleep": (time.sleep, (SOON,))})
    assert compiling._is_ahead(cache)
    assert is_right()
    assert compiling._is_ahead(cache)
    end_ahead()
    assert not compiling._is_ahead(cache)


def test_calls_ahead_that_fail_leave_nobody_waiting(cache: Path, gray_kernel: Any) -> None:
    calls: dict[str, compiler.Call] = {
        "stat": (os.stat, ("nowhere",)),
        "nowhere": (compiler.compile_kernel, ("nowhere", "_add_across", ())),
    }
    for _ in range(2):  # what failed is tried again
        assert compiling.compile_ahead(calls)
        wait_for(lambda: not compiling._is_ahead(cache))
    assert is_right()


def test_a_call_is_done_ahead_once(cache: Path) -> None:
    assert compiling.compile_ahead({"one": (time.sleep, (0,))})
    wait_for(lambda: not compiling._is_ahead(cache))
    assert not compiling.compile_ahead({"one": (time.sleep, (0,))})
    assert compiling.compile_ahead({"one": (time.sleep, (0,)), "two": (time.sleep, (0,))})
    wait_for(lambda: not compiling._is_ahead(cache))
    assert not compiling.compile_ahead({"one": (time.sleep, (0,)), "two": (time.sleep, (0,))})
