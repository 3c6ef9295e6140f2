"""The chart of all people: where their errors are, and that it is drawn when there are none."""

from __future__ import annotations

import numpy as np
import pytest

from fesdist.evaluation.scores import METHODS, MODEL, UNCHANGED, ExpressionScores
from fesdist.ground.measures import MEASURES, REGIONS
from fesdist.report.chart import HEIGHT, people_chart


def scores_of(unchanged: list[float], model: list[float]) -> ExpressionScores:
    values = {method: np.zeros((len(REGIONS), len(MEASURES), len(model))) for method in METHODS}
    values[UNCHANGED][0, 0], values[MODEL][0, 0] = unchanged, model
    return ExpressionScores.of("happy", [f"p{number}" for number in range(len(model))], (), values)


def test_people_ascend_by_the_error_of_the_model() -> None:
    chart = people_chart(scores_of([1.0, 2.0, 0.5], [0.5, 0.25, 1.0]))
    assert [mark.title.partition(":")[0] for mark in chart.marks] == ["p1", "p0", "p2"]
    assert (chart.n_worse, chart.n_people) == (1, 3)
    assert chart.ticks[-1][1] == "2"
    heights = dict((label, height) for height, label in chart.ticks)
    assert (chart.marks[0].unchanged, chart.marks[2].model) == (heights["2"], heights["1"])


@pytest.mark.parametrize("people", [1, 3])
def test_where_nobody_errs_all_are_at_the_bottom(people: int) -> None:
    chart = people_chart(scores_of([0.0] * people, [0.0] * people))
    (bottom, label), *others = chart.ticks
    assert (label, len(others) > 0) == ("0", True)
    assert 0 < others[-1][0] < bottom < HEIGHT
    assert {(mark.unchanged, mark.model) for mark in chart.marks} == {(bottom, bottom)}


@pytest.mark.parametrize(("largest", "longest"), [(1.0, "0.5"), (0.012, "0.005")])
def test_labels_have_room_at_the_size_that_they_have_on_a_phone(largest: float, longest: str) -> None:
    chart = people_chart(scores_of([largest] * 3, [0.0] * 3))
    assert max((label for _, label in chart.ticks), key=len) == longest
    # Letters of 19 units, digits being three fifths as wide; eight units are between a label and the lines.
    assert chart.left - 8 >= 0.6 * 19 * len(longest)
    assert chart.left < chart.marks[0].x
