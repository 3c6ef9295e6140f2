"""One trial: a copy of the files of a kind, one of them damaged, read within limits of memory and time."""

from __future__ import annotations

import random
import resource
import shutil
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fesdist.ground.errors import FesdistError
from storage.errors import StorageError
from tests.fuzz.changes import damaged
from tests.fuzz.readers import KINDS

MEMORY_BYTES = 1 << 30
"""Of address space beyond what the process has when it begins; threads of libraries take their part of it."""

SECONDS = 60
"""Of one trial, on a busy machine: what hangs takes for ever."""


class TooLongError(Exception):
    """A trial that does not end."""


def trial(kind: str, originals: Path, folder: Path, seed: int) -> str:
    """Damage a copy of the files in `originals` and read it; return "answer", "error", or what must not be."""
    draws = random.Random(seed)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(originals, folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(".lock"))
    file = draws.choice(files)
    file.write_bytes(damaged(file.read_bytes(), draws))
    try:
        with _alarm():
            KINDS[kind].read(folder)
    except (FesdistError, StorageError) as error:
        return "error" if str(error).strip() else f"{file.relative_to(folder)}: an error that says nothing: {error!r}"
    except Exception:
        return f"{file.relative_to(folder)}: {traceback.format_exc(limit=-4)}"
    return "answer"


def limit_memory() -> None:
    """Have this process get no more memory than it has and `MEMORY_BYTES`; more is a MemoryError."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY_BYTES, hard))


@contextmanager
def _alarm() -> Iterator[None]:
    def ring(*_: object) -> None:
        raise TooLongError(f"not ended after {SECONDS} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
