"""Which option runs along the axis, and which combinations are a curve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fesdist.report.tuning_curves import curves_of
from tests.fesdist.report.tunings import tuning_of


def position(options: Mapping[str, Any]) -> float:
    """Return an error that grows with every number."""
    return 1.0 + sum(value for value in options.values() if not isinstance(value, str))


@pytest.mark.parametrize(
    ("grid", "option", "logarithmic"),
    [
        ({"window": (3, 5, 7), "ridge": (0.1, 1.0, 10.0)}, "ridge", True),
        ({"window": (3, 5, 7), "ridge": (0.1, 1.0)}, "window", False),
        ({"kernel": ("gaussian", "linear", "laplacian"), "sigma": (0.1, 0.2)}, "sigma", True),
        ({"locality": (0.0, 0.5, 1.0)}, "locality", False),
        ({"kernel": ("gaussian", "linear"), "ridge": (1.0,)}, "kernel", False),
    ],
)
def test_the_number_tried_at_most_values_is_along_the_axis(
    grid: Mapping[str, Any], option: str, logarithmic: bool
) -> None:
    curves = curves_of(tuning_of(grid, position))
    assert (curves.option, curves.logarithmic) == (option, logarithmic)
    assert curves.values == grid[option]


def test_curves_are_told_apart_by_the_options_that_differ_and_the_best_come_first() -> None:
    curves = curves_of(tuning_of({"window": (5, 3), "dilation": (1,), "ridge": (10.0, 1.0, 0.1)}, position))
    assert [curve.name for curve in curves.shown] == ["window 3", "window 5"]
    assert [result.options["ridge"] for result in curves.shown[0].results] == [0.1, 1.0, 10.0]


def test_only_the_best_curves_are_shown() -> None:
    curves = curves_of(
        tuning_of({"window": tuple(range(3, 25, 2)), "ridge": tuple(map(float, range(1, 13)))}, position)
    )
    assert curves.n_curves == 11
    assert [curve.name for curve in curves.shown] == [f"window {window}" for window in range(3, 19, 2)]


def test_what_could_not_be_trained_is_in_no_curve_but_its_value_stays_on_the_axis() -> None:
    curves = curves_of(tuning_of({"window": (3, 5), "ridge": (0.1, 1.0, 10.0)}, position, failed=(2, 3, 4, 5)))
    assert curves.values == (0.1, 1.0, 10.0)
    assert [(curve.name, len(curve.results)) for curve in curves.shown] == [("window 3", 2)]
