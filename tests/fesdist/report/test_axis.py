"""Grid lines are at round numbers, neither too few nor too many."""

from __future__ import annotations

import math

import pytest

from fesdist.report.axis import logarithmic_ticks, tick_step


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.7, 4.5, (0.8, 1, 1.5, 2, 3, 4)),
        (0.04, 14, (0.1, 0.3, 1, 3, 10)),
        (0.03, 0.11, (0.03, 0.04, 0.05, 0.06, 0.08, 0.1)),
        (1.02, 1.26, (1.05, 1.1, 1.15, 1.2, 1.25)),
        (1e-4, 1e3, (1e-4, 1e-2, 1, 100)),
    ],
)
def test_ticks_of_an_axis(low: float, high: float, expected: tuple[float, ...]) -> None:
    assert logarithmic_ticks(low, high) == pytest.approx(expected)


@pytest.mark.parametrize("low", [0.9, 1.3, 4.7])
@pytest.mark.parametrize("ratio", [1.05, 1.4, 2.1, 3, 5, 8, 30, 1e3, 1e6])
def test_ticks_are_two_to_seven_within_the_axis(low: float, ratio: float) -> None:
    ticks = logarithmic_ticks(low, low * ratio)
    assert 2 <= len(ticks) <= 7
    assert low <= ticks[0] < ticks[-1] <= low * ratio


def test_steps_are_two_to_four() -> None:
    assert {math.ceil(largest / tick_step(largest / 100) / 100) for largest in range(1, 1000)} == {2, 3, 4}
