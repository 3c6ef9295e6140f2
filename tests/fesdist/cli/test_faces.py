"""`fesdist faces`, as a user types it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from fesdist.cli import faces
from fesdist.ground.errors import BadParameterError
from fesdist.requests.parser import read_words
from fesdist.requests.stacks import Faces


def _run(*words: str) -> int:
    return faces.run(read_words(Faces, words))


def test_a_folder_of_pairs_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(str(tmp_path), "--people", "2", "--size", "24", "--expressions", "happy, sad") == 0
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["happy", "neutral", "sad"]
    with Image.open(tmp_path / "happy" / "001.png") as drawn:
        assert drawn.size == (24, 24)
    assert "6 faces of 2 people (neutral, happy, sad)" in capsys.readouterr().out


def test_all_expressions_are_drawn_when_none_is_named(tmp_path: Path) -> None:
    assert _run(str(tmp_path), "--people", "1", "--size", "16") == 0
    assert {folder.name for folder in tmp_path.iterdir()} == {"neutral", "happy", "sad", "surprised", "angry"}


def test_an_unknown_expression_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadParameterError, match="expression 'bored' cannot be drawn"):
        _run(str(tmp_path), "--expressions", "bored")


@pytest.mark.parametrize(("name", "message"), [("b7.png", "is named like an image"), ("there", "is a file")])
def test_a_folder_is_no_image(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "there").touch()
    with pytest.raises(BadParameterError, match=f"{name} {message}; expected a folder for the outputs"):
        _run(str(tmp_path / name))
    assert not (tmp_path / "b7.png").exists()
