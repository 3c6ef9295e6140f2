"""Dask schedulers and workers as real processes, for tests that stop and kill them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

LOOPBACK = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")


def free_port() -> int:
    """Return a port of the loopback that nobody has."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def scheduler(port: int) -> list[str]:
    """Return the command of a scheduler."""
    return [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", str(port), *LOOPBACK]


def workers(port: int, number: int = 2) -> list[str]:
    """Return the command of nannies with a worker each."""
    many = ("--nthreads", "1", "--nworkers", str(number))
    return [sys.executable, "-m", "distributed.cli.dask_worker", f"tcp://127.0.0.1:{port}", *many, *LOOPBACK]


def workers_of(client: int) -> list[psutil.Process]:
    """Return the workers of a local cluster: they are forked from a process that its client has started."""
    servers = [
        child
        for child in psutil.Process(client).children()
        if "multiprocessing.forkserver" in " ".join(child.cmdline())
    ]
    return [worker for server in servers for worker in server.children()]


@contextmanager
def started(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Start a process in a group of its own, and leave nothing that it started behind."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            # Workers of a killed nanny are no longer its children, but they are still of its group.
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)
        if process.stdout is not None:
            process.stdout.close()
