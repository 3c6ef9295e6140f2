"""history, verify, divide and delete as a user types them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fesdist.cli.main import main
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack
from tests.drafts import create_draft
from tests.fesdist.evaluation.small_store import make_stack, publish
from tests.fesdist.images.test_dividing import written
from tests.storage.conftest import FACTS, WEIGHTS, fill


@pytest.fixture
def stack(tmp_path: Path) -> str:
    return make_stack(tmp_path / "stack.zarr")


@pytest.fixture
def weights(tmp_path: Path, stack: str) -> str:
    """Return a store with two versions of the model `small`; the first is in production, and the second was."""
    store = str(tmp_path / "weights")
    publish(store, stack)
    publish(store, stack)
    for words in (["promote", "1"], ["promote", "2", "--note", "smoother"], ["rollback"]):
        alias = ["production"] if words[0] == "rollback" else ["--as", "production"]
        assert main([words[0], store, "small", *words[1:], *alias]) == 0
    return store


def test_the_history_of_an_alias_is_all_its_moves(weights: str, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["history", weights, "small", "production"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[2:]]
    moves = [["production", "promote", "1"], ["production", "promote", "2"], ["production", "rollback", "1"]]
    assert [row[:3] for row in rows] == moves
    assert rows[1][-1] == "smoother"
    assert main(["history", weights, "small", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [move["version"] for move in found["moves"]] == [1, 2, 1]
    assert found["deleted"] == []


@pytest.mark.parametrize(
    ("words", "complaint"),
    [(["large"], "no published model 'large'"), (["small", "candidate"], "alias 'candidate'")],
)
def test_a_history_of_nothing_is_an_error(
    weights: str, words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", weights, *words]) == 1
    assert complaint in capsys.readouterr().err


def test_a_version_is_deleted_unless_an_alias_points_at_it(weights: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["delete", weights, "small", "1"]) == 1
    assert "small@1 is named by the alias production" in capsys.readouterr().err
    assert main(["delete", weights, "small", "2", "--note", "by mistake"]) == 0
    assert "small version 2 is deleted; its number is not used again" in capsys.readouterr().out
    assert main(["verify", weights, "small@2"]) == 1
    assert main(["delete", weights, "small", "2"]) == 1
    capsys.readouterr()
    assert main(["history", weights, "small"]) == 0
    *_, last = capsys.readouterr().out.splitlines()
    assert last.split()[:2] == ["delete", "2"]
    assert last.endswith("by mistake")


def test_what_was_damaged_is_found(weights: str, stack: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", weights, "small@production"]) == 0
    assert main(["verify", stack]) == 0
    printed = capsys.readouterr().out
    assert printed.count("all is as it was stored") == 2
    label = Path(stack, "subject", "c", "0")
    label.write_bytes(label.read_bytes()[:-1])
    assert main(["verify", stack]) == 1
    assert "all is as it was stored but for 1 array that other programs read\n" in capsys.readouterr().out
    a_chunk = next(path for path in sorted(Path(weights, "small", "data").rglob("c/**/*")) if path.is_file())
    for chunk in (a_chunk, Path(stack, "neutral", "c", "0", "0", "0", "0")):
        chunk.write_bytes(bytes(255 - byte for byte in chunk.read_bytes()))
    assert main(["verify", stack]) == 1
    out, told = capsys.readouterr()
    assert "8 damaged; restore them from a copy" in out  # one chunk has all people
    assert "neutral of p0: " in told
    assert "subject/c/0, which other programs read, is not as " in told
    assert sorted(main(["verify", weights, f"small@{number}"]) for number in (1, 2)) == [0, 1]
    assert "is missing or damaged" in capsys.readouterr().err


def test_a_store_without_a_version_is_no_stack(weights: str, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("verify", "show"):
        assert main([command, weights]) == 1
        assert "is a weight store, no training stack: expected the name of a version after it, such as small;" in (
            capsys.readouterr().err
        )


def test_a_version_and_a_stack_are_shown(stack: str, weights: str, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["show", weights, "small@production"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("small@1\n")
    assert re.search(r"aliases +production", printed)
    assert main(["show", weights, "small", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == 2
    assert main(["show", stack]) == 0
    assert f"{stack}: " in capsys.readouterr().out
    assert main(["show", stack, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["people"]) == TrainingStack.open(stack).n_samples


def test_a_version_is_copied_and_a_model_deleted(
    weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = str(tmp_path / "other")
    assert main(["copy", weights, "small@production", other, "--name", "kept"]) == 0
    assert f"small@1 of {weights} is kept@1 of {other}" in capsys.readouterr().out
    assert main(["verify", other, "kept"]) == 0
    assert main(["delete", weights, "small", "--all"]) == 0
    assert main(["versions", weights]) == 0
    assert "has no models yet" in capsys.readouterr().out


def test_of_many_expressions_the_first_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = WeightStore(str(tmp_path / "weights"))
    draft = create_draft(store, "many", "job", WEIGHTS, {})
    draft.publish(replace(FACTS, expressions=tuple("abcdefghij")), fill(draft))
    assert main(["versions", store.uri]) == 0
    assert capsys.readouterr().out.splitlines()[1].endswith("; expressions a, b, c, d, e, f, g, h and 2 more")


def test_what_all_versions_have_alike_is_no_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = WeightStore(str(tmp_path / "weights"))

    def listed(job: str, **changes: Any) -> list[str]:
        draft = create_draft(store, "m", job, WEIGHTS, {})
        draft.publish(replace(FACTS, **changes), fill(draft))
        assert main(["versions", store.uri]) == 0
        return capsys.readouterr().out.splitlines()

    rows, cols = FACTS.image_shape
    name, alike, columns, *_ = listed("first")
    assert (name, alike) == ("m", f"  colour {FACTS.colour}; size {rows} x {cols}; expressions sad, smiling")
    assert columns.split() == ["version", "created", "model", "face", "mouth", "aliases"]
    name, alike, columns, _, first, second, *_ = listed("second", colour="gray")
    assert alike == f"  size {rows} x {cols}; expressions sad, smiling"
    assert columns.split() == ["version", "created", "model", "colour", "face", "mouth", "aliases"]
    assert f"  {FACTS.colour}  " in first
    assert "  gray  " in second


def test_a_photograph_is_replaced_and_a_person_deleted(
    stack: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = TrainingStack.open(stack)
    name, expression = before.subjects[1].id, before.targets[0]
    rows, cols = before.image_shape
    Image.new("RGB", (cols, rows), "teal").save(tmp_path / "teal.png")
    assert main(["replace", stack, name, expression, str(tmp_path / "teal.png")]) == 0
    place = [subject.id for subject in TrainingStack.open(stack).subjects].index(name)
    pixels = TrainingStack.open(stack).read(expression, [place], slice(0, rows), slice(0, cols))
    assert len(np.unique(pixels)) <= 2
    assert main(["replace", stack, name, expression, str(tmp_path / "teal.png"), "--align"]) == 1
    assert "does not say where its faces have their eyes" in capsys.readouterr().err
    points = ["--points", str(tmp_path / "points.csv")]
    assert main(["replace", stack, name, expression, str(tmp_path / "teal.png"), *points]) == 1
    assert "--points is of no use without --align: give that as well" in capsys.readouterr().err
    assert main(["delete", stack, name, "1"]) == 1
    assert main(["delete", stack, name]) == 0
    assert name not in {subject.id for subject in TrainingStack.open(stack).subjects}
    assert main(["delete", stack, name]) == 1
    assert f"there is nobody called {name!r}" in capsys.readouterr().err
    assert main(["verify", stack]) == 0


def test_an_expression_is_divided_and_united_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack = written(tmp_path / "faces.zarr", range(16))
    assert main(["divide", stack, "smiling"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"smiling of {stack} is two expressions now, by how mouths change; versions trained before stay",
        "  smiling-1  9 people, 1 of them held out: the smaller changes",
        "  smiling-2  7 people, 2 of them held out: the larger ones",
    ]
    assert main(["divide", stack, "smiling", "--undo"]) == 0
    assert capsys.readouterr().out == f"smiling-1 and smiling-2 of {stack} are smiling again, of 16 people\n"
    assert main(["divide", stack, "smiling", "--names", "open"]) == 1
    assert "--names open; expected two, separated by a comma" in capsys.readouterr().err
