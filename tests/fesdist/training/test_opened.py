"""A process opens the stack of a run once, and anew when the next run begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.ground.errors import ClusterError
from fesdist.registry import MaskedRegression
from fesdist.training.job import Shape, TrainingRequest
from fesdist.training.opened import opened_stack, see_stack
from fesdist.training.run import train
from storage.stack.reading import TrainingStack
from tests.fesdist.training.stacks import write_stack


@pytest.mark.parametrize("shape", [Shape.NO, Shape.YES])
def test_all_tasks_of_a_run_share_one_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: Shape) -> None:
    opened = []
    open_stack = TrainingStack.open

    def counted(path: str | Path) -> TrainingStack:
        opened.append(path)
        return open_stack(path)

    monkeypatch.setattr(TrainingStack, "open", staticmethod(counted))
    stack = str(write_stack(tmp_path / "stack.zarr"))
    request = TrainingRequest(
        stack, str(tmp_path / "weights"), "once", MaskedRegression.with_window(1), chosen=("ridge",), shape=shape
    )
    train(request, InProcessCluster(), memory=1 << 30)
    assert opened == [stack] * 2, "the client's own, and that of its tasks"


def test_the_next_run_sees_the_stack_as_it_is_by_then(tmp_path: Path) -> None:
    stack = str(write_stack(tmp_path / "stack.zarr"))
    see_stack(stack, "images")
    first = opened_stack(stack, "images")
    assert opened_stack(stack, "images") is first
    see_stack(stack, "images")
    assert opened_stack(stack, "images") is not first
    (tmp_path / "stack.zarr").rename(tmp_path / "elsewhere.zarr")
    with pytest.raises(ClusterError, match="does not see the client's files"):
        see_stack(stack, "images")
