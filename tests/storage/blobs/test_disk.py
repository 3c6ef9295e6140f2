"""Folders that others write to or remove meanwhile are made, filled and removed; disks that sync none are used."""

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


@pytest.fixture
def filling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list: as long as it has entries, somebody writes to a folder before it is removed, and takes one."""
    usual, left = os.rmdir, list[int]()

    def rmdir(name: str, *arguments: Any, **named: Any) -> None:
        if left and name == "kept":
            (tmp_path / "flows/kept" / f"{left.pop()}").touch()
        usual(name, *arguments, **named)

    monkeypatch.setattr(os, "rmdir", rmdir)
    return left


def test_a_folder_goes_with_what_is_written_to_it_meanwhile(tmp_path: Path, filling: list[int]) -> None:
    location = LocalLocation(tmp_path)
    location.write("flows/kept/a", b"1")
    filling.extend(range(3))
    location.delete("flows")
    assert not filling
    assert not (tmp_path / "flows").exists()


def test_a_folder_that_is_always_written_to_is_named(tmp_path: Path, filling: list[int]) -> None:
    location = LocalLocation(tmp_path)
    location.write("flows/kept/a", b"1")
    filling.extend(range(1000))
    with pytest.raises(StorageError, match=r"flows cannot be removed, as somebody is using it \(Directory not empty\)"):
        location.delete("flows")


def test_what_two_remove_is_gone_for_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    location = LocalLocation(tmp_path)
    for name in "abc":
        location.write(f"flows/{name}", b"1")
    usual, removed = os.unlink, list[str]()

    def unlink(name: str, *arguments: Any, **named: Any) -> None:
        usual(name, *arguments, **named)
        if not removed:
            removed.append(name)
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))  # as if another had been faster

    monkeypatch.setattr(os, "unlink", unlink)
    location.delete("flows")
    assert removed
    assert not (tmp_path / "flows").exists()


def test_a_file_in_the_way_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"no folder can be made at .*file/below \(.*file is a file\)"):
        make_folder(tmp_path / "file" / "below")
