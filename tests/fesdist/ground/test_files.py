"""Files are written whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fesdist.ground.errors import BadParameterError
from fesdist.ground.files import check_replaceable, check_writable, remove_leftovers, write_whole


def test_a_file_is_replaced_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    for data in (b"first", b"second"):
        write_whole(tmp_path / "new" / "page.html", data, "the page")
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "new").iterdir()] == [("page.html", b"second")]


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadParameterError, match=r"the page cannot be written to .*page\.html \(.*\); expected a writ"):
        write_whole(tmp_path / "file" / "page.html", b"", "the page")
    with pytest.raises(BadParameterError, match=r"no file can be written in .*none .*; choose a writable"):
        check_writable(tmp_path / "none")
    with pytest.raises(BadParameterError, match=r"no file can be written in .*none .*; choose a writable"):
        check_replaceable(tmp_path / "none" / "page.html")
    with pytest.raises(BadParameterError, match=r"is a folder; give --out the name of a file, such as .*/NAME"):
        check_replaceable(tmp_path)


def test_what_can_be_written_passes(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "new", Path(os.devnull)):
        check_replaceable(place)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    kept = {".0123456789abcde.partial", ".x.partial", "0123456789abcdef.partial", "a.png", ".manifest.lock"}
    for name in (".0123456789abcdef.partial", *kept):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == kept
    remove_leftovers(tmp_path / "none")


def test_what_is_no_file_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, b"abc", "the report")
    assert os.read(reading, 10) == b"abc"
    os.close(reading)
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_file_is_no_folder_to_write_in(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    check_writable(tmp_path)
    for place in ("file", "nowhere"):
        with pytest.raises(BadParameterError, match=f"no file can be written in .*{place} .*; choose a writable"):
            check_writable(tmp_path / place)
