"""Trials in processes of their own, whose memory is limited; one that dies is an outcome like any other."""

from __future__ import annotations

import multiprocessing
import shutil
from multiprocessing.connection import Connection
from pathlib import Path

from tests.fuzz.readers import KINDS
from tests.fuzz.trial import limit_memory, trial

BATCH = 250
"""Trials of one process: a new one forgets whatever the others left in memory."""


def outcomes_of(kind: str, originals: Path, folder: Path, seeds: range) -> list[tuple[int, str]]:
    """Return the outcome of each seed; a process that dies is the outcome of the seed that it was at."""
    found: list[tuple[int, str]] = []
    context = multiprocessing.get_context("spawn")
    while len(found) < len(seeds):
        receiving, sending = context.Pipe(duplex=False)
        rest = seeds[len(found) :]
        process = context.Process(target=_try, args=(sending, kind, originals, folder, rest))
        process.start()
        sending.close()
        receiving.recv()  # or EOFError: what is not damaged has to be readable
        try:
            while len(found) < len(seeds):
                found.append((seeds[len(found)], receiving.recv()))
        except EOFError:
            process.join()
            found.append((seeds[len(found)], f"the process died, exit code {process.exitcode}"))
        process.join()
    return found


def _try(sending: Connection, kind: str, originals: Path, folder: Path, seeds: range) -> None:
    # Read once before memory is limited: libraries are loaded by then.
    warm = originals.with_name("warm")
    shutil.rmtree(warm, ignore_errors=True)
    shutil.copytree(originals, warm)
    KINDS[kind].read(warm)
    limit_memory()
    sending.send("ready")
    for seed in seeds:
        sending.send(trial(kind, originals, folder, seed))
