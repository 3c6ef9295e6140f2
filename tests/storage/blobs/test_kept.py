"""Chunks are kept up to so many bytes, and asked for once while they are."""

from __future__ import annotations

import numpy as np
import pytest

from storage.blobs.kept import KeptChunks

WHOLE = (slice(None),)


class Unpacking:
    """Hands out chunks of 8 bytes in memory that it uses again, and remembers which it was asked for."""

    def __init__(self) -> None:
        self.asked = list[str]()
        self._memory = np.empty(8, np.uint8)

    def values(self, key: str) -> np.ndarray:
        self.asked.append(key)
        self._memory[...] = int(key)
        return self._memory


@pytest.fixture
def unpacking() -> Unpacking:
    return Unpacking()


def read(kept: KeptChunks, unpacking: Unpacking, keys: str) -> list[int]:
    """Return the first value of each chunk, read one after the other, after all were seen to be of one value."""
    parts = [kept.part(key, WHOLE, lambda key=key: unpacking.values(key)) for key in keys]  # type: ignore[misc]
    assert all(part is not None and (part == part[0]).all() for part in parts)
    return [int(part[0]) for part in parts if part is not None]


def test_what_is_kept_is_asked_for_once_and_stays_as_it_was(unpacking: Unpacking) -> None:
    assert read(KeptChunks(24), unpacking, "1231232") == [1, 2, 3, 1, 2, 3, 2]
    assert unpacking.asked == ["1", "2", "3"]


def test_what_nobody_asked_for_the_longest_goes_first(unpacking: Unpacking) -> None:
    assert read(KeptChunks(16), unpacking, "121312") == [1, 2, 1, 3, 1, 2]
    assert unpacking.asked == ["1", "2", "3", "2"]


def test_a_chunk_that_is_larger_than_all_the_room_is_not_kept(unpacking: Unpacking) -> None:
    kept = KeptChunks(7)
    assert read(kept, unpacking, "112") == [1, 1, 2]
    assert unpacking.asked == ["1", "1", "2"]
    kept = KeptChunks(8)
    assert read(kept, unpacking, "3") == [3]
    large = kept.part("large", WHOLE, lambda: np.zeros(9, np.uint8))
    assert large is not None
    assert len(large) == 9
    assert "3" in kept
    assert "large" not in kept


def test_part_of_a_chunk_that_is_not_there_is_none() -> None:
    kept, asked = KeptChunks(16), list[int]()

    def nothing() -> None:
        asked.append(1)

    assert kept.part("1", WHOLE, nothing) is kept.part("1", WHOLE, nothing) is None
    assert len(asked) == 2


def test_a_part_is_what_is_at_its_place(unpacking: Unpacking) -> None:
    kept = KeptChunks(64)
    for _ in range(2):
        part = kept.part("x", (np.array([0, 2]), slice(1, 3)), lambda: np.arange(12).reshape(3, 4))
        assert part is not None
        assert part.tolist() == [[1, 2], [9, 10]]
