"""Seconds are counted where they are spent, also by what fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace

import pytest

from fesdist.passes.phases import Clock, added


@pytest.fixture
def hand() -> SimpleNamespace:
    """Return the hand of a clock, which the test moves."""
    return SimpleNamespace(at=100.0)


def test_time_belongs_to_the_phase_in_which_it_passes(hand: SimpleNamespace) -> None:
    clock = Clock(lambda: hand.at)
    with clock("solve"):
        hand.at += 2
    hand.at += 50
    with suppress(KeyError), clock("solve"):
        hand.at += 0.5
        raise KeyError

    def items() -> Iterator[int]:
        for item in range(3):
            hand.at += 1
            yield item
        hand.at += 0.25

    for _ in clock.over("read", items()):
        hand.at += 10
    assert clock.seconds == {"solve": 2.5, "read": 3.25}


def test_phases_of_tiles_add_up() -> None:
    assert added([{"read": 1.0, "solve": 2.0}, {"solve": 0.5}, {}]) == {"read": 1.0, "solve": 2.5}
