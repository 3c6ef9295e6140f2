"""A folder that fills: every photograph is worked on once it has arrived, and again when it was replaced."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from fesdist.images.listing import Exclusion
from fesdist.inference.manifest import InputFile
from fesdist.inference.photographs import list_photographs


class Inbox:
    """The photographs of a folder, as they arrive."""

    def __init__(self, folder: Path, out: Path, exclusion: Exclusion) -> None:
        self._folder, self._out, self._exclusion = folder, out, exclusion
        self._seen: dict[str, InputFile] = {}
        self._handed_out: dict[str, InputFile] = {}

    def arrived(self) -> list[str]:
        """Return photographs, relative to the folder, that are new or changed since they were last returned.

        One whose size or time of change is not what it was at the last look is still being written, and waits.
        Raises BadParameterError when the folder is gone.
        """
        images = list_photographs(self._folder, self._out, self._exclusion).images
        now = {name: InputFile.of(self._folder, name) for name in images}
        settled = [
            name
            for name, file in now.items()
            if self._seen.get(name) == file and self._handed_out.get(name) != file and file.size
        ]
        self._seen = now
        self._handed_out = {name: file for name, file in self._handed_out.items() if name in now}
        self._handed_out.update((name, now[name]) for name in settled)
        return settled


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
