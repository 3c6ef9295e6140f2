"""A folder that fills: files wait until they are whole, come once, and again when they were replaced."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from fesdist.images.listing import Exclusion
from fesdist.inference.watching import Inbox, watch


def _write(path: Path, n_bytes: int, second: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * n_bytes)
    os.utime(path, (second, second))


def test_a_file_is_handed_out_when_it_stays_as_it_was(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, tmp_path / "out", Exclusion(("*_old*",)))
    assert inbox.arrived() == []
    _write(tmp_path / "sub/a.jpg", 10)
    _write(tmp_path / "notes.txt", 10)
    _write(tmp_path / "b_old.jpg", 10)
    _write(tmp_path / "out/smiling/a.jpg", 10)
    assert inbox.arrived() == []
    _write(tmp_path / "sub/a.jpg", 20)
    assert inbox.arrived() == []
    assert inbox.arrived() == ["sub/a.jpg"]
    assert inbox.arrived() == []


def test_an_empty_file_is_not_there_yet_and_a_replaced_one_comes_again(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, tmp_path / "out", Exclusion(()))
    _write(tmp_path / "a.png", 0)
    assert (inbox.arrived(), inbox.arrived()) == ([], [])
    _write(tmp_path / "a.png", 5)
    assert (inbox.arrived(), inbox.arrived()) == ([], ["a.png"])
    _write(tmp_path / "a.png", 5, second=9)
    assert (inbox.arrived(), inbox.arrived()) == ([], ["a.png"])
    (tmp_path / "a.png").unlink()
    assert inbox.arrived() == []
    _write(tmp_path / "a.png", 5, second=9)
    assert (inbox.arrived(), inbox.arrived()) == ([], ["a.png"])


def test_it_ends_when_nothing_came_for_long_enough() -> None:
    looks: list[Sequence[str]] = [["a"], [], ["b"], [], [], [], ["never"]]
    seconds, waits = [0.0], []

    def wait(every: float) -> None:
        waits.append(every)
        seconds[0] += every

    found = watch(lambda: looks.pop(0), 2.0, 5.0, wait, lambda: seconds[0])
    assert list(found) == [["a"], ["b"]]
    assert (looks, waits) == ([["never"]], [2.0] * 5)
