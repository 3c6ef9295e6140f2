"""Kernels are compiled in processes of their own: whoever waits for one gives the compiler no memory.

Such a process ends with whoever started it, and when it has had nothing to do for a while. Where none can be had, a
kernel is compiled where it is called.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import pickle
import selectors
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import llvmlite.binding
import numba
from numba.core import event

from fesdist.ground.machine import ONE_THREAD
from fesdist.simd.compiler import DONE, MOST_SECONDS, NAP_SECONDS, Call, compile_kernel, mark_when_done

IDLE_SECONDS = 20.0
"""How long a process waits for the next call, before it ends and gives the compiler's memory back."""

_ANSWER_SECONDS = 2 * MOST_SECONDS
"""How long an answer is waited for: it may be waiting for another process that compiles the same, and then compile."""

_MOST_FAILURES = 2
"""After which no other process is asked: on a full disk none could keep what it compiles."""

_AHEAD = "ahead.lock"
"""Name of the file that is locked while calls ahead are done: whoever holds it, or has inherited it, does them."""

_SCRATCH = ".fesdist-ahead"
"""What is kept there is nobody's once nobody compiles ahead: whoever finds it then removes it."""

_PROGRAM = (
    "import sys; sys.path[:] = sys.argv[3:]; from fesdist.simd.compiler import serve;"
    " serve(float(sys.argv[1]), sys.argv[2] or None)"
)


class _Compiler:
    """A process that does what it is told, one call after the other."""

    def __init__(self, folder: str, idle_seconds: float, lock: int | None = None, scratch: str = "") -> None:
        """Start it, with a lock that is held until it has ended, and a folder in which its temporary files lie.

        Raises OSError where that cannot be.
        """
        self.asked_by = os.getpid(), folder
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM, str(idle_seconds), scratch, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[] if lock is None else [lock],
            env={**os.environ, **ONE_THREAD, "NUMBA_CACHE_DIR": folder},
        )
        self._calls: Any = self._process.stdin
        self._answers: Any = self._process.stdout
        self._scratch = scratch
        self._awaiting = Thread(target=self._await, args=(None if lock is None else MOST_SECONDS,), daemon=True)
        with suppress(RuntimeError):  # no more threads: what has ended then stays in the table of processes
            self._awaiting.start()
        atexit.register(self.end)

    def begin(self, call: Call) -> None:
        """Tell it to do something; raises OSError where it has ended."""
        self._calls.write(pickle.dumps(call))
        self._calls.flush()

    def wait(self) -> bool:
        """Wait until it has done what it was told first; return False where it ended instead, or did not for long."""
        with selectors.DefaultSelector() as answered:
            answered.register(self._answers, selectors.EVENT_READ)
            if not answered.select(_ANSWER_SECONDS):
                return False  # something has stopped it
        return bool(self._answers.read(1) == DONE)

    def _await(self, seconds: float | None) -> None:
        """Wait for its end, or bring that about: one that was stopped has locks for which others wait."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def end(self) -> None:
        """End it, whatever it is doing."""
        atexit.unregister(self.end)
        if self.asked_by[0] != os.getpid():
            return  # this process was forked from the one that asked
        self._process.kill()
        self._process.wait()
        if self._awaiting.ident is not None:
            self._awaiting.join()  # or it would still run when Python takes itself down
        for stream in (self._calls, self._answers):
            with suppress(OSError):  # it has not read all
                stream.close()
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)


_own: _Compiler | None = None
_ahead: list[_Compiler] = []
_n_failures = 0
_patient_until: float | None = None
"""For all kernels together: where what compiles ahead was stopped, each of them would be waited for."""


def compile_ahead(calls: Mapping[str, Call]) -> bool:
    """Have calls that need kernels done beside each other, each by its name once in an installation; False if all were.

    It returns at once. Whoever needs a kernel meanwhile waits for these calls, or until it is kept.
    """
    folder = _folder()
    if folder is None:
        return False
    cpu = numba.config.CPU_NAME or llvmlite.binding.get_host_cpu_name()  # type: ignore[attr-defined]
    marks = {folder / f"{name}-{cpu}.done": call for name, call in calls.items()}
    missing = {mark: call for mark, call in marks.items() if not mark.exists()}
    if not missing:
        return False
    scratch = folder / _SCRATCH
    with suppress(OSError), open(folder / _AHEAD, "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        # Below 3 is what a process has for its input and output, which may be free here.
        held = fcntl.fcntl(lock, fcntl.F_DUPFD_CLOEXEC, 3)
        try:
            for mark, call in missing.items():
                compiler = _Compiler(str(folder), 0.0, held, str(scratch))
                _ahead.append(compiler)
                compiler.begin((mark_when_done, (str(mark), *call)))
        finally:
            os.close(held)
    return True


def compiled_elsewhere(function: Callable[..., Any], signature: tuple[Any, ...], is_kept: Callable[[], bool]) -> bool:
    """Have a kernel compiled and kept for a signature by another process; return whether it is kept now."""
    global _n_failures
    folder, dispatcher = _folder(), _dispatcher_of(function)
    if folder is None or dispatcher is None or _n_failures == _MOST_FAILURES:
        return False
    # As numba tells whoever times compiling, where it compiles itself.
    with event.trigger_event("numba:compile", {"dispatcher": dispatcher, "args": signature, "return_type": None}):
        if _comes_ahead(folder, is_kept):
            return True
        _ask((compile_kernel, (function.__module__, function.__name__, signature)), folder)
        found = is_kept()
        _n_failures = 0 if found else _n_failures + 1
        return found


def _comes_ahead(folder: Path, is_kept: Callable[[], bool]) -> bool:
    """Wait for a kernel while others compile ahead; return whether it is kept."""
    global _patient_until
    while _is_ahead(folder):
        if is_kept():
            return True
        if _patient_until is None:
            _patient_until = time.monotonic() + MOST_SECONDS
        if time.monotonic() > _patient_until:
            return False
        time.sleep(NAP_SECONDS)
    _patient_until = None
    return is_kept()


def _ask(call: Call, folder: Path) -> None:
    """Have this process's compiler do something, if one can be had and it can."""
    global _own
    begun = False
    while not begun:  # one that had nothing to do may have ended just now
        try:
            if _own is None or _own.asked_by != (os.getpid(), str(folder)):
                begun = True
                _own = _Compiler(str(folder), IDLE_SECONDS)
            _own.begin(call)
            if _own.wait():
                return
        except OSError:
            pass
        except BaseException:  # whoever waits is stopped, and would take this answer for that of the next call
            _forget()
            raise
        _forget()


def _forget() -> None:
    global _own
    if _own is not None:
        _own.end()
        _own = None


def _folder() -> Path | None:
    """Return where compiled kernels are kept, None where nowhere."""
    config: Any = numba.config
    return Path(config.CACHE_DIR) if config.CACHE_DIR and sys.executable else None


def _dispatcher_of(function: Callable[..., Any]) -> Any:
    """Return the kernel of a function if another process finds it by its module and name, else None."""
    found: Any = getattr(sys.modules.get(function.__module__), function.__name__, None)
    return found if getattr(found, "py_func", None) is function else None


def _is_ahead(folder: Path) -> bool:
    """Return whether others compile ahead just now."""
    try:
        with open(folder / _AHEAD, "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            shutil.rmtree(folder / _SCRATCH, ignore_errors=True)
    except BlockingIOError:
        return True
    except OSError:  # nobody ever did, or this disk has no locks
        pass
    return False
