"""Evaluations with drawn faces, whose expressions and persons are known, and what cannot be judged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fesdist.cli.main import main
from fesdist.cluster.settings import ClusterSettings
from fesdist.evaluation import judging
from fesdist.evaluation.confusion import accuracy, confusion_table
from fesdist.evaluation.document import Evaluation
from fesdist.evaluation.evaluate import evaluate
from fesdist.evaluation.judging import teachers_of
from fesdist.evaluation.looks import REAL
from fesdist.evaluation.rows import outside_rows
from fesdist.evaluation.scores import MODEL, UNCHANGED
from fesdist.faces.generate import write_faces
from fesdist.ground.errors import BadParameterError
from fesdist.images.listing import Exclusion
from fesdist.inference.photographs import find_photographs
from fesdist.report.build import write_report
from storage.datasets.store import WeightStore
from storage.errors import FormatError
from storage.stack.reading import TrainingStack
from tests.fesdist.evaluation.small_store import PEOPLE, make_stack, publish

HERE = ClusterSettings(workers=0)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a stack of sixteen drawn people, four of them held out, and a store with a version."""
    folder = tmp_path_factory.mktemp("drawn")
    write_faces(folder / "pairs", 16, 32, ("neutral", "happy", "surprised"))
    options = ("--window", "3", "--ridge", "0.1", "--pool", "0", "--workers", "0")
    words = (
        ("ingest", f"{folder}/pairs", f"{folder}/stack", "--holdout", "0.25"),
        ("train", f"{folder}/stack", f"{folder}/weights", "--name", "small", *options),
    )
    for command in words:
        assert main([*command]) == 0
    return folder


@pytest.fixture(scope="module")
def evaluation(drawn: Path) -> Evaluation:
    return evaluate(str(drawn / "stack"), str(drawn / "weights"), "small", cluster=HERE)


def test_real_expressions_are_recognised_and_inputs_are_not(evaluation: Evaluation) -> None:
    assert evaluation.learned_from == {"neutral": 12, "happy": 12, "surprised": 12}
    assert accuracy(evaluation) == 1
    for scores in evaluation.expressions:
        assert scores.seen(REAL).shares() == (1, 1, 1, 1)
        assert scores.seen(UNCHANGED).shares()[:2] == (0, 1)
        assert scores.seen(MODEL).shares()[:2] == (1, 1)
    table = confusion_table(evaluation)
    assert table.columns == ("neutral", "happy", "surprised")
    assert dict(table.rows)["model, surprised"] == (0, 0, 4)
    assert dict(table.rows)["real photograph, neutral"] == (4, 0, 0)


