"""Records of evaluations that do not fit together are refused by name, whatever part of them is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fesdist.evaluation.document import Evaluation, Outside
from fesdist.evaluation.looks import REAL, Looks
from fesdist.evaluation.scores import METHODS, MODEL, UNCHANGED, ExpressionScores
from fesdist.ground.measures import MEASURES, REGIONS
from storage.errors import FormatError

PEOPLE = ("ann", "bob")


def looks() -> Looks:
    of_each = dict.fromkeys((REAL, *METHODS), ("happy", "sad"))
    return Looks(of_each, of_each, dict.fromkeys(of_each, dict.fromkeys(REGIONS, (1.0, 2.0))))


@pytest.fixture
def record() -> dict[str, Any]:
    values = {method: np.ones((len(REGIONS), len(MEASURES), len(PEOPLE))) for method in METHODS}
    scores = ExpressionScores.of("happy", PEOPLE, (), values, looks())
    outside = Outside("photographs", "0", ("a.png", "b.png"), {}, {"happy": looks()})
    evaluation = Evaluation("faces", 1, "holdout", "stack", "0", "", (scores,), outside=outside)
    # A copy of its own of every part: each is damaged alone.
    return json.loads(json.dumps(evaluation.to_record()))


def test_what_fits_together_is_read(record: dict[str, Any]) -> None:
    assert Evaluation.from_record(record).to_record() == record


def test_a_stack_whose_name_is_no_text_is_told_in_digits(record: dict[str, Any]) -> None:
    assert replace(Evaluation.from_record(record), stack="f\udce4ces.zarr").to_record()["stack"] == r"f\udce4ces.zarr"


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda happy, _: happy.update(people=[]), "it is of nobody"),
        (lambda happy, _: happy.update(people=["ann"]), "scores of 'output = input' are not of 1 people"),
        (lambda happy, _: happy["scores"].pop(MODEL), "scores of 'model' are not of 2 people"),
        (lambda happy, _: happy["scores"][MODEL].pop("mouth"), "scores of 'model' are not of 2 people"),
        (lambda happy, _: happy["scores"][MODEL]["face"].pop("mse_x100"), "scores of 'model' are not of 2 people"),
        (lambda happy, _: happy["looks"]["taken_for"][REAL].pop(), "looks are not of 2 faces"),
        (lambda happy, _: happy["looks"]["nearest"][MODEL].append("ann"), "looks are not of 2 faces"),
        (lambda happy, _: happy["looks"]["gradient_energy"][REAL].pop("mouth"), "gradients of a region are missing"),
        (lambda _, outside: outside["photographs"].pop(), "looks are not of 1 faces"),
        (lambda _, outside: outside["looks"]["happy"]["gradient_energy"][UNCHANGED].pop("face"), "gradients of a reg"),
    ],
)
def test_what_does_not_is_refused(
    record: dict[str, Any], damage: Callable[[dict[str, Any], dict[str, Any]], object], fault: str
) -> None:
    damage(record["expressions"]["happy"], record["outside"])
    with pytest.raises(FormatError, match=f"an evaluation: ({fault}).*; it was damaged or not written by fesdist"):
        Evaluation.from_record(record)
