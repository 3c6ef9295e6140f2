"""Folds that are summed up only around the rows that are judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.ground.colour import Colour
from fesdist.ground.tiles import Region
from fesdist.registry import AnyModel, MaskedRegression, PixelKernelRidge
from fesdist.training import strips
from fesdist.training.job import TrainingRequest
from fesdist.training.run import train
from storage.datasets.store import WeightStore
from storage.datasets.version import WeightVersion
from storage.stack.reading import TrainingStack
from tests.fesdist.training.stacks import write_stack

MODEL = MaskedRegression.with_window(3, ridge=1.0)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stack(
        tmp_path_factory.mktemp("stack") / "stack.zarr", side=130, people=9, expressions=("happy", "sad")
    )


@pytest.fixture
def rows_far_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge every twelfth row, as in an image of 768 x 768."""
    for module in ("strips", "solving"):
        monkeypatch.setattr(f"fesdist.training.{module}.row_step", lambda image_shape: 12)


@pytest.mark.usefixtures("rows_far_apart")
def test_strips_are_the_judged_rows_of_a_region(path: Path) -> None:
    found = strips.judged_strips(MODEL, Region(13, 50, 3, 90), TrainingStack.open(path))
    assert found == [Region(row, row + 1, 3, 90) for row in (24, 36, 48)]
    assert strips.judged_strips(MODEL, Region(24, 25, 0, 9), TrainingStack.open(path)) == [Region(24, 25, 0, 9)]


@pytest.mark.usefixtures("rows_far_apart")
@pytest.mark.parametrize(
    ("model", "apart"),
    [
        (MODEL, True),  # 3 rows around each
        (MaskedRegression.with_window(5, ridge=1.0), False),  # 5 rows
        (replace(MODEL, pool=1), False),  # 5 rows
        (PixelKernelRidge(), True),
    ],
)
def test_rows_close_to_each_other_have_no_strips(path: Path, model: AnyModel, apart: bool) -> None:
    assert bool(strips.judged_strips(model, Region(0, 64, 0, 64), TrainingStack.open(path))) is apart


def test_images_of_ordinary_size_have_no_strips(path: Path) -> None:
    assert strips.judged_strips(MODEL, Region(0, 64, 0, 64), TrainingStack.open(path)) == []


@pytest.mark.usefixtures("rows_far_apart")
def test_floating_point_sums_keep_their_order(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TrainingStack, "dtype", np.dtype(np.float64))
    assert strips.judged_strips(MODEL, Region(0, 64, 0, 64), TrainingStack.open(path)) == []


@pytest.mark.usefixtures("rows_far_apart")
@pytest.mark.parametrize("colour", list(Colour))
@pytest.mark.parametrize(
    "model",
    [MODEL, replace(MODEL, pool=1, mirror=True), PixelKernelRidge()],
    ids=["mr", "pooled and mirrored", "pixel-kr"],
)
def test_weights_and_evidence_have_the_same_bits(
    path: Path, tmp_path: Path, model: AnyModel, colour: Colour, monkeypatch: pytest.MonkeyPatch
) -> None:
    everywhere, apart = (_trained(path, tmp_path / f"{far}", model, colour, far, monkeypatch) for far in (1000, 1))
    assert everywhere.checksums == apart.checksums
    agreement = apart.read("happy", "agreement", None)
    assert (np.flatnonzero(agreement.any(axis=(0, 2))) % 12 == 0).all()
    assert np.count_nonzero(agreement[:, ::12]) > 1000


def _trained(
    path: Path, store: Path, model: AnyModel, colour: Colour, far: int, monkeypatch: pytest.MonkeyPatch
) -> WeightVersion:
    monkeypatch.setattr(strips, "FAR", far)
    request = TrainingRequest(str(path), str(store), "faces", model, colour=colour)
    train(request, InProcessCluster(), memory=1 << 30)
    return WeightStore(str(store)).open("faces")
