"""The drawing: true to its axes, with labels that do not overlap, whatever was tuned."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pytest

from fesdist.report.tuning_chart import HEIGHT, MARKERS, WIDTH, TuningChart, tuning_chart
from fesdist.report.tuning_curves import MOST_CURVES, curves_of
from tests.fesdist.report.tunings import tuning_of

RIDGES = (0.01, 0.1, 1.0, 10.0)


def chart_of(
    grid: Mapping[str, Sequence[Any]], error: Callable[[Mapping[str, Any]], float], region: str = "face"
) -> TuningChart:
    tuning = tuning_of(grid, error)
    return tuning_chart(tuning, curves_of(tuning), region)


def test_equal_factors_are_equal_distances_on_both_axes() -> None:
    chart = chart_of({"ridge": RIDGES}, lambda options: 4 / options["ridge"])
    (curve,) = chart.curves
    steps = [(after.x - before.x, after.y - before.y) for before, after in pairwise(curve.points)]
    assert steps == [pytest.approx(steps[0], abs=0.21)] * 3
    assert steps[0][0] > 0
    assert steps[0][1] > 0, "y grows downward"
    assert chart.chosen == (curve.points[-1].x, curve.points[-1].y)
    assert "ridge 10: 0.4000 ± 0.0400" in curve.points[-1].title


def test_bars_are_the_standard_errors() -> None:
    chart = chart_of({"ridge": RIDGES}, lambda options: 4 / options["ridge"])
    first, last = chart.curves[0].points[0], chart.curves[0].points[-1]
    factor = (last.y - first.y) / math.log(1000)
    for point in (first, last):
        top, bottom = point.bar
        assert point.y - top == pytest.approx(factor * math.log(1.1), abs=0.11)
        assert bottom - point.y == pytest.approx(-factor * math.log(0.9), abs=0.11)


@pytest.mark.parametrize("region", ["face", "mouth"])
@pytest.mark.parametrize(
    "grid",
    [
        {"window": tuple(range(3, 25, 2)), "ridge": tuple(3.0**power for power in range(-6, 7))},
        {"kernel": ("gaussian", "laplacian", "polynomial"), "sigma": (0.1, 0.2, 0.4), "ridge": RIDGES},
        {"mask": tuple(f"masks/of-the-eyes-and-of-the-mouth-{number}.png" for number in range(4))},
        {"window": (3,), "ridge": (1.0,)},
        {"n_nonzero": (1, 2, 5, 10, 20)},
    ],
    ids=["many", "words", "files", "one", "whole numbers"],
)
def test_everything_is_within_the_drawing_and_no_text_covers_another(
    grid: Mapping[str, Sequence[Any]], region: str
) -> None:
    chart = chart_of(grid, lambda options: 1.0 + math.log1p(options.get("ridge", 1.0)), region)
    assert len(chart.curves) <= MOST_CURVES == len(MARKERS)
    for curve in chart.curves:
        for point in curve.points:
            assert chart.left <= point.x <= chart.right
            assert chart.top <= point.bar[0] <= point.y <= point.bar[1] <= chart.bottom
        assert chart.right + 7 * len(curve.label) < WIDTH
    heights = sorted(curve.label_y for curve in chart.curves)
    assert all(chart.top <= height <= chart.bottom < HEIGHT for height in heights)
    assert all(after - before >= 14.8 for before, after in pairwise(heights))
    labelled = [(x, 6.5 * len(label) / 2) for x, label in chart.x_ticks if label]
    assert labelled
    assert all(before + half < after - other for (before, half), (after, other) in pairwise(labelled))


def test_long_names_become_numbers() -> None:
    grid = {"kernel": ("gaussian", "laplacian"), "sigma": (0.1, 0.2), "ridge": RIDGES}
    chart = chart_of(grid, lambda options: options["sigma"])
    assert [curve.label for curve in chart.curves] == ["1", "2", "3", "4"]


def test_words_are_not_connected() -> None:
    assert not chart_of({"kernel": ("gaussian", "linear")}, lambda options: 1.0).connected
    assert chart_of({"n_nonzero": (1, 2)}, lambda options: 1.0).connected


def test_an_error_of_nothing_is_at_the_bottom() -> None:
    chart = chart_of({"ridge": (0.1, 1.0)}, lambda options: options["ridge"] - 0.1)
    assert chart.curves[0].points[0].y <= chart.bottom
    assert chart.curves[0].points[0].y > chart.bottom - 5
    flat = chart_of({"ridge": (0.1, 1.0)}, lambda options: 0.0)
    assert [point.y for point in flat.curves[0].points] == [flat.chosen[1]] * 2
