"""What a request means: who is learned from, who is measured, and from which expression a model starts."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.cluster.settings import ClusterSettings
from fesdist.evaluation.evaluate import evaluate
from fesdist.evaluation.scores import MODEL
from fesdist.ground.errors import BadParameterError
from fesdist.registry import PixelRidge
from fesdist.training.job import TrainingJob, TrainingRequest, define_job
from fesdist.training.run import train
from storage.blobs.documents import convert
from storage.datasets.store import WeightStore
from storage.stack.reading import StackSpec, TrainingStack
from storage.stack.writer import PendingSubject, StackWriter
from tests.fesdist.training.stacks import write_stack

SIDE = 20


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> TrainingStack:
    path = write_stack(tmp_path_factory.mktemp("stack") / "stack.zarr", side=SIDE, people=12, lacking={"sad": [1, 2]})
    return TrainingStack.open(path)


def _request(stack: TrainingStack, **changes: object) -> TrainingRequest:
    return TrainingRequest(stack.path, "", "random", PixelRidge(ridge=0.5), **changes)  # type: ignore[arg-type]


def test_the_input_is_the_stacks_own_unless_another_is_named(stack: TrainingStack) -> None:
    assert define_job(_request(stack), stack).input_expression == "neutral"
    job = define_job(_request(stack, input_expression="sad"), stack)
    assert (job.input_expression, job.expressions) == ("sad", ("happy", "neutral"))
    assert convert(TrainingJob, json.loads(json.dumps(asdict(job))), "job") == job
    assert not {1, 2} & set(job.groups[0].samples), "people without the input cannot train"


def test_directions_are_different_jobs(stack: TrainingStack) -> None:
    there = define_job(_request(stack, expressions=("happy",)), stack)
    back = define_job(_request(stack, input_expression="happy", expressions=("neutral",)), stack)
    assert there.groups[0].samples == back.groups[0].samples
    assert there.digest() != back.digest()
    assert there.fingerprint != back.fingerprint


def test_an_input_is_neither_unknown_nor_a_target(stack: TrainingStack) -> None:
    with pytest.raises(BadParameterError, match=r"input expression 'angry' is not in .*; it has neutral, happy, sad"):
        define_job(_request(stack, input_expression="angry"), stack)
    with pytest.raises(
        BadParameterError, match=r"'sad' is not among the targets .* for the input 'sad'; it has neutral"
    ):
        define_job(_request(stack, input_expression="sad", expressions=("sad",)), stack)


def test_eyes_and_lips_that_no_frame_has_are_refused_before_the_training(tmp_path: Path) -> None:
    for name, places in (("eyes", {"eyes": ((0.7, 0.4), (0.3, 0.4))}), ("lips", {"lips": (0.5, 0.3)})):
        spec = StackSpec(8, 8, 1, "uint8", "none", **{"eyes": ((0.3, 0.4), (0.7, 0.4)), **places})
        with StackWriter.create(tmp_path / name, spec) as writer:
            black = np.zeros((1, 8, 8), np.uint8)
            writer.append([PendingSubject("ann", {"neutral": black, "sad": black})], 0.0)
        odd = TrainingStack.open(tmp_path / name)
        with pytest.raises(BadParameterError, match=f"{name} says that faces have their {name} at"):
            define_job(_request(odd), odd)


def test_people_named_are_held_out_in_the_place_of_the_stacks(stack: TrainingStack) -> None:
    trained = [stack.subjects[sample].id for sample in stack.samples("happy", "train")]
    chosen = frozenset(trained[:2])
    job = define_job(_request(stack, expressions=("happy",), held_out=chosen), stack)
    assert {stack.subjects[sample].id for sample in job.holdout["happy"]} == chosen
    assert [stack.subjects[sample].id for sample in job.groups[0].samples] == trained[2:]


def test_a_model_of_the_way_back_is_the_closed_form_and_is_evaluated_on_its_targets(
    stack: TrainingStack, tmp_path: Path
) -> None:
    request = TrainingRequest(
        stack.path, str(tmp_path), "back", PixelRidge(ridge=0.5), expressions=("neutral",), input_expression="happy"
    )
    train(request, InProcessCluster(), memory=1 << 30)
    version = WeightStore(str(tmp_path)).open("back")
    assert version.input_expression == "happy"
    whole = slice(0, SIDE), slice(0, SIDE)

    def pixels(expression: str, split: str, row: int, col: int) -> np.ndarray:
        samples = stack.samples("happy", split)  # type: ignore[arg-type]
        return stack.read(expression, samples, *whole)[:, :, row, col].reshape(-1) / 255

    for row, col in ((0, 0), (7, 11)):
        x, t = (pixels(expression, "train", row, col) for expression in ("happy", "neutral"))
        design = np.stack([x, np.ones_like(x)])
        weight, bias = np.linalg.solve(design @ design.T + 0.5 * np.eye(2), design @ t)
        assert version.read("neutral", "weights")[0, 0, row, col] == pytest.approx(weight, rel=1e-10)
        assert version.read("neutral", "bias")[0, row, col] == pytest.approx(bias, rel=1e-10)
    evaluation = evaluate(stack.path, str(tmp_path), "back", cluster=ClusterSettings(workers=0))
    (scores,) = evaluation.expressions
    assert scores.expression == "neutral"
    weights, bias = version.read("neutral", "weights")[0, 0], version.read("neutral", "bias")[0]
    x, t = (stack.read(name, stack.samples("happy", "holdout"), *whole) / 255 for name in ("happy", "neutral"))
    error = 100 * np.mean((np.clip(weights * x + bias, 0, 1) - t) ** 2)
    assert scores.mean(MODEL, "face", "mse_x100") == pytest.approx(error, rel=1e-5)
