"""One holder at a time; a disk that refuses locks is named, with the cure."""

from __future__ import annotations

import errno
import fcntl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.blobs.locks import held_lock
from storage.errors import StorageError


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    lock = held_lock(tmp_path / "lock")
    assert lock is not None
    assert held_lock(tmp_path / "lock") is None
    lock.release()
    again = held_lock(tmp_path / "lock")
    assert again is not None
    again.release()


def test_another_thread_than_the_one_that_took_it_may_release_it(tmp_path: Path) -> None:
    lock = held_lock(tmp_path / "lock")
    assert lock is not None
    with ThreadPoolExecutor(1) as other:
        other.submit(lock.release).result()
    again = held_lock(tmp_path / "lock")
    assert again is not None
    again.release()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_disk_without_locks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuses(*_: object) -> None:
        raise OSError(number, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuses)
    with pytest.raises(StorageError, match=rf"the disk of {tmp_path} refuses locks"):
        held_lock(tmp_path / "lock")
