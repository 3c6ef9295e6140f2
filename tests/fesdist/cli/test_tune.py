"""`fesdist tune`: what it prints, what it writes, and what it refuses before it begins."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from fesdist.cli import tune
from fesdist.cli.main import main
from fesdist.ground.errors import BadParameterError
from fesdist.ground.tiles import Tile
from fesdist.tuning.fold_stage import FoldStage
from fesdist.tuning.tuning import Tuning
from storage.datasets.store import WeightStore
from tests.fesdist.training.stacks import write_stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_stack(tmp_path_factory.mktemp("stack") / "stack.zarr", side=24, people=10))


def test_what_is_tuned_is_trained(stack: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, store = str(tmp_path / "tuned here.toml"), str(tmp_path / "weights")
    words = ["--window", "1,3", "--ridge", "0.1,1,10", "--folds", "4", "--per-pixel", "--workers", "0"]
    assert main(["tune", stack, *words, "--out", out]) == 0
    printed = capsys.readouterr().out
    assert "people in 4 folds, each left out in turn" in printed
    assert printed.count("best") == 2
    *_, following = printed.splitlines()
    assert shlex.split(following) == ["next:", "fesdist", "train", stack, "weights", "--name", "NAME", "--config", out]
    assert main(["train", stack, store, "--name", "tuned", "--config", out, "--workers", "0"]) == 0
    manifest = WeightStore(store).open("tuned").manifest
    assert manifest.tuning is not None
    assert len(manifest.tuning["results"]) == 6
    assert len(manifest.model.parameters["ridge"]) == 16


def test_json_is_the_record(stack: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "tuned.toml")
    words = ["--model", "pca", "--rank", "1,2", "--leave-one-out", "--workers", "0", "--json"]
    assert main(["tune", stack, *words, "--out", out]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [result["options"] for result in record["results"]] == [{"rank": 1}, {"rank": 2}]
    assert record["n_folds"] == record["n_people"]


def test_nothing_is_tuned_for_a_folder_that_is_not_there(
    stack: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tune", stack, "--out", str(tmp_path)]) == 1
    assert f"{tmp_path} is a folder; give --out the name of a file" in capsys.readouterr().err
    assert main(["tune", stack, "--out", str(tmp_path / "none" / "tuned.toml")]) == 1
    assert "no file can be written in" in capsys.readouterr().err


def test_what_was_found_is_kept_until_the_configuration_is_written(
    stack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tuned.toml"
    words = ["tune", stack, "--window", "1,3", "--ridge", "0.1,1", "--folds", "3", "--workers", "0", "--out", str(out)]

    def full(path: Path, tuning: Tuning) -> None:
        raise BadParameterError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(tune, "write_config", full)
        assert main(words) == 1
    assert "no space left" in capsys.readouterr().err
    assert len(list(tmp_path.iterdir())) == 1

    def again(stage: FoldStage, tile: Tile, group: int) -> None:
        raise AssertionError(f"{tile} is computed once more")

    monkeypatch.setattr(FoldStage, "find", again)
    assert main(words) == 0
    assert list(tmp_path.iterdir()) == [out]


def test_values_are_numbers(stack: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["tune", stack, "--window", "3,wide"])
    assert "'3,wide'; expected whole numbers, separated by commas" in capsys.readouterr().err


def test_what_cannot_be_tried_is_refused_before_workers_are_started(
    stack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("fesdist.cli.tune.open_cluster", lambda *_: pytest.fail("a cluster was started"))
    for words, told in ((["--window", "4"], "no pixel at its centre"), (["--ridge", "1,1"], "has a value twice")):
        assert main(["tune", stack, *words, "--out", str(tmp_path / "tuned.toml"), "--workers", "0"]) == 1
        assert told in capsys.readouterr().err
