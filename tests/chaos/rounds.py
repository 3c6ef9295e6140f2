"""A round: one training, troubled until its troubles are used up, repeated until it is complete, and then compared."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from storage.blobs.location import open_location
from storage.datasets.store import WeightStore
from tests.chaos.house import train_command
from tests.chaos.leftovers import left_in_store, left_running, left_temporary
from tests.chaos.troubles import Scene, Trouble

LONGEST_SECONDS = 180
"""A round that takes longer hangs."""

LOOK_SECONDS = 0.02


@dataclass
class Tally:
    """What happened in all rounds."""

    befell: Counter[Trouble] = field(default_factory=Counter)
    went_on: dict[Trouble, list[float]] = field(default_factory=dict)
    """Seconds from the beginning of each trouble to the next tile that was stored, or to the end of the training."""
    runs: Counter[str] = field(default_factory=Counter)
    """How clients ended: "complete", "killed", "told an error"."""
    faults: list[str] = field(default_factory=list)
    """What must not be, by round."""
    rounds: int = 0

    @property
    def kills(self) -> int:
        """Signals that processes got."""
        return sum(number for trouble, number in self.befell.items() if trouble.is_kill)


class _Waiting(NamedTuple):
    """A trouble after which the training has not gone on yet."""

    trouble: Trouble
    since: float
    progress: int
    """Tiles that were stored when it began."""

    def went_on(self, now: float, tally: Tally) -> None:
        """Enter in `tally` that the training went on."""
        tally.went_on.setdefault(self.trouble, []).append(now - self.since)


class Round:
    """One training in a store of its own."""

    def __init__(self, scene: Scene, stack: Path, store: str, logs: Path, environment: dict[str, str]) -> None:
        self._scene = scene
        options = ("--workers", "2") if scene.local else ("--scheduler", scene.house.address)
        self._command = train_command(stack, store, *options)
        self._location = open_location(store)
        self._store = WeightStore(store)
        self._logs = logs
        self._environment = environment
        self._client: subprocess.Popen[bytes] | None = None
        self._sessions: list[int] = []
        self._draft = ""

    def play(self, coming: Iterator[Trouble], number: int, draws: random.Random, tally: Tally) -> None:
        """Train while `number` troubles befall the training, each at a random instant, and count all in `tally`."""
        deadline = time.monotonic() + LONGEST_SECONDS
        begins, ends, over = self._instant(draws), 0.0, None
        waiting: _Waiting | None = None
        try:
            while not self._complete(tally):
                now = time.monotonic()
                if now > deadline:
                    tally.faults.append(f"round {tally.rounds}: not complete after {LONGEST_SECONDS} s")
                    return
                if waiting and self._progress() > waiting.progress:
                    waiting.went_on(now, tally)
                    waiting = None
                if over is None and number and waiting is None and now >= begins:
                    trouble, progress = next(coming), self._progress()
                    over = self._scene.begin(trouble, draws.randrange(1 << 16))
                    if over is not None:
                        waiting = _Waiting(trouble, now, progress)
                        tally.befell[trouble] += 1
                        number -= 1
                        ends = now + draws.uniform(0.3, 2.5)
                if over is not None and now >= ends:
                    over()
                    over, begins = None, self._instant(draws)
                time.sleep(LOOK_SECONDS)
            if waiting:
                waiting.went_on(time.monotonic(), tally)
        finally:
            if over is not None:
                over()
            if self._client is not None and self._client.poll() is None:
                self._client.send_signal(signal.SIGCONT)
                self._client.kill()
                self._client.wait()

    def compare(self, checksums: dict[str, str], files: set[str], temporary: Path) -> list[str]:
        """Return in what the store differs from an undisturbed one, and what else the round left."""
        versions = self._store.versions("chaos")
        found = [] if [found.version for found in versions] == [1] else [f"{len(versions)} versions"]
        for version in versions:
            opened = self._store.open(version.reference)
            if opened.checksums != checksums:
                found.append(f"version {version.version} has other bits")
            found += [f"damaged {key}" for key in opened.verify()]
        found += left_running(self._sessions)
        return found + left_in_store(self._store, self._location, files) + left_temporary(temporary)

    def _instant(self, draws: random.Random) -> float:
        return time.monotonic() + draws.uniform(0.0, 1.5)

    def _complete(self, tally: Tally) -> bool:
        """Have a client run; return whether it has published."""
        if not self._scene.local:
            self._scene.house.keep()
        if self._client is not None and self._client.poll() is None:
            return False
        if self._client is not None:
            how = self._ended(self._client.returncode, tally)
            tally.runs[how] += 1
            self._client = None
            if how == "complete":
                return True
        log = self._logs / f"client-{len(self._sessions)}.log"
        with log.open("w") as file:
            self._client = subprocess.Popen(
                self._command, stdout=file, stderr=file, env=self._environment, start_new_session=True
            )
        self._sessions.append(self._client.pid)
        self._scene.client = self._client.pid
        return False

    def _ended(self, code: int, tally: Tally) -> str:
        if code == 0:
            return "complete"
        if code in (-signal.SIGKILL, -signal.SIGTERM):
            return "killed"
        said = (self._logs / f"client-{len(self._sessions) - 1}.log").read_text()
        last = said.strip().rpartition("\n")[2]
        if code == 128 + signal.SIGTERM and last.startswith("fesdist: interrupted; ") and "Traceback" not in said:
            return "killed"
        if code != 1 or "Traceback" in said or not last.startswith("fesdist: error: "):
            tally.faults.append(f"round {tally.rounds}: a client ended with {code}:\n{said[-3000:]}")
        return "told an error"

    def _progress(self) -> int:
        """Return how many tiles are stored."""
        if not self._draft:
            self._draft = next(iter(self._location.list("chaos/drafts")), "")
        return len(self._location.list(f"chaos/drafts/{self._draft}/receipts")) if self._draft else 0
