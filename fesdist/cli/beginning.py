"""Workers begin to import what they need while this process does the same, not after it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

from fesdist.requests.groups import SCHEDULER_VARIABLE, Computing
from fesdist.requests.using import Synthesize

MANY = 2000
"""Files of a folder that are worth several processes, whatever some of them may turn out to be."""


class EarlyWorkers:
    """A block in which workers may begin; where it fails, nothing goes on behind it."""

    def __init__(self) -> None:
        self._begun = False

    def __enter__(self) -> EarlyWorkers:
        return self

    def begin(self, tasks: Sequence[str]) -> None:
        """Begin with what workers are forked from, which imports the modules `tasks`; return at once."""
        from fesdist.cluster import forking

        self._begun = forking.has_semaphores() and forking.begin(tasks)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._begun and kind is not None:
            from fesdist.cluster import forking

            forking.give_up()


def foreseen_of_words(request: type[Any], words: Sequence[str]) -> bool:
    """Return whether workers will be started here, as far as that can be told of words that may be wrong.

    Words are understood later: where they say how a model is trained, models have to be imported for that.
    """
    if not issubclass(request, Computing) or not request.TASKS or {"-h", "--help"} & set(words):
        return False
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    for name in ("--workers", "--scheduler"):
        parser.add_argument(name)
    try:
        said, _ = parser.parse_known_args(words)
    except argparse.ArgumentError:
        return False
    if said.workers is not None:
        return said.workers.isdecimal() and int(said.workers) > 0
    return request.ALWAYS_WORKERS and not _elsewhere(said.scheduler)


def foreseen_of_folder(request: Any) -> bool:
    """Return whether a folder of photographs will want workers here, of which nothing is said."""
    if not isinstance(request, Synthesize) or request.only_tells:
        return False
    if request.workers is not None or _elsewhere(request.scheduler):
        return False
    return sum(1 for _ in islice(_files(request.photographs), MANY)) == MANY


def _files(folder: str) -> Iterator[str]:
    """Yield the files of a folder tree as the disk has them: a listing of them all may take seconds."""
    below = []
    with suppress(OSError), os.scandir(folder) as found:
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                below.append(entry.path)
            else:
                yield entry.path
    for each in below:
        yield from _files(each)


def _elsewhere(scheduler: str | None) -> bool:
    return bool(scheduler or os.environ.get(SCHEDULER_VARIABLE))
