"""The page on adding a backend is right: it passes its tests, and trains the same bits as this process does."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.families.windowed.mr import MaskedRegression
from fesdist.ground.receptive_field import window_offsets
from fesdist.training.job import TrainingRequest
from fesdist.training.run import train
from storage.datasets.store import WeightStore
from tests.docs.pages import blocks, module_of, run_tests_of
from tests.fesdist.training.stacks import write_stack


@pytest.fixture
def threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return module_of("\n".join(blocks("backend.md", "python")), "threads", tmp_path, monkeypatch)


def test_its_tests_pass(threads: ModuleType) -> None:
    assert run_tests_of(threads) == 4


def test_it_trains_the_same_bits(threads: ModuleType, tmp_path: Path) -> None:
    stack = str(write_stack(tmp_path / "stack.zarr", side=100))
    arrays = []
    for name, cluster in (("alone", InProcessCluster()), ("threads", threads.ThreadCluster(2))):
        request = TrainingRequest(stack, str(tmp_path / "weights"), name, MaskedRegression(window_offsets(3)))
        train(request, cluster, memory=1 << 30)
        version = WeightStore(str(tmp_path / "weights")).open(name)
        arrays.append([version.read(expression, "weights").tobytes() for expression in version.expressions])
    assert arrays[0] == arrays[1]
