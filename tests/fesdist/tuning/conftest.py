"""A small stack, and tunings of it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.training.choice import Result
from fesdist.tuning.tune import TuningRequest, tune
from fesdist.tuning.tuning import Tuning
from tests.fesdist.training.stacks import write_stack

SIDE = 26
GRID: Mapping[str, tuple[Any, ...]] = {"window": (1, 3), "ridge": (0.05, 2.0)}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a stack of fourteen people, two of whom lack an expression."""
    return write_stack(tmp_path_factory.mktemp("stack") / "stack.zarr", side=SIDE, people=14, lacking={"sad": [1, 2]})


def tuned(path: Path, scratch: Path, memory: int = 1 << 30, **changes: Any) -> Tuning:
    """Return a tuning of the window and the ridge of MR, or of what `changes` say."""
    request = TuningRequest(str(path), "mr", GRID, n_folds=3)
    tuning = tune(replace(request, **changes), InProcessCluster(), memory=memory, scratch=scratch)
    shutil.rmtree(scratch)  # so that the next one computes all by itself
    return tuning


def measured(tuning: Tuning) -> tuple[Result, ...]:
    """Return the errors of all combinations and, last, those of the input."""
    assert tuning.unchanged is not None
    return (*tuning.results, tuning.unchanged)
