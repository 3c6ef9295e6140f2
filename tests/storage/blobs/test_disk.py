"""A folder that somebody else removes, as it is empty, is made again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from storage.blobs.disk import make_folder
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


def test_a_file_in_the_way_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"no folder can be made at .*file/below \(.*file is a file\)"):
        make_folder(tmp_path / "file" / "below")
