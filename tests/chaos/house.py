"""What a training runs on: a scheduler behind a relay, two workers under a nanny each; what ended is started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from tests.chaos.network import Relay
from tests.fesdist.cluster.servers import free_port, scheduler, workers

N_NANNIES = 2
SETTINGS = {
    # Who hangs is given up soon, and no tile is to blame for the workers that are killed here.
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "5s",
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1000",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "10s",
}


class House:
    """The processes of a cluster; each is a session of its own, so that all that it starts can be found."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._environment = environment
        self._port = free_port()
        self._log = (folder / "servers.log").open("w")
        self._scheduler: subprocess.Popen[bytes] | None = None
        self._nannies: list[subprocess.Popen[bytes] | None] = [None] * N_NANNIES
        self.sessions: list[int] = []
        """Of all processes that were ever started here."""
        self.relay = Relay(self._port)

    @property
    def address(self) -> str:
        """Where clients and workers find the scheduler: behind the relay."""
        return f"tcp://127.0.0.1:{self.relay.port}"

    def keep(self) -> None:
        """Start again what has ended, as a supervisor does."""
        if self._scheduler is None or self._scheduler.poll() is not None:
            self._scheduler = self._start(scheduler(self._port))
        for number, nanny in enumerate(self._nannies):
            if nanny is None or nanny.poll() is not None:
                self._nannies[number] = self._start(workers(self.relay.port, 1))

    def find(self, what: str, draw: int) -> int | None:
        """Return the process that is a "scheduler", "nanny" or "worker", or None if there is none now."""
        if what == "scheduler":
            return self._scheduler.pid if self._scheduler else None
        nanny = self._nannies[draw % N_NANNIES]
        if what == "nanny" or nanny is None:
            return nanny.pid if nanny else None
        return _worker_of(nanny.pid, draw)

    def close(self) -> None:
        """End everything."""
        self.relay.close()
        for session in self.sessions:
            end_session(session)
        for process in (self._scheduler, *self._nannies):
            if process is not None:
                process.wait()
        self._log.close()

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            command, stdout=self._log, stderr=self._log, env=self._environment, start_new_session=True
        )
        self.sessions.append(process.pid)
        return process


def train_command(stack: Path | str, store: str, *options: str, memory: str = "350MiB") -> list[str]:
    """Return the command of the training that all rounds repeat: small, but of many tiles.

    Whoever is killed when all is published, on its way out, is repeated as well, which makes no second version.
    """
    fixed = ["--name", "chaos", "--window", "3", "--memory", memory, "--if-changed"]
    return [sys.executable, "-m", "fesdist.cli.main", "train", str(stack), store, *fixed, *options]


def _worker_of(pid: int, draw: int) -> int | None:
    """Return a worker process that `pid` has started."""
    with suppress(psutil.NoSuchProcess):
        found = [
            child.pid
            for child in psutil.Process(pid).children(recursive=True)
            if "spawn_main" in " ".join(child.cmdline())
        ]
        return found[draw % len(found)] if found else None
    return None


def processes_of(session: int) -> list[psutil.Process]:
    """Return what still runs of a session."""
    found = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, PermissionError, psutil.NoSuchProcess):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def end_session(session: int) -> None:
    """Kill what still runs of a session."""
    for process in processes_of(session):
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
