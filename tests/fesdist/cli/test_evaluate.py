"""`fesdist evaluate` from its words to what it prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fesdist.cli import evaluate
from fesdist.ground.errors import BadParameterError
from fesdist.requests.measuring import Evaluate
from fesdist.requests.parser import read_words
from storage.datasets.records import Records
from storage.datasets.store import WeightStore
from storage.errors import StorageError
from tests.fesdist.evaluation.small_store import HELD_OUT, make_stack, publish


@pytest.fixture
def stack(tmp_path: Path) -> str:
    return make_stack(tmp_path / "stack.zarr")


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(tmp_path / "weights")


def run(*words: str) -> int:
    return evaluate.run(read_words(Evaluate, [*words, "--workers", "0"]))


def test_a_table_for_each_expression_with_both_baselines(
    stack: str, store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(stack, store, publish(store, stack)) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0] == f"small@1 on the holdout people of {stack}"
    assert "smiling: 3 people" in lines
    first, second = (
        {line[:26].strip(): line[26:].split() for line in lines[start : start + 8]}
        for start in (position for position, line in enumerate(lines) if "sharpness" in line or "PSNR" in line)
        if start < 20
    )
    assert first["output = input"][1] == "–"
    assert {"input + mean difference", "model", "model, refined"} < set(first)
    assert first["model"][1:3] == ["-100.0", "%"]
    assert second["real photograph"][-4:] == ["100", "%", "100", "%"]
    assert second["output = input"][2:4] == ["100", "%"]
    # Half the contrast has a quarter of the energy, and of the target all.
    assert second["model"][4:] == ["100", "%", "100", "%"]
    assert lines[1].startswith("the classifier learned from 10 real photographs of other people and is right about ")
    assert printed.err == ""


def test_json_is_the_record_that_the_store_keeps_and_its_summary(
    stack: str, store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(stack, store, publish(store, stack), "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    summary, outside = printed.pop("summary"), printed.pop("outside_summary")
    assert printed["notices"] == []
    assert [printed] == list(WeightStore(store).evaluations("small", 1))
    assert outside == []
    assert [(row["method"], row["identity"]) for row in summary][::5] == [("output = input", 1), ("real photograph", 1)]


def test_a_person_known_to_the_model_is_a_warning_on_holdout_only(
    stack: str, store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = publish(store, stack, trained_on=["p1", "p6"])
    run(stack, store, reference)
    assert (
        "notice: small@1 was trained on 1 person of those held out; the scores flatter it: p6"
        in capsys.readouterr().err
    )
    run(stack, store, reference, "--split", "train")
    assert "notice" not in capsys.readouterr().err


def test_an_expression_that_nobody_has_is_a_warning(
    tmp_path: Path, store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = make_stack(tmp_path / "two.zarr", expressions=("angry", "smiling"), lacking={"angry": HELD_OUT})
    assert run(stack, store, publish(store, stack, expressions=("angry", "smiling"))) == 0
    printed = capsys.readouterr()
    assert "smiling: 3 people" in printed.out
    assert printed.err.startswith(
        f"notice: 1 expression left out:\n  angry: {stack} has no people with expression 'angry'"
    )


def test_the_table_is_printed_even_if_the_store_cannot_keep_it(
    stack: str, store: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = publish(store, stack)

    def refuse(*arguments: object) -> None:
        raise StorageError("cannot write to weights")

    monkeypatch.setattr(Records, "put", refuse)
    assert run(stack, store, reference) == 1
    printed = capsys.readouterr()
    assert "smiling: 3 people" in printed.out
    assert "could not be kept, so no report will show it: cannot write to weights" in printed.err


def test_expressions_can_be_named(stack: str, store: str) -> None:
    with pytest.raises(BadParameterError, match="has no expression 'sad'"):
        run(stack, store, publish(store, stack), "--expressions", "smiling,sad")
