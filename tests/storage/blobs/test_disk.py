"""A folder that somebody else removes, as it is empty, is made again; disks that sync no folders are used."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from storage.blobs.disk import make_folder, sync
from storage.blobs.local import LocalLocation
from storage.errors import StorageError


def test_a_folder_that_goes_while_it_is_made_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, refused = Path.mkdir, [1, 2]

    def mkdir(path: Path, *arguments: Any, **named: Any) -> None:
        if refused and refused.pop():
            raise FileExistsError(17, "File exists")  # it was there a moment ago, and is not when looked at
        usual(path, *arguments, **named)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_a_folder_that_goes_before_it_is_written_to_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, removed = Path.write_bytes, [1, 2]

    def write_bytes(path: Path, data: Any) -> int:
        if removed and removed.pop():
            path.parent.rmdir()
        return usual(path, data)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    location = LocalLocation(tmp_path / "store")
    location.create("m/a.json", b"1")
    assert location.read("m/a.json") == b"1"
    assert not removed


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EBADF])
def test_a_disk_that_syncs_no_folders_keeps_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    usual, synced = os.fsync, list[int]()

    def of_files(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        usual(descriptor)
        synced.append(descriptor)

    location = LocalLocation(tmp_path)
    monkeypatch.setattr(os, "fsync", of_files)
    location.write("m/a.json", b"1")
    location.create("m/b.json", b"2")
    location.put("m/c", b"3")
    location.flush(["m/c"])
    assert [location.read(f"m/{name}") for name in ("a.json", "b.json", "c")] == [b"1", b"2", b"3"]
    assert len(synced) == 3


def test_a_file_that_cannot_be_synced_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def of_nothing(descriptor: int) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    (tmp_path / "a").write_bytes(b"1")
    monkeypatch.setattr(os, "fsync", of_nothing)
    with pytest.raises(OSError, match="Invalid argument"):
        sync(tmp_path / "a")


def test_a_file_in_the_way_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"no folder can be made at .*file/below \(.*file is a file\)"):
        make_folder(tmp_path / "file" / "below")
