"""A folder that fills: every photograph is worked on once it has arrived, and again when it was replaced."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.errors import BadParameterError
from fesdist.images.listing import Exclusion
from fesdist.inference.record import InputFile
from fesdist.inference.walking import walk

MOST_AT_ONCE = 1 << 16
"""Photographs that are handed out after one look, at most, as their names are held while they are worked on."""

_64_BITS = (1 << 64) - 1


class Inbox:
    """The photographs of a folder, as they arrive; of each that is there 8 bytes are held, and no name."""

    def __init__(self, folder: Path, out: Path, exclusion: Exclusion, most: int = MOST_AT_ONCE) -> None:
        self._folder, self._out, self._exclusion, self._most = folder, out, exclusion, most
        self._waiting: NDArray[np.uint64] = np.empty(0, np.uint64)
        """Digests of files as they were at the last look, of those that were not handed out so; ascending."""
        self._handed_out: NDArray[np.uint64] = np.empty(0, np.uint64)
        """The same of those that were."""

    def arrived(self) -> list[str]:
        """Return photographs, relative to the folder, that are new or changed since they were last returned.

        One whose size or time of change is not what it was at the last look is still being written, and waits, as do
        those above the number that is returned at once. Raises BadParameterError when the folder is gone.
        """
        if not self._folder.is_dir():
            raise BadParameterError(f"{self._folder} is gone; expected the folder that was watched when this began")
        settled: list[str] = []
        waiting, handed_out = array("Q"), array("Q")
        for listing in walk(self._folder, self._out, self._exclusion, lambda *_: None):
            files = [InputFile.of(self._folder, name) for name in listing.images]
            digests = np.array([hash(file) & _64_BITS for file in files], np.uint64)
            known, there = _are_in(digests, self._handed_out), _are_in(digests, self._waiting)
            for file, digest, was_handed_out, stayed in zip(files, digests.tolist(), known, there, strict=True):
                if was_handed_out:
                    handed_out.append(digest)
                elif stayed and file.size and len(settled) < self._most:
                    settled.append(file.name)
                    handed_out.append(digest)
                else:
                    waiting.append(digest)
        self._waiting, self._handed_out = (np.sort(np.array(each, np.uint64)) for each in (waiting, handed_out))
        return sorted(settled)


def _are_in(digests: NDArray[np.uint64], known: NDArray[np.uint64]) -> list[bool]:
    """Return which digests are among those that are known, which ascend."""
    if not len(known):
        return [False] * len(digests)
    places = np.minimum(np.searchsorted(known, digests), len(known) - 1)
    return (known[places] == digests).tolist()  # type: ignore[no-any-return]


def watch(
    look: Callable[[], Sequence[str]],
    every: float,
    idle: float | None,
    wait: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Sequence[str]]:
    """Yield what `look` returns whenever that is anything, looking once in `every` seconds.

    It ends when nothing came for `idle` seconds, and never if that is None.
    """
    last = clock()
    while True:
        if found := look():
            yield found
            last = clock()
        elif idle is not None and clock() - last >= idle:
            return
        wait(every)
