"""A large folder is worked on while it is looked at, and what is held does not grow with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fesdist.ground.errors import BadParameterError
from fesdist.inference import summary as summaries
from fesdist.inference import todo as todos
from fesdist.inference import walking
from fesdist.inference.batch import FolderJob
from fesdist.inference.manifest import FILE_NAME, open_manifest
from fesdist.inference.names import DEFAULT_PATTERN, Naming
from fesdist.inference.record import InputFile, Record
from fesdist.inference.settings import SynthesisSettings
from fesdist.inference.summary import SynthesisSummary
from fesdist.inference.todo import Todo

N_FOLDERS, IN_EACH = 20, 30


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Return the folders that were read, of a tree of 20 with 30 photographs and as many notes in each."""
    source, found = str(tmp_path / "photos"), list[str]()

    def entries(folder: str) -> tuple[list[str], list[str]]:
        found.append(folder)
        if folder.rstrip("/") == source:
            return [f"{number:02}" for number in range(N_FOLDERS)], []
        return [], [f"{number:02}.{ending}" for number in range(IN_EACH) for ending in ("png", "txt")]

    (tmp_path / "photos").mkdir()
    monkeypatch.setattr(walking, "entries", entries)
    monkeypatch.setattr(todos, "AHEAD", 70)
    monkeypatch.setattr(summaries, "MOST_NAMED", 100)
    return found


def _todo(tmp_path: Path, pattern: str = DEFAULT_PATTERN) -> tuple[Todo, SynthesisSummary]:
    source, out = tmp_path / "photos", tmp_path / "out"
    job = FolderJob(source, out, "weights", "london@1", SynthesisSettings(), {}, None, "d1", 0, 1)
    summary = SynthesisSummary("london@1", ("smiling",), out)
    naming = Naming(("smiling",), pattern, {}, lambda _: ".png")
    return Todo(source, job, naming, summary), summary


def test_folders_are_read_as_their_photographs_are_worked_on(tmp_path: Path, read: list[str]) -> None:
    todo, summary = _todo(tmp_path)
    assert (todo.n_found, len(read), todo.complete) == (70, 4, False)
    with open_manifest(tmp_path / "out") as manifest:
        tasks = todo.tasks(manifest, None)
        for n_done in range(1, N_FOLDERS * IN_EACH + 1):
            assert next(tasks).outputs.keys() == {"smiling"}
            assert todo.n_found <= max(70, n_done)
        assert list(tasks) == []
        assert (todo.n_found, todo.n_tasks, todo.complete) == (600, 600, True)
        assert len(read) == 1 + N_FOLDERS
        assert manifest.record("19/29.txt") == Record(
            InputFile("19/29.txt"), "skipped", "its name does not end like an image's"
        )
    assert (summary.others.n, len(summary.others)) == (600, 100)


def test_what_was_done_is_passed_over(tmp_path: Path, read: list[str]) -> None:
    with open_manifest(tmp_path / "out") as manifest:
        for name in ("00/00.png", "19/29.png"):
            made = tmp_path / "out/smiling" / name
            made.parent.mkdir(parents=True)
            made.write_bytes(b"1")
            outputs, sizes = {"smiling": f"smiling/{name}"}, {"smiling": 1}
            manifest.append(Record(InputFile(name), "ok", "", outputs, "london@1", "d1", sizes=sizes))
    todo, summary = _todo(tmp_path)
    with open_manifest(tmp_path / "out") as manifest:
        assert sum(1 for _ in todo.tasks(manifest, None)) == 598
    assert summary.unchanged == 2
    before = (tmp_path / "out" / FILE_NAME).read_bytes()
    todo, _ = _todo(tmp_path)
    with open_manifest(tmp_path / "out") as manifest:
        assert sum(1 for _ in todo.tasks(manifest, None)) == 598
    # Files that are no images are said to be none once.
    assert (tmp_path / "out" / FILE_NAME).read_bytes() == before


def test_names_that_are_alike_are_refused_before_anything_is_made(tmp_path: Path, read: list[str]) -> None:
    with pytest.raises(BadParameterError, match=r"gives 00\.png to smiling of 00/00\.png and to smiling of 01/00\.png"):
        _todo(tmp_path, "{stem}{ending}")
    assert not (tmp_path / "out").exists()


def test_a_file_of_others_far_down_is_not_replaced(tmp_path: Path, read: list[str]) -> None:
    precious = tmp_path / "out/smiling/19/00.png"
    precious.parent.mkdir(parents=True)
    precious.touch()
    todo, _ = _todo(tmp_path)
    with (
        open_manifest(tmp_path / "out") as manifest,
        pytest.raises(BadParameterError, match=r"19/00\.png is there already and was not made by a run"),
    ):
        list(todo.tasks(manifest, None))
    assert todo.n_found == 19 * IN_EACH