def test_few_teachers_are_chosen_evenly_and_never_among_those_who_are_judged(
    drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = TrainingStack.open(drawn / "stack")
    train = stack.samples("happy", "train").tolist()
    monkeypatch.setattr(judging, "MOST_PHOTOGRAPHS", 3)
    assert dict(teachers_of(stack, "holdout").samples)["happy"] == (train[0], train[6], train[11])
    monkeypatch.setattr(judging, "MOST_OF_ALL", 8)
    assert teachers_of(stack, "holdout").counts == {"neutral": 2, "happy": 2, "surprised": 2}
    monkeypatch.setattr(judging, "MOST_OF_ALL", 3)
    assert teachers_of(stack, "holdout").counts == {"neutral": 2, "happy": 2, "surprised": 2}
    assert teachers_of(stack, "train").counts == {}


def test_photographs_without_targets_are_looked_at_and_bad_files_stop_nothing(
    drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "strangers"
    write_faces(folder, 2, 40, ("neutral",), seed=1)
    Image.new("L", (20, 30), 128).save(folder / "flat.png")
    (folder / "broken.jpg").write_bytes(b"no image")
    words = ("evaluate", f"{drawn}/stack", f"{drawn}/weights", "small", "--workers", "0", "--expressions", "happy")
    assert main([*words, "--photographs", str(folder), "--json"]) == 0
    printed = capsys.readouterr()
    assert "  broken.jpg: " in printed.err
    found = Evaluation.from_record(json.loads(printed.out))
    assert found.outside is not None
    assert found.outside.photographs == ("flat.png", "neutral/000.png", "neutral/001.png")
    looks = found.outside.looks["happy"]
    assert looks.taken_for[UNCHANGED] == ("", "neutral", "neutral")
    assert looks.nearest[UNCHANGED] == ("", "neutral/000.png", "neutral/001.png")
    assert found.outside.seen(MODEL, "happy").recognised is not None
    assert found.outside.seen(UNCHANGED, "happy").face_sharpness == 1
    (model,) = (row for row in outside_rows(found) if row["method"] == MODEL)
    (scores,) = found.expressions
    recognised = scores.seen(MODEL).recognised
    assert recognised is not None
    assert model["recognised_drop"] == pytest.approx(recognised - model["recognised"])
    assert model["photographs"] == 3
    # It stands beside the evaluation without photographs.
    assert main(words) == 0
    assert main([*words, "--photographs", str(folder)]) == 0
    assert f"3 photographs of {folder}" in capsys.readouterr().out
    kept = [Evaluation.from_record(record) for record in WeightStore(f"{drawn}/weights").evaluations("small", 1)]
    alike = [each for each in kept if (each.split, each.fingerprint) == (found.split, found.fingerprint)]
    assert len({each.key for each in alike}) == len(alike) == 2
    assert sorted(each.outside is not None for each in alike) == [False, True]


def test_a_folder_in_which_nothing_can_be_used_is_refused(drawn: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(BadParameterError, match=r"no photograph in .* can be used, of 1; the first, broken.png: the"):
        evaluate(str(drawn / "stack"), str(drawn / "weights"), "small", photographs=str(tmp_path), cluster=HERE)


def test_one_person_held_out_is_nobody_to_be_told_from_others(tmp_path: Path, store: str) -> None:
    stack = make_stack(tmp_path / "stack.zarr", held_out=["p7"])
    (scores,) = evaluate(stack, store, publish(store, stack), cluster=HERE).expressions
    assert scores.seen(MODEL).identity is None
    assert scores.looks.not_measured == {
        "identity": "there is only one face, whose nearest photograph can but be its own"
    }
    assert scores.seen(MODEL).recognised is not None


@pytest.mark.parametrize("held_out", [PEOPLE, PEOPLE[1:]])
def test_without_two_photographs_of_two_expressions_nothing_is_recognised(
    tmp_path: Path, store: str, held_out: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    stack = make_stack(tmp_path / "stack.zarr", held_out=held_out)
    reference = publish(store, make_stack(tmp_path / "training.zarr"), trained_on=())
    evaluation = evaluate(stack, store, reference, cluster=HERE)
    (scores,) = evaluation.expressions
    assert all(scores.seen(method).recognised is None for method in scores.methods)
    assert scores.seen(MODEL).identity is not None
    assert accuracy(evaluation) is None
    assert confusion_table(evaluation) is None
    assert main(["evaluate", stack, store, reference, "--workers", "0"]) == 0
    assert "recognised was not measured: the training split has" in capsys.readouterr().out


def test_an_evaluation_of_the_first_format_is_read(stack: str, store: str) -> None:
    record = evaluate(stack, store, publish(store, stack), cluster=HERE).to_record()
    old = {key: record[key] for key in ("name", "version", "split", "stack", "fingerprint", "created")}
    parts = ("people", "trained_on", "scores")
    old["expressions"] = {name: {part: found[part] for part in parts} for name, found in record["expressions"].items()}
    (scores,) = Evaluation.from_record(old).expressions
    assert scores.mean(MODEL, "face", "mse_x100") == np.mean(
        record["expressions"]["smiling"]["scores"][MODEL]["face"]["mse_x100"]
    )
    assert scores.seen(MODEL).shares() == (None,) * 4
    with pytest.raises(FormatError, match="format version 3, but this fesdist reads 1 to 2: upgrade fesdist"):
        Evaluation.from_record({**record, "format_version": 3})
    with pytest.raises(FormatError, match=r"an evaluation: .*; it was damaged"):
        Evaluation.from_record({**record, "people": [], "expressions": {"smiling": {"people": 3}}})


def test_photographs_whose_names_are_no_text_are_kept_and_shown(drawn: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for seed, name in enumerate(("a.png", "b\udcff.png")):
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(folder / name)
    for name in ("broken\udcff.png", "notes\udcff.txt"):
        (folder / name).touch()
    (folder / "drafts\udcff").mkdir()
    store = shutil.copytree(drawn / "weights", tmp_path / "weights")
    found = find_photographs(folder, exclusion=Exclusion(("drafts*",)))
    evaluation = evaluate(str(drawn / "stack"), str(store), "small", photographs=found, cluster=HERE)
    assert evaluation.not_kept == ""
    outside = evaluation.outside
    assert outside is not None
    assert (outside.photographs, list(outside.failed)) == (("a.png", r"b\udcff.png"), [r"broken\udcff.png"])
    assert all(outside.seen(UNCHANGED, expression).identity == 1 for expression in outside.looks)
    kept = WeightStore(str(store)).evaluations("small", 1).get(evaluation.key)
    assert kept is not None
    assert Evaluation.from_record(kept) == evaluation
    assert write_report(str(store), "small", tmp_path / "report.html").missing == ""
