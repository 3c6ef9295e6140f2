"""Who takes part in a comparison when nobody says, and when somebody does."""

from __future__ import annotations

import pytest

from fesdist.comparing.entrants import choose_entrants, default_entrants
from fesdist.ground.errors import BadParameterError
from fesdist.registry import MODELS, MaskedRegression


def test_every_model_takes_part() -> None:
    entrants = default_entrants()
    assert {entrant.model.name for entrant in entrants} == set(MODELS)
    assert len({entrant.name for entrant in entrants}) == len({entrant.model for entrant in entrants}) == 14


@pytest.mark.parametrize(("name", "taps", "reach"), [("mr-3", 9, 1), ("mr-5", 25, 2), ("mr-3-in-7", 9, 3)])
def test_names_of_masks_say_what_they_are(name: str, taps: int, reach: int) -> None:
    (entrant,) = choose_entrants(default_entrants(), [name])
    assert isinstance(entrant.model, MaskedRegression)
    assert len(entrant.model.offsets) == taps
    assert max(row for row, _ in entrant.model.offsets) == reach


def test_only_the_bilinear_model_joins_expressions() -> None:
    assert [entrant.name for entrant in default_entrants() if entrant.joins_expressions] == ["bkrrr"]


def test_those_chosen_keep_their_order() -> None:
    assert [entrant.name for entrant in choose_entrants(default_entrants(), ["lasso", "mr-5"])] == ["mr-5", "lasso"]


def test_an_unknown_entrant_is_refused() -> None:
    with pytest.raises(BadParameterError, match="no entrant is called 'mr-9'; expected one of mr-3, mr-5, "):
        choose_entrants(default_entrants(), ["mr-5", "mr-9"])
