"""Tuning by training each fold: the errors of one pass, what an interrupted one kept, and what cannot be trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError, PlanError
from fesdist.registry import MaskedRegression
from fesdist.training.job import TrainingRequest
from fesdist.tuning import by_training
from fesdist.tuning.tuning import Tuning
from storage.stack.reading import StackSpec
from storage.stack.writer import PendingSubject, StackWriter
from tests.fesdist.training.stacks import write_stack
from tests.fesdist.tuning.conftest import SIDE, measured, tuned


def test_training_each_fold_gives_the_same_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    subjects = []
    for person in range(12):
        neutral = random.integers(0, 256, (3, SIDE, SIDE), dtype=np.uint8)
        # Far from black and white, so that clipping changes nothing.
        happy = 80 + neutral // 4 + random.integers(0, 20, neutral.shape, dtype=np.uint8)
        subjects.append(PendingSubject(f"person{person}", {"neutral": neutral, "happy": happy}))
    with StackWriter.create(tmp_path / "stack.zarr", StackSpec(SIDE, SIDE, 3, "uint8", "none")) as writer:
        writer.append(subjects)
        writer.assign_holdout(0.25, None)
    from_sums = tuned(tmp_path / "stack.zarr", tmp_path / "a")
    monkeypatch.setattr(MaskedRegression, "cross_validation", lambda candidates: None)
    by_hand = tuned(tmp_path / "stack.zarr", tmp_path / "b")
    assert by_hand.clipped
    for one, other in zip(measured(from_sums), measured(by_hand), strict=True):
        for region, score in one.scores["happy"].items():
            assert score.mse_x100 == pytest.approx(other.scores["happy"][region].mse_x100, rel=1e-4)
            assert score.standard_error == pytest.approx(other.scores["happy"][region].standard_error, rel=1e-3)


def test_a_region_without_pixels_cannot_decide_where_each_fold_is_trained(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "tiny.zarr", side=3, people=8, expressions=("happy",))
    request = {"model": "omp", "values": {"n_nonzero": (1, 2)}}
    with pytest.raises(BadParameterError, match="no pixel of the mouth was measured in images of 3 x 3"):
        tuned(path, tmp_path / "mouth", region="mouth", **request)
    assert tuned(path, tmp_path / "face", **request).best.mean("face").mse_x100 > 0


def test_models_without_sums_are_trained_for_each_fold(path: Path, tmp_path: Path) -> None:
    tuning = tuned(path, tmp_path / "folds", model="omp", values={"n_nonzero": (1, 3)}, colour=Colour.GRAY)
    assert [result.options for result in tuning.results] == [{"n_nonzero": 1}, {"n_nonzero": 3}]
    assert all(result.mean("face").mse_x100 > 0 for result in tuning.results)
    assert Tuning.from_json(tuning.to_json()) == tuning
    with pytest.raises(BadParameterError, match="'omp' has one value for all pixels"):
        tuned(path, tmp_path / "folds", model="omp", values={"n_nonzero": (1, 3)}, ridge_in_cells=True)


def test_an_interrupted_tuning_goes_on_where_it_was(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = {"model": "omp", "values": {"n_nonzero": (1, 2)}, "expressions": ("happy",)}
    undisturbed = tuned(path, tmp_path / "a", **request)
    train, published = by_training.train, []

    def dies_at_the_fourth(*arguments: Any, **options: Any) -> Any:
        if len(published) == 3:
            raise KeyboardInterrupt
        published.append(train(*arguments, **options))
        return published[-1]

    monkeypatch.setattr(by_training, "train", dies_at_the_fourth)
    with pytest.raises(KeyboardInterrupt):
        tuned(path, tmp_path / "b", **request)

    def counted(*arguments: Any, **options: Any) -> Any:
        published.append(train(*arguments, **options))
        return published[-1]

    monkeypatch.setattr(by_training, "train", counted)
    assert tuned(path, tmp_path / "b", **request) == undisturbed
    assert [result.published for result in published[3:]] == [False] * 3 + [True] * 3


def test_combinations_that_cannot_be_trained_do_not_stop_the_others(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = by_training.train

    def refuses_even_numbers(request: TrainingRequest, *arguments: Any, **options: Any) -> Any:
        if request.model.parameters()["n_nonzero"] % 2 == 0:
            raise PlanError("too large")
        return train(request, *arguments, **options)

    monkeypatch.setattr(by_training, "train", refuses_even_numbers)
    tuning = tuned(path, tmp_path / "a", model="omp", values={"n_nonzero": (1, 2, 3)}, expressions=("happy",))
    assert [result.failed for result in tuning.results] == ["", "too large", ""]
    assert tuning.chosen in (0, 2)
    assert Tuning.from_json(tuning.to_json()) == tuning
    with pytest.raises(BadParameterError, match="none of 2 combinations could be trained; the first: too large"):
        tuned(path, tmp_path / "b", model="omp", values={"n_nonzero": (2, 4)}, expressions=("happy",))
