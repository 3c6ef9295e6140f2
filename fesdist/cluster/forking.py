"""The process that workers are forked from: it imports once, for all of them, what takes seconds."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, resource_tracker
from multiprocessing.util import get_temp_dir
from typing import Any

import dask.config

from fesdist.cluster import forked_from, keeping
from fesdist.ground.machine import ONE_THREAD

_SAFE_PATH = {"PYTHONSAFEPATH": "1"}
"""Python looks for its own modules in the working folder first when it starts processes, and photographs may lie there
beside a script that is called `random.py`. What the client finds its modules by is sent to each worker."""

_NEEDED = (forked_from.__name__, "distributed", "numba", "zarr", "fesdist.cluster.task")
"""By all workers, whatever they will be asked to do."""

GIVEN = "distributed.nanny.pre-spawn-environ"
"""Dask's setting of what it gives workers as environment."""

_own: int | None = None
"""The process that was started here."""


def environment() -> dict[str, str]:
    """Return the variables that workers get beside ours: a worker has one thread, and keeps the memory it freed."""
    given = {**ONE_THREAD, **dask.config.get(GIVEN, {}), **keeping.ENVIRONMENT, **_SAFE_PATH}
    return {name: os.environ.get(name, str(value)) for name, value in given.items() if value is not None}


def begin(imported: Sequence[str] = ()) -> bool:
    """Start the process unless it runs, with what `imported` names beside what all workers need; False if it cannot be.

    It returns at once: the imports go on beside whatever this process does next. Python has one such process: what a
    program has started for itself has neither the environment of workers nor their imports, and is left alone.
    """
    global _own
    server: Any = forkserver._forkserver  # Python has no public way
    if server._forkserver_pid not in (None, _own):
        return False
    try:
        with interrupts_held_back(), given({**environment(), forked_from.VARIABLE: get_temp_dir()}):
            multiprocessing.set_forkserver_preload([*_NEEDED, *imported])
            forkserver.ensure_running()
    except OSError:  # its socket is a file, whose name may be too long or not allowed
        return False
    _own = server._forkserver_pid
    return True


def give_up() -> None:
    """End the process, if it runs, amid its imports: whoever reads our output waits for all who have it open."""
    server: Any = forkserver._forkserver
    if server._forkserver_pid is not None:
        with suppress(ProcessLookupError):
            os.kill(server._forkserver_pid, signal.SIGTERM)
        server._stop()  # or else it would be thought to run


def has_semaphores() -> bool:
    """Return whether this machine has what processes talk by; one with a read-only /dev/shm has not."""
    try:
        _track_quietly()  # as a lock would start it with what Python says usually
        multiprocessing.get_context("spawn").Lock()
    except (OSError, ImportError):
        return False
    return True


@contextmanager
def given(variables: Mapping[str, str]) -> Iterator[None]:
    """Give processes that are started meanwhile these variables."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)  # whoever runs meanwhile may have done so
            else:
                os.environ[name] = value


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Keep Ctrl-C from the processes that are started meanwhile, and SIGHUP; this one gets them a moment later.

    A terminal sends them to all processes at once, SIGHUP when it is closed, but only the client knows how to stop in
    order. Processes and threads inherit the mask of blocked signals, so workers that are started again later are spared
    as well. SIGTERM comes a moment later, too: what is amid its start cannot be stopped in order.
    """
    _track_quietly()  # or else it starts with the first worker, and unblocks Ctrl-C
    # SIGTERM is not blocked: it is how processes that are started meanwhile are ended.
    with (
        _heeded_afterwards(signal.SIGINT, signal.SIGHUP, signal.SIGTERM),
        _blocked(signal.SIGINT, signal.SIGHUP),
    ):
        yield


@contextmanager
def _heeded_afterwards(*signals: signal.Signals) -> Iterator[None]:
    """Have what the main thread does when signals come done at the end of the block.

    Those that it blocks come to another thread, of readers for instance, and Python would heed them in the main one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    # What is ignored stays so, also in processes that are started.
    before = {number: handler for number in signals if callable(handler := signal.getsignal(number))}
    for number in before:
        signal.signal(number, lambda number, frame: arrived.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if arrived:
            signal.raise_signal(arrived[0])


@contextmanager
def _blocked(*signals: signal.Signals) -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, set(signals) - before)


def _track_quietly() -> None:
    """Start the process that gives back, at the end, the semaphores that killed workers cannot give back any more.

    Its warning that there were some would come after our last word, and there is nothing to do about it. As a process
    of Python's own it has the filters of warnings that were given on this one's command line.
    """
    before = sys.warnoptions[:]
    sys.warnoptions.append("ignore:resource_tracker")
    try:
        with given(_SAFE_PATH), _blocked(signal.SIGHUP):  # of the others Python takes care
            resource_tracker.ensure_running()
    finally:
        sys.warnoptions[:] = before
