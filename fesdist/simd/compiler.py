"""A process that compiles for others: it does what it reads from its input, one call after the other.

Of several that need the same kernel one compiles it, and the others wait until it is kept.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import os
import pickle
import queue
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO, Any, NoReturn

Call = tuple[Callable[..., None], tuple[Any, ...]]
"""A function of a module, and its arguments."""

DONE = b"+"
"""The answer to a call. One that fails has none: the process ends."""

MOST_SECONDS = 120.0
"""How long others are waited for, who compile the same, before it is compiled once more."""

NAP_SECONDS = 0.02
"""From look to look at what others do."""

_is_compiler = False
_scratch: str | None = None


def is_compiler() -> bool:
    """Return whether this is such a process."""
    return _is_compiler


def compile_here() -> None:
    """Make this process one that compiles what it calls, and asks no other to."""
    global _is_compiler
    _is_compiler = True


def give_up() -> NoReturn:
    """End this process, whatever it is doing, and leave no file behind that is not a kernel."""
    _tidy()
    os._exit(1)


def serve(idle_seconds: float, scratch: str | None = None) -> None:
    """Do what is read, until nothing was asked for so long after a call, or whoever asks is gone.

    `scratch`: the folder in which temporary files are made.
    """
    global _scratch
    compile_here()
    if scratch is not None:
        _scratch = tempfile.tempdir = tempfile.mkdtemp(dir=scratch)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all, but only who asks knows how to stop
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever is printed is no answer
    # Collecting garbage as often as Python does takes a tenth of the time; never collecting it, 130 MiB.
    gc.freeze()
    gc.set_threshold(100_000, 10, 100)
    calls: queue.Queue[Call] = queue.Queue()
    Thread(target=_listen, args=(calls,), daemon=True).start()
    call = calls.get()
    while True:
        function, arguments = call
        function(*arguments)
        os.write(answers, DONE)
        try:
            call = calls.get(timeout=idle_seconds)
        except queue.Empty:
            _tidy()
            return


class Lock:
    """A file by which one process at a time compiles a kernel; where the disk has no locks, each does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def take(self) -> None:
        """Wait for the lock, but not for ever."""
        if self._file is not None:
            return
        with suppress(OSError):
            self._file = open(self._path, "wb")  # noqa: SIM115  it is held
            end = time.monotonic() + MOST_SECONDS
            while time.monotonic() < end:
                with suppress(BlockingIOError):
                    fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return
                time.sleep(NAP_SECONDS)

    def give_back(self) -> None:
        """Let others have it, if it was taken."""
        if self._file is not None:
            self._file.close()
            self._file = None


def compile_kernel(module: str, name: str, signature: tuple[Any, ...]) -> None:
    """Compile a kernel for these types of its arguments, unless that is kept already."""
    getattr(importlib.import_module(module), name).compile(signature)


def mark_when_done(mark: str, function: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """Call a function, and make an empty file that says so."""
    function(*arguments)
    Path(mark).touch()


def _listen(calls: queue.Queue[Call]) -> None:
    """Read calls; end the process, whatever it is doing, when nobody asks any more."""
    try:
        while True:
            calls.put(pickle.load(sys.stdin.buffer))
    finally:
        give_up()


def _tidy() -> None:
    if _scratch is not None:
        shutil.rmtree(_scratch, ignore_errors=True)
