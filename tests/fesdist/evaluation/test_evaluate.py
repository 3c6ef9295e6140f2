"""Evaluations of a version whose scores are known, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fesdist.cluster.settings import ClusterSettings
from fesdist.evaluation import comparison
from fesdist.evaluation.comparison import Comparer, ScoreStage
from fesdist.evaluation.document import Evaluation
from fesdist.evaluation.evaluate import evaluate
from fesdist.evaluation.looks import REAL
from fesdist.evaluation.rows import error_rows
from fesdist.evaluation.scores import MEAN_DIFFERENCE, METHODS, MODEL, MOVED, REFINED, SYNTHESIZED, UNCHANGED
from fesdist.ground.errors import BadParameterError
from fesdist.ground.measures import mouth_region, mse_x100, psnr
from fesdist.ground.similarity import ssim
from fesdist.inference.loaded import LoadedVersion
from storage.datasets.records import Records
from storage.datasets.store import WeightStore
from storage.errors import ChangedError, NotFoundError, StorageError
from storage.stack.editing import delete_person
from storage.stack.reading import TrainingStack
from tests.fesdist.evaluation.small_store import HELD_OUT, PEOPLE, SHAPE, make_stack, publish
from tests.fesdist.shape.pictures import smooth_displacement

HERE = ClusterSettings(workers=0)


def test_scores_are_those_of_the_images_one_person_at_a_time(stack: str, store: str) -> None:
    scores = evaluate(stack, store, publish(store, stack), cluster=HERE).expressions[0]
    opened = TrainingStack.open(stack)
    mouth = mouth_region(opened.spec.mouth, SHAPE)
    whole = slice(0, SHAPE[0]), slice(0, SHAPE[1])
    trained = opened.samples("smiling", "train")
    x, t = (opened.read(name, trained, *whole) / 255 for name in ("neutral", "smiling"))
    mean_difference = (t - x).mean(axis=0)
    for position, sample in enumerate(opened.samples("smiling", "holdout")):
        x, t = (opened.read(name, np.array([sample]), *whole) / 255 for name in ("neutral", "smiling"))
        made = 0.5 * x + 40 / 255
        expected = {
            UNCHANGED: x,
            MEAN_DIFFERENCE: np.clip(x + mean_difference, 0, 1),
            MODEL: made,
            REFINED: 0.5 * x + 0.5 * made,
        }
        for method, outputs in expected.items():
            assert scores.each(method, "face", "mse_x100")[position] == pytest.approx(mse_x100(outputs, t)[0], rel=1e-4)
            assert scores.each(method, "face", "psnr")[position] == pytest.approx(psnr(outputs, t)[0], rel=1e-4)
            inside = (slice(None), slice(None), *mouth.slices)
            assert scores.each(method, "mouth", "mse_x100")[position] == pytest.approx(
                mse_x100(outputs[inside], t[inside])[0], rel=1e-4
            )
            face, mouth_ssim = ssim({method: outputs[0]}, t[0], mouth)[method]
            assert scores.each(method, "face", "ssim")[position] == pytest.approx(face, rel=1e-4)
            assert scores.each(method, "mouth", "ssim")[position] == pytest.approx(mouth_ssim, rel=1e-4)


@pytest.mark.parametrize("person", [HELD_OUT[0], PEOPLE[0]], ids=["compared", "a teacher"])
@pytest.mark.parametrize("step", [(ScoreStage, "work"), (Comparer, "compare")], ids=["not opened", "opened"])
def test_who_is_taken_out_meanwhile_is_told(
    tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch, person: str, step: tuple[type, str]
) -> None:
    stack = make_stack(tmp_path / "two.zarr", expressions=("smiling", "sad"))
    reference, undisturbed = publish(store, stack), getattr(*step)

    def disturbed(*arguments: Any) -> Any:
        monkeypatch.undo()
        delete_person(stack, person)
        return undisturbed(*arguments)

    monkeypatch.setattr(*step, disturbed)
    with pytest.raises(ChangedError, match=f"of {person} was deleted or replaced in {stack} while it was read"):
        evaluate(stack, store, reference, cluster=HERE)
    assert not list(WeightStore(store).evaluations("small", 1))


def test_a_version_with_a_shape_is_compared_with_the_photograph_moved_alone(stack: str, store: str) -> None:
    learned = smooth_displacement(SHAPE, 1.5)
    flat = evaluate(stack, store, publish(store, stack), cluster=HERE).expressions[0]
    assert flat.methods == tuple(method for method in METHODS if method != MOVED)
    opened = TrainingStack.open(stack)
    foreseen = {"face": {"mse_x100": 0.4, "unchanged_mse_x100": 1.0}}
    for metrics in ({}, {"expressions": {"smiling": foreseen}}):
        reference = publish(store, stack, displacement=learned.values, metrics=metrics)
        version = WeightStore(store).open(reference)
        loaded = LoadedVersion(version)
        assert loaded.keeps_detail("smiling") is not bool(metrics)
        images = opened.read("neutral", opened.samples("smiling", "holdout"), slice(0, SHAPE[0]), slice(0, SHAPE[1]))
        moved = learned.applied(images) / 255
        outputs = comparison.Comparer(opened, version).outputs(images, "smiling")
        assert tuple(outputs) == METHODS
        np.testing.assert_allclose(outputs[MOVED], moved, atol=1e-6)
        mean_difference = version.read("smiling", "mean_difference", None)
        np.testing.assert_allclose(outputs[MEAN_DIFFERENCE], np.clip(moved + mean_difference, 0, 1), atol=1e-6)
        np.testing.assert_allclose(outputs[MODEL], 0.5 * moved + 40 / 255, atol=1e-5)
        as_written = loaded.synthesize(images, "smiling", detail=loaded.keeps_detail("smiling"))
        assert np.array_equal(outputs[SYNTHESIZED], as_written)
        assert np.array_equal(as_written, outputs[MODEL]) is bool(metrics)


def test_the_row_of_the_shape_is_kept_in_the_record(stack: str, store: str) -> None:
    shaped = evaluate(
        stack, store, publish(store, stack, displacement=smooth_displacement(SHAPE, 1.5).values), cluster=HERE
    )
    again = Evaluation.from_record(shaped.to_record())
    assert again.expressions[0].methods == METHODS
    assert again.expressions[0].mean(MOVED, "face", "mse_x100") != again.expressions[0].mean(
        UNCHANGED, "face", "mse_x100"
    )
    assert [row["method"] for row in error_rows(again)] == [*METHODS, REAL]


def test_improvement_is_the_share_of_the_error_that_is_gone(stack: str, store: str) -> None:
    scores = evaluate(stack, store, publish(store, stack), cluster=HERE).expressions[0]
    assert scores.improvement(UNCHANGED, "face") == 0
    assert scores.improvement(REFINED, "face") == pytest.approx(75, abs=1)
    assert scores.improvement(MODEL, "mouth") == pytest.approx(100, abs=0.1)


def test_only_people_of_the_split_are_evaluated(stack: str, store: str) -> None:
    reference = publish(store, stack)
    assert evaluate(stack, store, reference, cluster=HERE).expressions[0].people == HELD_OUT
    assert evaluate(stack, store, reference, cluster=HERE, split="train").expressions[0].people == PEOPLE[:5]


def test_people_whom_the_model_has_learned_from_are_named(stack: str, store: str) -> None:
    clean = evaluate(stack, store, publish(store, stack), cluster=HERE)
    assert clean.trained_on == ()
    leaking = evaluate(stack, store, publish(store, stack, trained_on=["p1", "p6"]), cluster=HERE)
    assert leaking.trained_on == ("p6",)


def test_the_result_is_kept_beside_the_version_and_comes_back_equal(stack: str, store: str) -> None:
    first = publish(store, stack)
    publish(store, stack)
    evaluation = evaluate(stack, store, first, cluster=HERE)
    assert list(WeightStore(store).evaluations("small", 2)) == []
    (record,) = WeightStore(store).evaluations("small", 1)
    kept = Evaluation.from_record(record)
    assert kept.to_record() == evaluation.to_record()
    assert kept.expressions == evaluation.expressions


def test_evaluating_again_replaces_and_another_split_is_kept_as_well(stack: str, store: str) -> None:
    reference = publish(store, stack)
    for _ in range(2):
        evaluate(stack, store, reference, cluster=HERE)
    evaluate(stack, store, reference, cluster=HERE, split="train")
    splits = [record["split"] for record in WeightStore(store).evaluations("small", 1)]
    assert sorted(splits) == ["holdout", "train"]


def test_batches_do_not_change_the_scores_and_progress_counts_people(
    tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expressions = ("angry", "smiling")
    stack = make_stack(tmp_path / "two.zarr", expressions=expressions)
    reference = publish(store, stack, expressions=expressions)
    whole = evaluate(stack, store, reference, cluster=HERE)
    monkeypatch.setattr(comparison, "LARGEST_BATCH", 2)
    seen: list[tuple[int, int, str]] = []
    in_batches = evaluate(stack, store, reference, cluster=HERE, on_progress=lambda *call: seen.append(call))
    assert in_batches.expressions == whole.expressions
    assert seen == [(0, 6, "angry"), (2, 6, "angry"), (3, 6, "angry"), (5, 6, "smiling"), (6, 6, "smiling")]


def test_some_of_the_expressions_can_be_evaluated(tmp_path: Path, store: str) -> None:
    expressions = ("angry", "smiling")
    reference = publish(store, make_stack(tmp_path / "two.zarr", expressions=expressions), expressions=expressions)
    stack = make_stack(tmp_path / "one.zarr")
    with pytest.raises(BadParameterError, match="has no expression 'angry', only neutral, smiling; add photographs"):
        evaluate(stack, store, reference, cluster=HERE, expressions=["angry"])
    evaluation = evaluate(stack, store, reference, cluster=HERE, expressions=["smiling"])
    assert [scores.expression for scores in evaluation.expressions] == ["smiling"]
    assert evaluation.left_out == {}


def test_an_expression_that_nobody_held_out_has_is_left_out_and_the_others_are_evaluated(
    tmp_path: Path, store: str
) -> None:
    stack = make_stack(tmp_path / "two.zarr", expressions=("angry", "smiling"), lacking={"angry": HELD_OUT})
    reference = publish(store, stack, expressions=("angry", "smiling"))
    evaluation = evaluate(stack, store, reference, cluster=HERE)
    assert [scores.expression for scores in evaluation.expressions] == ["smiling"]
    (reason,) = evaluation.left_out.values()
    assert "no people with expression 'angry' in the holdout split, and 5 in the train split" in reason
    (record,) = WeightStore(store).evaluations("small", 1)
    assert Evaluation.from_record(record).left_out == {"angry": reason}


def test_a_store_that_takes_nothing_costs_no_scores(stack: str, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = publish(store, stack)

    def refuse(*arguments: object) -> None:
        raise StorageError("cannot write to weights: Read-only file system")

    monkeypatch.setattr(Records, "put", refuse)
    evaluation = evaluate(stack, store, reference, cluster=HERE)
    assert evaluation.not_kept == "cannot write to weights: Read-only file system"
    assert evaluation.expressions[0].people == HELD_OUT


def test_an_expression_the_version_does_not_have_is_refused(stack: str, store: str) -> None:
    with pytest.raises(BadParameterError, match="small@1 has no expression 'sad'; expected one of smiling"):
        evaluate(stack, store, publish(store, stack), cluster=HERE, expressions=["sad"])


def test_a_stack_without_held_out_people_is_refused(tmp_path: Path, store: str) -> None:
    stack = make_stack(tmp_path / "all.zarr", held_out=())
    with pytest.raises(
        BadParameterError, match=r"no people .* in the holdout split, and 8 in the train split; .*--split train"
    ):
        evaluate(stack, store, publish(store, stack), cluster=HERE)


@pytest.mark.parametrize(
    ("shape", "channels", "text"),
    [((24, 22), 3, "24 x 22 with 3 channels"), ((24, 20), 1, "24 x 20 with 1 channel,")],
)
def test_a_stack_of_another_size_is_refused(
    tmp_path: Path, stack: str, store: str, shape: tuple[int, int], channels: int, text: str
) -> None:
    other = make_stack(tmp_path / "other.zarr", shape=shape, channels=channels)
    with pytest.raises(BadParameterError, match=f"{text}.*small@1 expects 24 x 20 with 3 channels; ingest"):
        evaluate(other, store, publish(store, stack), cluster=HERE)


def test_a_version_that_does_not_exist_is_refused(stack: str, store: str) -> None:
    publish(store, stack)
    with pytest.raises(NotFoundError, match="small@7"):
        evaluate(stack, store, "small@7", cluster=HERE)


def test_error_rows_are_flat_and_complete(stack: str, store: str) -> None:
    evaluation = evaluate(stack, store, publish(store, stack), cluster=HERE)
    rows = error_rows(evaluation)
    assert [row["method"] for row in rows] == [*(method for method in METHODS if method != MOVED), REAL]
    assert {row["people"] for row in rows} == {3}
    assert rows[3]["face_mse_x100"] == evaluation.expressions[0].mean(REFINED, "face", "mse_x100")
    assert rows[3]["mouth_improvement"] == pytest.approx(75, abs=2)
