"""Chunks that were unpacked lately, for those who ask for the same ones again and again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

from numpy.typing import NDArray


class KeptChunks:
    """The values of whole chunks by their keys, up to `most_bytes`: those that nobody asked for the longest go first.

    Threads may share them; one that asks for what another is just unpacking unpacks it as well.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = self._room = most_bytes
        self._kept: OrderedDict[str, NDArray[Any]] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, key: str) -> bool:
        return key in self._kept

    def part(self, key: str, place: tuple[Any, ...], whole: Callable[[], NDArray[Any] | None]) -> NDArray[Any] | None:
        """Return the values in a place of a chunk, which nobody may change, or None where `whole` returns none.

        `whole` returns the values of the chunk in memory that others use afterwards; it is called for what is not kept.
        """
        with self._lock:
            values = self._kept.get(key)
            if values is not None:
                self._kept.move_to_end(key)
        if values is None:
            unpacked = whole()
            if unpacked is None:
                return None
            values = unpacked.copy()
            self._keep(key, values)
        part: NDArray[Any] = values[place]
        return part

    def _keep(self, key: str, values: NDArray[Any]) -> None:
        with self._lock:
            if key in self._kept or values.nbytes > self._most_bytes:
                return
            self._kept[key] = values
            self._room -= values.nbytes
            while self._room < 0:
                _, oldest = self._kept.popitem(last=False)
                self._room += oldest.nbytes
