"""Tuning where few people have an expression, so that some folds have nobody of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.ground.errors import BadParameterError
from fesdist.ground.folds import split_people
from fesdist.tuning.tune import TuningRequest, tune
from fesdist.tuning.tuning import Tuning
from tests.fesdist.training.stacks import write_stack

PEOPLE = 8


def _tune(path: Path, scratch: Path, model: str, expressions: tuple[str, ...] | None = None) -> Tuning:
    request = TuningRequest(str(path), model, {"ridge": (1.0, 100.0)}, n_folds=None, expressions=expressions)
    return tune(request, InProcessCluster(), memory=1 << 30, scratch=scratch)


@pytest.mark.parametrize("model", ["ridge", "pixel-rr", "pixel-kr"])
def test_an_expression_of_which_nobody_is_in_the_last_folds(model: str, tmp_path: Path) -> None:
    """Leaving out each of eight people in turn, for the three who are sad, is leaving out each of the three."""
    ids = [f"person{number:02d}" for number in range(PEOPLE)]
    first = {person for fold in split_people(ids, None)[:3] for person in fold}
    lacking = [number for number, person in enumerate(ids) if person not in first]
    path = write_stack(tmp_path / "faces.zarr", side=16, people=PEOPLE, lacking={"sad": lacking}, holdout=0.0)
    both = _tune(path, tmp_path / "both", model)
    assert (both.n_folds, both.expressions) == (PEOPLE, ("happy", "sad"))
    alone = _tune(path, tmp_path / "alone", model, ("sad",))
    assert alone.n_folds == 3
    for one, other in zip(both.results, alone.results, strict=True):
        for region, score in one.scores["sad"].items():
            assert score.mse_x100 == pytest.approx(other.scores["sad"][region].mse_x100, rel=1e-9)
            assert score.standard_error == pytest.approx(other.scores["sad"][region].standard_error, rel=1e-9)


@pytest.mark.parametrize("model", ["ridge", "pixel-rr", "omp"])
def test_an_expression_that_nobody_else_could_teach_is_refused(model: str, tmp_path: Path) -> None:
    path = write_stack(tmp_path / "faces.zarr", side=16, people=4, lacking={"sad": (0, 1, 3)}, holdout=0.0)
    with pytest.raises(BadParameterError, match=r"1 person with 'sad', all in one of 4 folds, .* leave it out"):
        _tune(path, tmp_path / "both", model)
    assert _tune(path, tmp_path / "happy", model, ("happy",)).n_folds == 4
