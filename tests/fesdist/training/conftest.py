"""A stack of faces that move, and trainings with a shape."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.registry import MaskedRegression
from fesdist.training import flows
from fesdist.training.flows import displacement_of
from fesdist.training.job import Shape, TrainingRequest
from fesdist.training.run import TrainingResult, train
from storage.datasets.store import WeightStore
from tests.fesdist.shape.pictures import smooth_displacement
from tests.fesdist.training.stacks import write_moving_stack

SHAPE = (72, 130)
TRUE = {name: smooth_displacement(SHAPE, 3.0, seed) for seed, name in enumerate(("happy", "sad"))}


@pytest.fixture(scope="module")
def moving_stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a stack of ten people whose faces move by `TRUE`, at first without flows."""
    return write_moving_stack(tmp_path_factory.mktemp("stack") / "stack.zarr", TRUE, people=10)


@pytest.fixture
def own_stack(moving_stack: Path, tmp_path: Path) -> Path:
    """Return a copy of the moving stack, without flows, that a test may damage."""
    copy = tmp_path / "copy.zarr"
    shutil.copytree(moving_stack, copy, ignore=shutil.ignore_patterns("flows"))
    return copy


@pytest.fixture
def estimated(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets an entry for each flow that is estimated from now on."""
    found: list[int] = []

    def counted(*images: np.ndarray) -> flows.Flow:
        found.append(1)
        return flow_of_images(*images)

    flow_of_images = flows.estimate_flow
    monkeypatch.setattr(flows, "estimate_flow", counted)
    return found


def shaped_request(stack: Path, store: Path, **changes: object) -> TrainingRequest:
    """Return the request for a model `random` with a shape."""
    model = MaskedRegression.with_window(3, ridge=0.4)
    return replace(TrainingRequest(str(stack), str(store), "random", model, shape=Shape.YES), **changes)  # type: ignore[arg-type]


def train_anew(request: TrainingRequest, **options: object) -> TrainingResult:
    """Train in this process, as if it had read no displacement yet."""
    displacement_of.cache_clear()
    return train(request, InProcessCluster(), memory=1 << 30, **options)  # type: ignore[arg-type]


def checksums(store: Path) -> dict[str, str]:
    """Return the checksums of the newest version of `random`."""
    return WeightStore(str(store)).open("random").checksums
