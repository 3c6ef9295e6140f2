"""The flow `tune` writes what the flow `train` trains."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fesdist.training.choice import Result, Score
from fesdist.tuning.tuning import Tuning
from flows.train import train
from flows.tune import tune, tuning_rows
from storage.datasets.store import WeightStore
from tests.flows.site import Site, write_random_stack


@pytest.mark.slow
def test_what_was_tuned_is_trained_and_the_version_remembers(server: Site, tmp_path: Path) -> None:
    stack, store, out = str(tmp_path / "stack.zarr"), str(tmp_path / "weights"), str(tmp_path / "tuned.toml")
    write_random_stack(tmp_path / "stack.zarr", side=16, people=8)
    tuned = tune(stack, out, window=[3, 5], ridge=[0.1, 10.0], folds=3, colour="gray", per_pixel=True, workers=0)
    assert tuned == out

    result = train(stack, store, "tuned", config=tuned, workers=0)
    manifest = WeightStore(store).open(f"tuned@{result.version}").manifest
    assert manifest.tuning is not None
    tuning = Tuning.from_json(manifest.tuning)
    assert (tuning.n_people, tuning.n_folds, len(tuning.results)) == (6, 3, 4)
    assert manifest.colour == "gray"
    assert len(manifest.model.parameters["offsets"]) == tuning.options["window"] ** 2
    assert manifest.model.parameters["ridge"] == tuning.options["ridge"]

    other = train(stack, store, "tuned", config=tuned, ridge=1.0, workers=0)
    manifest = WeightStore(store).open(f"tuned@{other.version}").manifest
    assert manifest.model.parameters["ridge"] == 1.0
    assert manifest.tuning is None, "it says nothing of another ridge"


def test_table_has_the_best_first_and_what_failed_last() -> None:
    errors = {0.1: 2.0, 1.0: None, 10.0: 1.0}
    results = tuple(
        Result({"ridge": ridge}, {}, "too little memory")
        if error is None
        else Result({"ridge": ridge}, {"happy": {"face": Score(error, 0.5), "mouth": Score(3 * error, 0.25)}})
        for ridge, error in errors.items()
    )
    tuning = Tuning("mr", "shared", "neutral", "stack.zarr", "0", 6, 3, 1, False, "face", results, 2)
    unchanged = Result({}, {"happy": {"face": Score(8.0, 1.5), "mouth": Score(9.0, 1.25)}})
    as_it_is = {"ridge": "output = input", "face": "8.0000 ± 1.5000", "mouth": "9.0000 ± 1.2500", "failed": ""}
    assert tuning_rows(replace(tuning, unchanged=unchanged)) == [*tuning_rows(tuning), as_it_is]
    assert tuning_rows(tuning) == [
        {"ridge": 10.0, "face": "1.0000 ± 0.5000", "mouth": "3.0000 ± 0.2500", "failed": ""},
        {"ridge": 0.1, "face": "2.0000 ± 0.5000", "mouth": "6.0000 ± 0.2500", "failed": ""},
        {"ridge": 1.0, "face": "–", "mouth": "–", "failed": "too little memory"},
    ]
