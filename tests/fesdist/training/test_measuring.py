"""Errors are measured on people who are held out, and on nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.registry import MaskedRegression
from fesdist.training.job import TrainingRequest, define_job
from fesdist.training.run import TrainingResult, train
from storage.datasets.store import WeightStore
from storage.stack.reading import TrainingStack
from tests.fesdist.training.stacks import write_stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stack(tmp_path_factory.mktemp("stack") / "stack.zarr", side=150, people=10)


def _request(stack: Path, store: Path, subjects: Literal["train", "all"] = "train") -> TrainingRequest:
    model = MaskedRegression.with_window(3, ridge=0.4)
    return TrainingRequest(str(stack), str(store), "random", model, subjects=subjects)


def _train(request: TrainingRequest) -> TrainingResult:
    return train(request, InProcessCluster(), memory=1 << 30)


def test_held_out_people_are_learned_from_only_when_asked(stack: Path, tmp_path: Path) -> None:
    opened = TrainingStack.open(stack)
    kept = define_job(_request(stack, tmp_path), opened)
    everybody = define_job(_request(stack, tmp_path, subjects="all"), opened)
    held_out = set(opened.samples("happy", "holdout").tolist())
    assert held_out
    assert not held_out & set(kept.groups[0].samples)
    assert held_out <= set(everybody.groups[0].samples)
    assert _train(_request(stack, tmp_path, subjects="all")).metrics.expressions["happy"].face is None


def test_errors_on_held_out_people_are_those_of_the_formula(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "stack.zarr", side=30)
    metrics = _train(_request(path, tmp_path / "weights")).metrics.expressions["happy"]
    stack, version = TrainingStack.open(path), WeightStore(str(tmp_path / "weights")).open("random")
    samples = stack.samples("happy", "holdout")
    inputs = stack.read("neutral", samples, slice(None), slice(None)) / 255
    targets = stack.read("happy", samples, slice(None), slice(None)) / 255
    weights, bias = version.read("happy", "weights")[0], version.read("happy", "bias")[0]
    padded = np.pad(inputs, ((0, 0), (0, 0), (1, 1), (1, 1)))
    outputs = bias + sum(
        weights[3 * drow + dcol] * padded[:, :, drow : drow + 30, dcol : dcol + 30]
        for drow in range(3)
        for dcol in range(3)
    )
    error = 100 * np.mean((np.clip(outputs, 0, 1) - targets) ** 2)
    assert metrics.face.mse_x100 == pytest.approx(error, rel=1e-5)
    assert metrics.face.unchanged_mse_x100 == pytest.approx(100 * np.mean((inputs - targets) ** 2), rel=1e-5)
    rows, cols = slice(round(0.6 * 30), round(0.8 * 30)), slice(round(0.3 * 30), round(0.7 * 30))
    mouth = 100 * np.mean((np.clip(outputs, 0, 1) - targets)[..., rows, cols] ** 2)
    assert metrics.mouth.mse_x100 == pytest.approx(mouth, rel=1e-5)


def test_weights_are_made_ready_for_people_who_are_held_out_and_for_nobody_else(
    stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, made_ready = MaskedRegression.prepare, []

    def counted(model: MaskedRegression, arrays: dict[str, Any]) -> dict[str, Any]:
        if arrays["weights"].dtype == np.float64:  # not yet what `apply` uses
            made_ready.append(arrays)
        return prepare(model, arrays)

    monkeypatch.setattr(MaskedRegression, "prepare", counted)
    everybody = _train(_request(stack, tmp_path / "everybody", subjects="all"))
    assert (made_ready, {each.face for each in everybody.metrics.expressions.values()}) == ([], {None})
    measured = _train(_request(stack, tmp_path / "measured"))
    assert len(made_ready) == len(measured.metrics.expressions) * measured.n_tiles
