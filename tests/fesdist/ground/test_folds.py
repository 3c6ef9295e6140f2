"""Folds hold every person once, are nearly equal, and are the same wherever they are made."""

from __future__ import annotations

import pytest

from fesdist.ground.errors import BadParameterError
from fesdist.ground.folds import split_people

PEOPLE = [f"person{number}" for number in range(11)]


@pytest.mark.parametrize("n_folds", [2, 3, 10, 11])
def test_every_person_is_in_one_fold(n_folds: int) -> None:
    folds = split_people(PEOPLE, n_folds)
    assert len(folds) == n_folds
    assert sorted(person for fold in folds for person in fold) == sorted(PEOPLE)
    assert max(map(len, folds)) - min(map(len, folds)) <= 1


def test_the_order_of_people_does_not_matter() -> None:
    assert split_people(PEOPLE, 4) == split_people(reversed(PEOPLE), 4)
    assert split_people(PEOPLE, 4) == split_people(PEOPLE * 2, 4)


def test_one_person_at_a_time() -> None:
    assert {tuple(fold) for fold in split_people(PEOPLE, None)} == {(person,) for person in PEOPLE}


@pytest.mark.parametrize(
    ("n_folds", "people", "said"),
    [
        (1, PEOPLE, r"1 fold of \d+ people"),
        (12, PEOPLE, r"12 folds of \d+ people"),
        (None, ["alone"], "1 fold of 1 person"),
        (-3, PEOPLE, r"-3 folds of \d+ people"),
    ],
)
def test_folds_that_cannot_be(n_folds: int | None, people: list[str], said: str) -> None:
    with pytest.raises(BadParameterError, match=rf"{said}; expected 2 folds or more .* ingest more pairs"):
        split_people(people, n_folds)
