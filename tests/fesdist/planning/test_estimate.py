"""What a plan tells is what a run does, counted in operations: no test looks at a real clock."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fesdist.cluster.in_process import InProcessCluster
from fesdist.families.coded.gathered import Combinations
from fesdist.families.common.contract import AnyModel
from fesdist.families.common.samples import Samples
from fesdist.families.sparse import greedy
from fesdist.families.sparse.samples import KeptSamples
from fesdist.families.windowed.sums import WindowSums
from fesdist.ground.colour import Colour
from fesdist.planning.estimate import estimate
from fesdist.registry import (
    KernelReducedRank,
    Lasso,
    LocalSparseReceptiveFields,
    MaskedRegression,
    OrthogonalMatchingPursuit,
    RidgeRegression,
)
from fesdist.training.choosing import planned
from fesdist.training.job import Shape, TrainingRequest, define_job
from fesdist.training.plan import TrainingPlan, make_plan
from fesdist.training.run import train
from storage.blobs import chunks
from storage.datasets.draft import WeightDraft
from storage.stack.reading import TrainingStack
from tests.fesdist.training.stacks import write_stack

GIB = 1 << 30
DICTIONARY = 2e6
"""Operations that stand for what is made of all inputs, as many as those of a tile's pixels."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> TrainingStack:
    lacking = {"sad": [1, 2]}
    return TrainingStack.open(write_stack(tmp_path_factory.mktemp("stack") / "stack.zarr", side=128, lacking=lacking))


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a counter of operations: values read and written, products of samples and pixels, pixels solved."""
    done = [0.0]

    def counted(owner: Any, name: str, operations: Any) -> None:
        work = getattr(owner, name)

        def wrapper(*given: Any, **options: Any) -> Any:
            found = work(*given, **options)
            done[0] += operations(found, *given)
            return found

        monkeypatch.setattr(owner, name, wrapper)

    counted(TrainingStack, "read", lambda images, *_: images.size)
    counted(WeightDraft, "write_all", lambda checksums, *_: 1000 * len(checksums))
    for sums in (WindowSums, Combinations):
        counted(sums, "add", lambda _, gathered, samples: len(samples) * _pixels(gathered) * 20)
    counted(KeptSamples, "add", lambda _, gathered, samples: _values(samples))
    for model in (MaskedRegression, RidgeRegression, KernelReducedRank, Lasso, greedy.GreedyModel):
        counted(model, "solve", lambda _, model, gathered: _pixels(gathered) * 500)
    counted(MaskedRegression, "evidence", lambda _, model, total, folds, step: _pixels(total) * 100 * len(folds))
    counted(greedy, "measure_atoms", lambda *_: DICTIONARY)
    return done


def _values(samples: Samples) -> int:
    return sum(images.size for images in (samples.inputs, *samples.targets.values()))


def _pixels(gathered: Any) -> int:
    return math.prod(gathered.problem.tile.region.shape) * len(gathered.problem.expressions)


def _plan(request: TrainingRequest, stack: TrainingStack) -> tuple[Any, TrainingPlan]:
    job = planned(define_job(request, stack), request, stack)
    return job, make_plan(job, stack, GIB, 2)


@pytest.mark.parametrize(
    ("model", "colour", "shape"),
    [
        (MaskedRegression.with_window(3), Colour.SHARED, Shape.NO),
        (MaskedRegression(((0, 0), (0, 1)), pool=1, mirror=True), Colour.GRAY, Shape.YES),
        (OrthogonalMatchingPursuit(2), Colour.SHARED, Shape.NO),
        (LocalSparseReceptiveFields(2), Colour.PER_CHANNEL, Shape.NO),
        (Lasso(20.0, max_nonzero=4), Colour.GRAY, Shape.NO),
        (RidgeRegression(), Colour.SHARED, Shape.NO),
        (KernelReducedRank(3), Colour.GRAY, Shape.NO),
    ],
    ids=lambda given: getattr(given, "name", str(given)),
)
def test_a_run_does_as_many_operations_as_were_told(
    stack: TrainingStack, done: list[float], tmp_path: Path, model: AnyModel, colour: Colour, shape: Shape
) -> None:
    request = TrainingRequest(stack.path, str(tmp_path), "counted", model, colour=colour, shape=shape)
    job, plan = _plan(request, stack)
    told = estimate(request, job, stack, plan, 2, starting_seconds=0, now=lambda: done[0])
    before = done[0]
    train(request, InProcessCluster(), memory=GIB)
    assert told.processor_seconds == pytest.approx(done[0] - before, rel=0.3)
    assert told.processor_seconds == pytest.approx(sum(told.phases.values()))
    assert told.seconds < told.processor_seconds


def test_reading_is_told_where_chunks_hold_many_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = [0.0]
    unpack = chunks.unpack

    def counted(data: bytes, octets: NDArray[np.uint8]) -> None:
        read[0] += octets.size
        unpack(data, octets)

    monkeypatch.setattr(chunks, "unpack", counted)
    path = write_stack(tmp_path / "many.zarr", people=1024, side=48, channels=1, expressions=("happy",), holdout=0.5)
    request = TrainingRequest(str(path), str(tmp_path / "weights"), "many", MaskedRegression.with_window(1))
    stack = TrainingStack.open(path)
    told = estimate(request, *_with(_plan(request, stack), stack), 1, now=lambda: read[0])
    before = read[0]
    train(request, InProcessCluster(), memory=GIB)
    assert told.processor_seconds == pytest.approx(read[0] - before, rel=0.3)


def test_tiles_beside_each_other_are_as_quick_as_on_workers(stack: TrainingStack, done: list[float]) -> None:
    request = TrainingRequest(stack.path, "", "counted", MaskedRegression.with_window(3))
    job, plan = _plan(request, stack)

    def seconds(n_workers: int, at_once: int) -> float:
        with_it = replace(plan, at_once=at_once)
        return estimate(request, job, stack, with_it, n_workers, starting_seconds=0, now=lambda: done[0]).seconds

    assert seconds(1, 2) == pytest.approx(seconds(2, 1))
    assert seconds(1, 2) < 0.8 * seconds(1, 1)


def test_what_the_run_chooses_is_counted(stack: TrainingStack, done: list[float]) -> None:
    model = MaskedRegression.with_window(3)
    steps = []
    for chosen in ((), ("ridge",), ("ridge", "mirror")):
        request = TrainingRequest(stack.path, "", "counted", model, chosen=chosen)
        told = estimate(request, *_with(_plan(request, stack), stack), 1, now=lambda: done[0])
        steps.append(told.phases.get("choice", 0.0))
    assert steps[0] == 0
    # Everybody is read and added up once more as a mirror image, to the sums that are there.
    assert steps[2] == 2 * steps[1] > 0


def test_nothing_is_counted_of_what_one_person_could_choose(tmp_path: Path, done: list[float]) -> None:
    told = []
    for people, expressions in ((6, ("happy", "sad")), (6, ("happy",)), (1, ("happy",))):
        path, lacking = tmp_path / f"{len(told)}.zarr", {"sad": range(1, people)}
        stack = TrainingStack.open(write_stack(path, people=people, lacking=lacking, holdout=0.0))
        model = MaskedRegression.with_window(1)
        request = TrainingRequest(stack.path, "", "counted", model, expressions=expressions, chosen=("ridge",))
        phases = estimate(request, *_with(_plan(request, stack), stack), 1, now=lambda: done[0]).phases
        told.append(phases.get("choice"))
    assert told == [told[1], told[1], None]
    assert told[1] > 0


def _with(planned_: tuple[Any, TrainingPlan], stack: TrainingStack) -> tuple[Any, TrainingStack, TrainingPlan]:
    return planned_[0], stack, planned_[1]


def test_slow_models_have_small_tiles_and_quick_ones_large_tiles(tmp_path: Path) -> None:
    stack = TrainingStack.open(
        write_stack(tmp_path / "stack.zarr", side=256, channels=1, people=4, expressions=["sad"])
    )
    tiles = {
        model.name: len(_plan(TrainingRequest(stack.path, "", "tiles", model), stack)[1].grid)
        for model in (OrthogonalMatchingPursuit(), Lasso(), LocalSparseReceptiveFields())
    }
    assert tiles == {"omp": 16, "lasso": 16, "lsrf": 4}
