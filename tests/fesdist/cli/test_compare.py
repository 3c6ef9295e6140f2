"""`fesdist compare` from its words to what it prints, writes and keeps."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from fesdist.cli.main import main
from tests.conftest import REPOSITORY
from tests.fesdist.evaluation.small_store import make_stack
from tests.fesdist.training.stacks import write_stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_stack(tmp_path_factory.mktemp("stack") / "stack.zarr"))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return one store for all tests that compare the same models: what is measured once is not repeated."""
    return str(tmp_path_factory.mktemp("weights"))


def run(stack: str, weights: str | Path, *options: str) -> int:
    return main(["compare", stack, str(weights), "--workers", "0", *options])


def test_tables_winners_and_markdown(
    stack: str, weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tables.md"
    options = ("--models", "pca,mr-3", "--expressions", "happy", "--out", str(out))
    assert run(stack, weights, *options) == 0
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert lines[0] == "Tables 1 and 2. MSE x 100, face"
    assert lines[1].split() == ["neutral", "→", "happy", "happy", "→", "neutral", "mean"]
    assert [line.split()[0] for line in lines if "refined" in line and ";" not in line] == ["mr-3", "pca"] * 4
    assert [line.split()[:2] for line in lines].count(["real", "photograph"]) == 2
    assert max(map(len, lines)) < 120
    assert "* the best of its column" in lines
    assert any(line.startswith("the classifier of expressions is right about ") for line in lines)
    assert lines[-1].startswith("smallest mean error, face: ")
    best = re.findall(r"(\S+(?: %)?)\*", printed)
    assert len(best) >= 2 * 3 + 3 + 4 + 2 + 2
    assert re.findall(r"\*\*(\S+(?: %)?)\*\*", out.read_text()) == best
    assert run(stack, weights, *options) == 0
    assert capsys.readouterr().out == printed


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system has no names that are no text")
def test_a_stack_whose_name_is_no_text_has_a_file_of_tables(tmp_path: Path) -> None:
    stack, out = make_stack(tmp_path / "s\udce4.zarr"), tmp_path / "tables.md"
    assert run(stack, tmp_path / "weights", "--models", "pixel-rr", "--out", str(out)) == 3
    assert out.read_text().startswith("# Comparison on s\\udce4.zarr\n")


def test_json_has_every_number(stack: str, weights: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(stack, weights, "--models", "mr-3", "--expressions", "happy", "--direction", "forward", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    (measured,) = document["measured"]
    assert {key: measured[key] for key in ("entrant", "input", "target", "people", "version")} == {
        "entrant": "mr-3",
        "input": "neutral",
        "target": "happy",
        "people": 3,
        "version": 1,
    }
    assert document["entrants"]["mr-3"]["model"] == "mr"
    assert document["winners"].keys() == {"face", "mouth"}
    assert document["order_of_the_papers"] is None


def test_entrants_of_a_file_replace_the_list(stack: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "models.toml"
    config.write_text('[models.cross]\nmodel = "mr"\nmask = "cross.txt"\nridge = 2\n')
    (tmp_path / "cross.txt").write_text("0 1 0\n1 1 1\n0 1 0\n")
    assert run(stack, tmp_path / "weights", "--config", str(config), "--expressions", "sad", "--json") == 0
    entrants = json.loads(capsys.readouterr().out)["entrants"]
    cross = [[-1, 0], [0, -1], [0, 0], [0, 1], [1, 0]]
    assert entrants == {"cross": {"model": "mr", "parameters": {"offsets": cross, "ridge": 2.0}}}


def test_the_file_in_the_documentation_is_one(stack: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "models.toml"
    config.write_text((REPOSITORY / "docs/comparison.md").read_text().split("```toml\n")[1].split("```")[0])
    options = ("--expressions", "sad", "--direction", "forward", "--json")
    assert run(stack, tmp_path / "weights", "--config", str(config), *options) == 0
    (entrant,) = json.loads(capsys.readouterr().out)["entrants"].values()
    assert (len(entrant["parameters"]["offsets"]), entrant["parameters"]["ridge"]) == (49, 0.1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "models.toml has nothing; expected only tables such as [models.mr-7], one an entrant"),
        ('[model]\nmodel = "mr"\n', "models.toml has model; expected only tables"),
        ('[models.a]\nmodel = "mr"\nwidow = 7\n', "[models.a] of {path} has 'widow'; expected window, dilation,"),
    ],
)
def test_a_file_without_entrants_is_refused(
    stack: str, tmp_path: Path, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "models.toml"
    config.write_text(text)
    assert run(stack, tmp_path / "weights", "--config", str(config)) == 1
    assert message.format(path=config) in capsys.readouterr().err


def test_what_failed_is_said_and_is_the_exit_code(
    stack: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--models", "mr-3", "--expressions", "happy", "--direction", "forward", "--memory", "1MiB")
    assert run(stack, tmp_path / "weights", *options) == 3
    printed = capsys.readouterr()
    assert "notice: 1 measurement failed:\n  mr-3, neutral → happy: " in printed.err
    assert printed.out.splitlines()[-1] == "smallest mean error, face: –; mouth: –"


def test_a_stack_without_held_out_people_is_one_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(make_stack(tmp_path / "stack.zarr", held_out=()), tmp_path / "weights") == 1
    assert "is held out with both 'neutral' and 'smiling'" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_one_error(
    stack: str, weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "nowhere" / "tables.md"
    assert run(stack, weights, "--models", "mr-3", "--expressions", "happy", "--out", str(out)) == 1
    assert f"no file can be written in {out.parent} (" in capsys.readouterr().err
