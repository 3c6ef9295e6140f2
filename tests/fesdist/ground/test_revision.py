"""The revision changes with the sources and with nothing else, and everything that compares code uses it."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields, replace
from importlib.metadata import version
from pathlib import Path

import pytest

from fesdist.cluster.task import Signs, check_signs
from fesdist.ground.errors import ClusterError
from fesdist.ground.revision import digest_of, revision
from fesdist.training.job import TrainingJob


def test_it_is_the_version_and_a_digest() -> None:
    assert re.fullmatch(rf"{re.escape(version('fesdist'))}\+[0-9a-f]{{8}}", revision())


def test_a_process_elsewhere_has_the_same(tmp_path: Path) -> None:
    program = "from fesdist.ground.revision import revision; print(revision())"
    run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == revision()


def _package(root: Path) -> Path:
    (root / "package").mkdir(parents=True)
    (root / "package" / "one.py").write_text("ONE = 1\n")
    (root / "package" / "two.py").write_text("TWO = 2\n")
    return root


def _digest(root: Path) -> str:
    return digest_of(root, ("package",))


def test_equal_sources_have_equal_digests_wherever_they_lie(tmp_path: Path) -> None:
    assert _digest(_package(tmp_path / "here")) == _digest(_package(tmp_path / "there"))


def test_what_is_no_source_does_not_count(tmp_path: Path) -> None:
    before = _digest(_package(tmp_path))
    (tmp_path / "package" / "one.nbi").write_bytes(b"compiled")
    assert _digest(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "text"),
    [("one.py", "ONE = 2\n"), ("three.py", ""), ("one.py", ""), ("inner/one.py", "ONE = 1\n")],
    ids=["changed", "added", "emptied", "added in a folder"],
)
def test_any_change_of_the_sources_changes_it(name: str, text: str, tmp_path: Path) -> None:
    before = _digest(_package(tmp_path))
    path = tmp_path / "package" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert _digest(tmp_path) != before


def test_a_renamed_file_changes_it(tmp_path: Path) -> None:
    before = _digest(_package(tmp_path))
    (tmp_path / "package" / "one.py").rename(tmp_path / "package" / "first.py")
    assert _digest(tmp_path) != before


def test_workers_and_jobs_have_it() -> None:
    check_signs(Signs.here())
    with pytest.raises(
        ClusterError, match=rf"has fesdist {re.escape(revision())}, this client has 0\.0\.0; install the same"
    ):
        check_signs(replace(Signs.here(), revision="0.0.0"))
    (field,) = (field for field in fields(TrainingJob) if field.name == "code_version")
    assert field.default_factory is revision
