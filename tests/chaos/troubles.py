"""The troubles: which there are, in a random order, and how each begins and ends."""

from __future__ import annotations

import os
import random
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.chaos.bucket import Misbehaviour
from tests.chaos.house import House
from tests.fesdist.cluster.servers import workers_of

SIGNALS = ("SIGKILL", "SIGTERM", "SIGSTOP")
PLACES = {
    "scheduler": ("worker", "nanny", "scheduler", "client"),
    "local": ("worker", "client"),
    "bucket": ("worker", "nanny", "scheduler", "client"),
}
"""What can be killed where a run is computed: by a scheduler's workers, a local cluster, or those into a bucket."""

OTHERS = {
    "scheduler": (("disk", "full"), ("disk", "slow"), ("files", "limited"), ("network", "cut"), ("network", "hung")),
    "local": (("disk", "full"), ("disk", "slow"), ("files", "limited")),
    "bucket": (("bucket", "drops"), ("bucket", "delays"), ("bucket", "repeats"), ("network", "cut")),
}


@dataclass(frozen=True)
class Trouble:
    """What suffers, and how: ("worker", "SIGKILL"), ("network", "cut")."""

    what: str
    how: str

    @property
    def is_kill(self) -> bool:
        """Whether a process gets a signal."""
        return self.how in SIGNALS


def troubles(place: str, draws: random.Random) -> Iterator[Trouble]:
    """Yield troubles for ever: all there are in a random order, then all again."""
    kills = [Trouble(what, how) for what in PLACES[place] for how in SIGNALS]
    others = [Trouble(*other) for other in OTHERS[place]]
    while True:
        deck = draws.sample(kills, len(kills)) + draws.sample(others, len(others))
        yield from draws.sample(deck, len(deck))


@dataclass
class Scene:
    """What a trouble can get at."""

    house: House
    misbehaviour: Misbehaviour
    slow: Path
    """A file that makes disks slow while it is there."""
    disk: Path | None
    """A small file system that holds the store, if this account may mount one."""
    client: int = 0
    """The process of the client."""
    local: bool = False
    """Whether the workers are the client's own."""

    def begin(self, trouble: Trouble, draw: int) -> Callable[[], None] | None:
        """Begin a trouble and return what ends it, or None if there is nothing now that it could befall."""
        match trouble.what:
            case "disk" if trouble.how == "full":
                return self._fill()
            case "disk":
                self.slow.touch()
                return lambda: self.slow.unlink(missing_ok=True)
            case "network":
                (self.house.relay.cut if trouble.how == "cut" else self.house.relay.hang)()
                return self.house.relay.mend
            case "bucket":
                self.misbehaviour.kind = trouble.how
                return lambda: setattr(self.misbehaviour, "kind", "")
            case "files":
                return _limited(self._find("worker", draw))
            case _:
                return _signalled(self._find(trouble.what, draw), trouble.how)

    def _find(self, what: str, draw: int) -> int | None:
        if what == "client":
            return self.client
        return self._local_worker(draw) if self.local else self.house.find(what, draw)

    def _local_worker(self, draw: int) -> int | None:
        with suppress(psutil.NoSuchProcess):
            found = workers_of(self.client)
            return found[draw % len(found)].pid if found else None
        return None

    def _fill(self) -> Callable[[], None] | None:
        if self.disk is None:
            return None
        filler = self.disk / "filler"
        with suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(bytes(1 << 16))
                file.flush()
        return lambda: filler.unlink(missing_ok=True)


def _signalled(pid: int | None, how: str) -> Callable[[], None] | None:
    if pid is None or not psutil.pid_exists(pid):
        return None
    with suppress(ProcessLookupError):
        os.kill(pid, getattr(signal, how))
        return lambda: _continued(pid) if how == "SIGSTOP" else None
    return None


def _continued(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def _limited(pid: int | None) -> Callable[[], None] | None:
    """Have a process write no file longer than nothing, as a quota does."""
    if pid is None:
        return None
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        before = process.rlimit(resource.RLIMIT_FSIZE)
        process.rlimit(resource.RLIMIT_FSIZE, (0, before[1]))
        return lambda: _unlimited(process, before)
    return None


def _unlimited(process: psutil.Process, before: tuple[int, int]) -> None:
    with suppress(psutil.Error):
        process.rlimit(resource.RLIMIT_FSIZE, before)
