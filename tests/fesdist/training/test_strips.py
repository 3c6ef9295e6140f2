"""People who are left out only around the rows that are judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.ground.colour import Colour
from fesdist.registry import AnyModel, MaskedRegression, PixelKernelRidge
from fesdist.training import solving, strips
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
@pytest.mark.parametrize(
    ("model", "n_samples", "around_rows"),
    [
        (MODEL, 4000, True),  # 3 rows around each
        (replace(MODEL, pool=1), 2400, True),  # 5 rows
        (replace(MODEL, pool=1), 2401, False),
        (PixelKernelRidge(), 4000, True),
        (PixelKernelRidge(pool=2), 2, False),  # its evidence needs sums
    ],
)
def test_rows_far_apart_or_few_samples_are_judged_around_rows(
    path: Path, model: AnyModel, n_samples: int, around_rows: bool
) -> None:
    assert strips.judges_around_rows(model, TrainingStack.open(path), n_samples) is around_rows


@pytest.mark.parametrize(("n_samples", "around_rows"), [(666, True), (667, False)])
def test_images_of_ordinary_size_are_judged_around_rows_by_few_samples(
    path: Path, n_samples: int, around_rows: bool
) -> None:
    assert strips.judges_around_rows(MODEL, TrainingStack.open(path), n_samples) is around_rows
    assert not strips.judges_around_rows(PixelKernelRidge(), TrainingStack.open(path), n_samples)


@pytest.mark.usefixtures("rows_far_apart")
def test_floating_point_sums_keep_their_order(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TrainingStack, "dtype", np.dtype(np.float64))
    assert not strips.judges_around_rows(MODEL, TrainingStack.open(path), 2)


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
    everywhere, around_rows = (
        _trained(path, tmp_path / f"{choice}", model, colour, choice, monkeypatch) for choice in (False, True)
    )
    assert everywhere.checksums == around_rows.checksums
    agreement = around_rows.read("happy", "agreement", None)
    assert (np.flatnonzero(agreement.any(axis=(0, 2))) % 12 == 0).all()
    assert np.count_nonzero(agreement[:, ::12]) > 1000


def _trained(
    path: Path, store: Path, model: AnyModel, colour: Colour, around_rows: bool, monkeypatch: pytest.MonkeyPatch
) -> WeightVersion:
    monkeypatch.setattr(solving, "judges_around_rows", lambda *_: around_rows)
    request = TrainingRequest(str(path), str(store), "faces", model, colour=colour)
    train(request, InProcessCluster(), memory=1 << 30)
    return WeightStore(str(store)).open("faces")
