"""What a run learns of how photographs lie: from inputs as they were photographed, the same however they are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.ground.likeness import LikenessSums
from fesdist.ground.signature import signature
from fesdist.registry import MaskedRegression
from fesdist.training import survey as surveying
from fesdist.training.job import Shape, TrainingRequest, define_job
from fesdist.training.likeness import LearnedLikeness, learn_likeness
from fesdist.training.run import train
from fesdist.training.survey import survey
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack
from tests.fesdist.shape.pictures import smooth_displacement
from tests.fesdist.training.stacks import write_moving_stack, write_stack

MODEL = MaskedRegression.with_window(1, ridge=0.4)


def learned(path: Path) -> dict[str, LearnedLikeness]:
    stack = TrainingStack.open(path)
    job = define_job(TrainingRequest(str(path), "", "london", MODEL), stack)
    return learn_likeness(job, stack, survey(job, stack, InProcessCluster(), 1 << 20))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stack") / "stack.zarr"
    return write_stack(path, people=16, lacking={"sad": (0, 1)})


def test_sums_are_of_the_inputs_of_those_who_teach(stack: Path) -> None:
    found, opened = learned(stack), TrainingStack.open(stack)
    for expression in ("happy", "sad"):
        images = opened.read("neutral", opened.samples(expression), slice(0, 40), slice(0, 40))
        expected = LikenessSums.of(np.stack([signature(image) for image in images]))
        assert (found[expression].sums.products == expected.products).all()
        limits = found[expression].limits
        assert limits is not None
        assert limits.people == expected.n_people == len(opened.samples(expression))


def test_of_many_people_some_are_asked(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveying, "MOST_ASKED", 10)
    assert learned(stack)["happy"].sums.n_people == 10


def test_few_people_teach_nothing(tmp_path: Path) -> None:
    assert learned(write_stack(tmp_path / "stack.zarr", people=12)) == {}


def test_versions_keep_it_with_and_without_a_shape(tmp_path: Path) -> None:
    true = {"happy": smooth_displacement((40, 40), 1.0)}
    stack = str(write_moving_stack(tmp_path / "stack.zarr", true, people=14))
    floating = write_moving_stack(tmp_path / "floating.zarr", true, people=14, dtype="float64")
    store = WeightStore(str(tmp_path / "weights"))
    for name, shape in (("moved", Shape.YES), ("unmoved", Shape.NO)):
        train(TrainingRequest(stack, store.uri, name, MODEL, shape=shape), InProcessCluster(), memory=1 << 30)
    versions = [store.open(name) for name in ("moved", "unmoved")]
    assert [version.verify() for version in versions] == [[], []]
    expected = learned(floating)["happy"]
    for version in versions:
        assert (version.read("happy", "likeness") == expected.sums.products).all()
        assert version.manifest.likeness is not None
        assert version.manifest.likeness["happy"]["people"] == expected.sums.n_people >= 10
