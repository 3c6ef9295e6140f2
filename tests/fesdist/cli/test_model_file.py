"""Models described by tables of TOML files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fesdist.cli.model_file import model_from_table, read_toml
from fesdist.ground.errors import BadParameterError
from fesdist.ground.receptive_field import mask_offsets
from fesdist.registry import Lasso, MaskedRegression

WHERE = "[models.a] of models.toml"


def test_options_are_those_of_the_command_line(tmp_path: Path) -> None:
    table = {"model": "mr", "window": 3, "dilation": 2, "ridge": 1}
    assert model_from_table(table, WHERE, tmp_path) == MaskedRegression.with_window(3, dilation=2, ridge=1.0)
    assert model_from_table({"model": "lasso", "l1": 0.2}, WHERE, tmp_path) == Lasso(0.2)


def test_a_mask_lies_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "row.txt").write_text("1 1 1\n")
    found = model_from_table({"model": "mr", "mask": "row.txt"}, WHERE, tmp_path)
    assert found == MaskedRegression(mask_offsets([[1, 1, 1]]))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (7, 'names no model; expected a table with model = "mr" and its options'),
        ({"window": 3}, "names no model"),
        ({"model": "mr", "widow": 3}, "has the key 'widow'; expected model, window, dilation, mask,"),
        ({"model": "mr", "window": 3.0}, "has window = 3.0; expected a whole number"),
        ({"model": "mr", "ridge": True}, "has ridge = True; expected a number"),
        ({"model": "krrr", "kernel": 1}, "has kernel = 1; expected a text"),
        ({"model": "pca", "window": 3}, "model 'pca' has no option window; its options: rank"),
        ({"model": "mr", "ridge": -1}, "ridge -1; expected a number above 0"),
        ({"model": "gan"}, "unknown model 'gan'"),
    ],
)
def test_what_is_no_model_is_refused(table: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadParameterError) as raised:
        model_from_table(table, WHERE, tmp_path)
    assert str(raised.value).startswith(WHERE)
    assert message in str(raised.value)


def test_a_file_that_is_absent_or_no_toml_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "models.toml"
    with pytest.raises(BadParameterError, match=r"models.toml cannot be read .*; expected a TOML file"):
        read_toml(file)
    file.write_text("[models")
    with pytest.raises(BadParameterError, match=r"models.toml is no TOML: "):
        read_toml(file)
