"""Where the lines of a manifest are, by photograph: twenty bytes for each, however much the lines say."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

_MOST_RECENT = 1 << 16
"""Lines that are held as they came until they are sorted in."""


class LineIndex:
    """Lines by the name of their photograph, with what tells in which group of photographs it is since that line.

    Names are known by 8 bytes of their digest, so whoever reads a line compares the name.
    """

    def __init__(self) -> None:
        self._digests: NDArray[Any] = np.empty(0, np.uint64)
        self._offsets: NDArray[Any] = np.empty(0, np.int64)
        self._groups: NDArray[Any] = np.empty(0, np.uint32)
        self._recent = array("Q"), array("q"), array("L")
        self._recently: dict[int, list[int]] = {}

    def __len__(self) -> int:
        return len(self._digests) + len(self._recent[0])

    def add(self, name: str, offset: int, group: int) -> None:
        """Enter the line at `offset` of the file, which is after all others of this name."""
        digest = _digest(name)
        for column, value in zip(self._recent, (digest, offset, group), strict=True):
            column.append(value)
        self._recently.setdefault(digest, []).append(offset)
        if len(self._recent[0]) >= _MOST_RECENT:
            self._sort_in()

    def offsets(self, name: str) -> list[int]:
        """Return where the lines of a name are, in the order of the file; seldom one of another name among them."""
        digest = _digest(name)
        first, last = np.searchsorted(self._digests, np.uint64(digest), "left"), len(self._digests)
        found = []
        while first < last and int(self._digests[first]) == digest:
            found.append(int(self._offsets[first]))
            first += 1
        return found + self._recently.get(digest, [])

    def groups(self) -> set[int]:
        """Return the groups in which photographs are since their last lines."""
        self._sort_in()
        return set(np.unique(self._groups[self._last]).tolist())

    def last_offsets(self) -> list[int]:
        """Return where the last line of each photograph is, in the order of the file."""
        self._sort_in()
        return np.sort(self._offsets[self._last]).tolist()  # type: ignore[no-any-return]

    @property
    def n_names(self) -> int:
        """Return how many photographs have lines."""
        self._sort_in()
        return int(np.count_nonzero(self._last))

    @property
    def _last(self) -> NDArray[np.bool_]:
        """Return which of the sorted lines is the last of its name."""
        return np.append(self._digests[1:] != self._digests[:-1], True)[: len(self._digests)]

    def _sort_in(self) -> None:
        columns = (self._digests, self._offsets, self._groups)
        digests, offsets, groups = (
            np.concatenate([old, np.array(new, old.dtype)]) for old, new in zip(columns, self._recent, strict=True)
        )
        order = np.argsort(digests, kind="stable")
        self._digests, self._offsets, self._groups = digests[order], offsets[order], groups[order]
        self._recent = array("Q"), array("q"), array("L")
        self._recently = {}


def lines_at(file: IO[bytes], offsets: Iterable[int]) -> Iterator[bytes]:
    """Yield the lines that begin at these places of a binary file."""
    for offset in offsets:
        file.seek(offset)
        yield file.readline()


def _digest(name: str) -> int:
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
