"""The words and exit codes of `fesdist ingest`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fesdist.cli import ingest
from fesdist.ground.errors import BadParameterError
from fesdist.requests.parser import read_words
from fesdist.requests.stacks import Ingest
from storage.stack.reading import TrainingStack

Run = Callable[..., int]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return five people, neutral and happy, 6 x 6 RGB, and a file that is no photograph."""
    random = np.random.default_rng(0)
    for expression in ("neutral", "happy"):
        (tmp_path / "pairs" / expression).mkdir(parents=True)
        for number in range(5):
            pixels = random.integers(0, 256, (6, 6, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pairs" / expression / f"{number}.png")
    (tmp_path / "pairs" / "notes.txt").touch()
    return tmp_path / "pairs"


@pytest.fixture
def run(folder: Path) -> Run:
    """Return `run(*options) -> exit code`, which ingests `folder` into stack.zarr beside it."""

    def run(*options: str) -> int:
        return ingest.run(read_words(Ingest, [str(folder), str(folder.parent / "stack.zarr"), *options]))

    return run


def test_summary(run: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("L", (6, 6)).save(folder / "neutral" / "alone.png")
    assert run() == 0
    stack = folder.parent / "stack.zarr"
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        f"created {stack}: 6 x 6 RGB uint8",
        "stored 10 photographs; the stack holds 5 people",
        "",
        "  expression  pairs  train  held out",
        "  ──────────  ─────  ─────  ────────",
        "  happy           5      4         1",
        "",
        f"next: fesdist plan {stack}",
    ]
    assert printed.err.splitlines() == [
        "notice: 1 person with nothing but the input expression, skipped: alone",
        f"notice: 1 file ignored, as no part of a pair: {folder}/notes.txt",
    ]
    assert run("--strict") == 4
    capsys.readouterr()
    (folder / "notes.txt").unlink()
    (folder / "neutral" / "alone.png").unlink()
    assert run("--strict") == 0
    assert "stored 0 photographs, 10 were already there; the stack holds 5 people" in capsys.readouterr().out


def test_folders_are_told_as_folders_with_the_reason(
    run: Run, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "neutral" / "anna").mkdir()
    (folder / "happy" / "@eaDir").mkdir()
    assert run() == 0
    lines = capsys.readouterr().err.splitlines()
    assert f"notice: 1 file ignored, as no part of a pair: {folder}/notes.txt" in lines
    start = lines.index("notice: 2 folders ignored, with all inside:")
    assert lines[start + 1].startswith(f"  {folder}/happy/@eaDir: ")
    assert lines[start + 2] == f"  {folder}/neutral/anna: a folder inside an expression's folder"


def test_some_failed(run: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "happy" / "2.png").write_bytes(b"")
    assert run() == 3
    captured = capsys.readouterr()
    assert captured.err.splitlines()[:3] == [
        "notice: 1 photograph could not be used:",
        f"  {folder}/happy/2.png: the file is empty; expected a PNG, JPEG, WebP, TIFF, BMP, GIF, AVIF or HEIC image",
        "notice: 1 person left without a pair by unusable files: 2",
    ]


def test_options_reach_the_stack(run: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ids = folder.parent / "ids.txt"
    ids.write_text("1\n\n 4 \n")
    options = ("--size", "3x4", "--colour", "gray", "--normalisation", "min-max", "--holdout", str(ids))
    assert run(*options, "--input-expression", "happy") == 0
    captured = capsys.readouterr()
    assert "3 x 4 gray float64" in captured.out
    assert "resized 10 of them from 6 x 6" in captured.out
    assert "stretched" not in captured.err
    stack = TrainingStack.open(folder.parent / "stack.zarr")
    assert stack.expressions == ("happy", "neutral")
    assert [subject.id for subject in stack.subjects if subject.holdout] == ["1", "4"]


def test_a_size_that_cannot_work_is_refused_before_anything_is_written(run: Run, folder: Path) -> None:
    with pytest.raises(
        BadParameterError,
        match=r"images of 99,999,999 x 99,999,999 = .* pixels were asked for; expected at most 64,000",
    ):
        run("--size", "99999999")
    assert not (folder.parent / "stack.zarr").exists()


def test_stretched_photographs_are_mentioned(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--size", "10x30") == 0
    assert "notice: 10 photographs stretched, as proportions differ (better crop them first)" in capsys.readouterr().err


def test_pixel_limit(run: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (100, 100)).save(folder / "happy" / "0.png")
    assert run("--pixel-limit", "0.005") == 3
    assert "100 x 100 = 10,000 pixels; expected at most 5,000" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "0", "x", "12x", "-3", "3x0", "big", "3x4x5", "9" * 5000])
def test_sizes_that_are_none(run: Run, capsys: pytest.CaptureFixture[str], text: str) -> None:
    with pytest.raises(SystemExit):
        run(f"--size={text}")
    assert "is no size; expected pixels such as 128, or" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0", "many", "inf", "nan", "-1", "1e305"])
def test_limits_that_are_none(run: Run, capsys: pytest.CaptureFixture[str], text: str) -> None:
    with pytest.raises(SystemExit):
        run(f"--pixel-limit={text}")
    assert "is no limit; expected megapixels such as 64" in capsys.readouterr().err


def test_hold_out_that_is_neither_fraction_nor_file(run: Run) -> None:
    with pytest.raises(
        BadParameterError, match=r"--holdout none\.txt: expected a fraction such as 0\.2, or a text file"
    ):
        run("--holdout", "none.txt")


def test_a_file_of_ids_to_hold_out(run: Run, folder: Path) -> None:
    (folder.parent / "ids.txt").write_text("1\n\n 3 \n", encoding="utf-8-sig")  # as some editors save UTF-8
    assert run("--holdout", str(folder.parent / "ids.txt")) == 0
    subjects = TrainingStack.open(folder.parent / "stack.zarr").subjects
    assert {subject.id for subject in subjects if subject.holdout} == {"1", "3"}


def test_a_file_name_that_is_no_text(run: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "happy" / "b\udcff.png").touch()
    assert run() == 0
    assert r"happy/b\udcff.png" in capsys.readouterr().err


def test_the_same_picture_under_two_names_is_noticed_and_stays_on_one_side(
    run: Run, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in range(5):
        for expression in ("neutral", "happy"):
            shutil.copy(folder / expression / f"{name}.png", folder / expression / f"again-{name}.png")
    assert run("--json") == 0
    found = json.loads(capsys.readouterr().out)
    (notice,) = [each for each in found["notices"] if each["kind"] == "doubtful"]
    assert (notice["count"], notice["text"]) == (
        5,
        "5 pictures under the names of several people; whoever is new is kept on one side of the split",
    )
    assert "0 = again-0" in notice["examples"] or "again-0 = 0" in notice["examples"]
    sides = {subject.id: subject.split for subject in TrainingStack.open(folder.parent / "stack.zarr").subjects}
    assert all(sides[str(name)] == sides[f"again-{name}"] for name in range(5))
    assert sorted(sides.values()) == ["holdout"] * 2 + ["train"] * 8
