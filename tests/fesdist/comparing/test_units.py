"""What is trained from what to what, by whom, and under which name and key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fesdist.comparing.entrants import Entrant, choose_entrants, default_entrants
from fesdist.comparing.units import Change, Unit, changes_of, make_units
from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError
from storage.errors import BadNameError
from storage.stack.reading import TrainingStack
from tests.fesdist.training.stacks import write_stack

HAPPY, UNHAPPY = Change("neutral", "happy"), Change("happy", "neutral")
SAD, CHEERED = Change("neutral", "sad"), Change("sad", "neutral")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> TrainingStack:
    return TrainingStack.open(write_stack(tmp_path_factory.mktemp("stack") / "stack.zarr", side=16))


def units(stack: TrainingStack, *names: str, colour: Colour = Colour.SHARED) -> list[Unit]:
    entrants = choose_entrants(default_entrants(), names)
    return make_units(stack, "weights", entrants, (HAPPY, SAD, CHEERED), colour)


def test_all_expressions_there_and_back(stack: TrainingStack) -> None:
    assert changes_of(stack, "both", None) == {"forward": (HAPPY, SAD), "backward": (UNHAPPY, CHEERED)}


def test_some_expressions_in_one_direction_keep_their_order(stack: TrainingStack) -> None:
    assert changes_of(stack, "backward", ["sad", "happy", "sad"]) == {"backward": (CHEERED, UNHAPPY)}
    assert changes_of(stack, "forward", ["happy"]) == {"forward": (HAPPY,)}


def test_an_unknown_expression_is_refused(stack: TrainingStack) -> None:
    with pytest.raises(BadParameterError, match=r"'angry' is not among the targets of .*; it has happy, sad"):
        changes_of(stack, "both", ["happy", "angry"])


def test_a_stack_without_targets_is_refused(tmp_path: Path) -> None:
    lonely = TrainingStack.open(write_stack(tmp_path / "stack.zarr", side=16, expressions=()))
    with pytest.raises(BadParameterError, match="has no expressions but 'neutral'; ingest pairs first"):
        changes_of(lonely, "both", None)


def test_units_are_named_for_entrant_and_change(stack: TrainingStack) -> None:
    named = {str(unit): unit.request for unit in units(stack, "mr-3", "pca")}
    assert list(named)[2:4] == ["mr-3, sad → neutral", "pca, neutral → happy"]
    request = named["mr-3, sad → neutral"]
    assert request.name == "compare-mr-3-sad-neutral"
    assert (request.input_expression, request.expressions) == ("sad", ("neutral",))


def test_a_model_that_joins_expressions_is_given_all_of_them(stack: TrainingStack) -> None:
    assert [unit.request.expressions for unit in units(stack, "bkrrr")] == [
        ("happy", "sad"),
        ("happy", "sad"),
        ("happy", "neutral"),
    ]


def test_keys_differ_by_settings_and_images(stack: TrainingStack, tmp_path: Path) -> None:
    other = TrainingStack.open(write_stack(tmp_path / "other.zarr", side=16, seed=1))
    same = TrainingStack.open(write_stack(tmp_path / "same.zarr", side=16))
    found = [units(stack, "mr-3"), units(stack, "mr-5"), units(stack, "mr-3", colour=Colour.GRAY), units(other, "mr-3")]
    assert len({unit.key for some in found for unit in some}) == 12
    assert [unit.key for unit in units(same, "mr-3")] == [unit.key for unit in found[0]]


def test_expressions_with_long_names_have_a_digest_in_their_place(tmp_path: Path) -> None:
    """Each may have as many characters as the name of a model."""
    longest = 100 - len("compare-mr-3-neutral-")
    names = ("a" * longest, "b" * 100, "c" * 100)
    stack = TrainingStack.open(write_stack(tmp_path / "stack.zarr", side=16, expressions=names))
    changes = changes_of(stack, "both", None)
    entrants = choose_entrants(default_entrants(), ["mr-3"])
    found = make_units(stack, "weights", entrants, (*changes["forward"], *changes["backward"]), Colour.SHARED)
    assert found[0].request.name == f"compare-mr-3-neutral-{names[0]}"
    others = {unit.request.name for unit in found if names[0] not in unit.request.name}
    assert len(others) == 4
    assert all(re.fullmatch("compare-mr-3-[0-9a-f]{16}", name) for name in others)


def test_a_name_that_the_store_cannot_keep_is_refused(stack: TrainingStack) -> None:
    (entrant,) = choose_entrants(default_entrants(), ["mr-3"])
    with pytest.raises(BadNameError, match="model name 'compare-mr/3-neutral-happy' cannot be used"):
        make_units(stack, "weights", [Entrant("mr/3", entrant.model)], [HAPPY], Colour.SHARED)
