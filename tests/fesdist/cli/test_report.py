"""`fesdist report` from its words to the file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fesdist.cli import report
from fesdist.evaluation import comparison
from fesdist.requests.measuring import Report
from fesdist.requests.parser import read_words
from storage.stack.reading import TrainingStack
from tests.fesdist.evaluation.small_store import make_stack, publish


@pytest.fixture
def stack(tmp_path: Path) -> str:
    return make_stack(tmp_path / "stack.zarr")


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(tmp_path / "weights")


def run(*words: str) -> int:
    return report.run(read_words(Report, words))


def test_the_file_is_named_after_the_version_unless_told_otherwise(
    stack: str, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(store, stack)
    publish(store, stack)
    monkeypatch.chdir(tmp_path)
    assert run(store, "small") == 0
    assert (tmp_path / "small-2.html").is_file()
    assert run(store, "small@1", "--out", "other.html") == 0
    assert "small@1" in (tmp_path / "other.html").read_text(encoding="utf-8")
    printed = capsys.readouterr()
    assert printed.out.startswith("small-2.html: ")
    assert "small@2 was not measured; `fesdist evaluate " in printed.err


def test_a_folder_gets_a_file_named_after_the_version(
    stack: str, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, stack)
    monkeypatch.chdir(tmp_path)
    assert run(store, "small", "--out", ".") == 0
    assert (tmp_path / "small-1.html").is_file()


def test_memory_bounds_the_people_compared_at_once(
    stack: str, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, stack)
    given: list[int] = []

    def sized(stack: TrainingStack, memory: int) -> int:
        given.append(memory)
        return 1

    monkeypatch.setattr(comparison, "batch_size", sized)
    run(store, "small", "--out", str(tmp_path / "page.html"), "--memory", "520MiB")
    assert given == [200 << 20], "320 MiB are reserved"


def test_people_says_how_many_are_shown(stack: str, store: str, tmp_path: Path) -> None:
    publish(store, stack)
    for people in (1, 3):
        run(store, "small", "--out", str(tmp_path / "page.html"), "--people", str(people))
        assert (tmp_path / "page.html").read_text(encoding="utf-8").count("<figcaption><strong>") == people + 9


def test_a_stack_that_is_gone_is_a_warning(
    stack: str, store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(store, stack)
    shutil.rmtree(stack)
    assert run(store, "small", "--out", str(tmp_path / "page.html")) == 0
    assert "notice: the report has no faces" in capsys.readouterr().err
