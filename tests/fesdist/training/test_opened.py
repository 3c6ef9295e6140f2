"""A process opens the stack of a run once, and anew when the next run begins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.ground.errors import ClusterError
from fesdist.passes.stage import Stage
from fesdist.registry import MaskedRegression, RidgeRegression
from fesdist.training.band_stage import BandStage
from fesdist.training.context import open_context
from fesdist.training.flows import FlowStage
from fesdist.training.image_stage import ImageStage
from fesdist.training.job import Shape, TrainingRequest
from fesdist.training.opened import opened_stack, see_stack
from fesdist.training.run import train
from fesdist.training.shaping import ShapeStage
from fesdist.training.survey import SurveyStage
from fesdist.training.tile_stage import TileStage
from storage.datasets.store import WeightStore
from storage.errors import ChangedError
from storage.stack.editing import delete_person
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


STAGES: dict[str, tuple[type[Stage[Any, Any]], dict[str, Any]]] = {
    "survey": (SurveyStage, {}),
    "flows": (FlowStage, {"shape": Shape.YES}),
    "shape": (ShapeStage, {"shape": Shape.YES}),
    "bands": (BandStage, {"chosen": ("ridge",)}),
    "image pass": (ImageStage, {"model": RidgeRegression(0.4)}),
    "tiles": (TileStage, {}),
}


@pytest.mark.parametrize("name", list(STAGES))
@pytest.mark.parametrize("opens", ["before", "after"])
def test_every_stage_tells_who_was_taken_out_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, opens: str
) -> None:
    """Also where a worker, which came later, has opened the stack after that."""
    path, store = write_stack(tmp_path / "stack.zarr"), WeightStore(str(tmp_path / "weights"))
    stack, (stage, changes) = TrainingStack.open(path), STAGES[name]
    person = stack.subjects[int(stack.samples("happy", "train")[-1])]
    work = stage.work

    def working(self: Stage[Any, Any], key: Any) -> Any:
        monkeypatch.undo()
        delete_person(path, person.id)
        if opens == "after":
            opened_stack.cache_clear()
            open_context.cache_clear()
        return work(self, key)

    monkeypatch.setattr(stage, "work", working)
    request = replace(TrainingRequest(str(path), store.uri, "m", MaskedRegression.with_window(1)), **changes)
    with pytest.raises(ChangedError, match=f"of {person.id} was deleted or replaced in {path} while it was read"):
        train(request, InProcessCluster(), memory=1 << 30)
    assert not list(tmp_path.glob("weights/**/image-pass*"))
    train(request, InProcessCluster(), memory=1 << 30)
    assert person.id not in store.open("m").manifest.stack.subjects["happy"]


@pytest.mark.parametrize("side", [40, 136], ids=["found changed as a whole", "read in parts"])
@pytest.mark.parametrize("split", ["train", "holdout"])
def test_nothing_is_learned_from_pictures_that_are_taken_out_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, split: Literal["train", "holdout"], side: int
) -> None:
    path, store = write_stack(tmp_path / "stack.zarr", side=side), WeightStore(str(tmp_path / "weights"))
    stack = TrainingStack.open(path)
    person = stack.subjects[int(stack.samples("happy", split)[-1])]
    request = TrainingRequest(str(path), store.uri, "m", MaskedRegression.with_window(1))
    solved = TileStage._solved

    def solving(*arguments: Any) -> Any:
        monkeypatch.undo()
        delete_person(path, person.id)
        return solved(*arguments)

    monkeypatch.setattr(TileStage, "_solved", solving)
    with pytest.raises(ChangedError, match=f"of {person.id} was deleted or replaced in {path} while it was read"):
        train(request, InProcessCluster(), memory=1 << 30)
    assert store.names() == []
    assert [draft.n_receipts for draft in store.drafts()] == [0]
    train(request, InProcessCluster(), memory=1 << 30)
    assert person.id not in store.open("m").manifest.stack.subjects["happy"]
