"""The drawing of where the time of a training went."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from fesdist.ground.metrics import RunMetrics
from fesdist.report.build import write_report
from fesdist.report.flame_chart import WIDTH, flame_chart
from tests.fesdist.evaluation.small_store import publish
from tests.fesdist.report.test_build import Page

METRICS = RunMetrics(
    phases={"read": 6.0, "solve": 2.0, "a phase with a name too long for its box": 0.0},
    steps={"choice": 1.0, "tiles": 3.0},
)


def test_parts_lie_below_what_they_are_part_of() -> None:
    chart = flame_chart(METRICS)
    assert chart is not None
    tiles, choice = chart.steps
    assert (tiles.x, tiles.width) == (0, 3 * WIDTH / 4)
    assert (choice.x, choice.width) == (3 * WIDTH / 4, WIDTH / 4)
    read, solve, nothing = chart.phases
    assert (read.x, read.width) == (tiles.x, tiles.width * 3 / 4)
    assert (solve.x, solve.width) == (read.x + read.width, tiles.width / 4)
    assert (nothing.x, nothing.width, nothing.label) == (tiles.width, 0, "")
    assert [box.told for box in (chart.run, choice, read)] == [
        "training 4.00 s, 100 %",
        "choice 1.00 s, 25 %",
        "read 6.00 s, 75 %",
    ]
    assert {box.y for box in chart.steps} == {chart.row}
    assert {box.y for box in chart.phases} == {2 * chart.row}


@pytest.mark.parametrize("metrics", [RunMetrics(), RunMetrics(steps={"tiles": 1.0})])
def test_older_versions_do_not_tell(metrics: RunMetrics) -> None:
    assert flame_chart(metrics) is None


@pytest.mark.parametrize("metrics", [METRICS, RunMetrics()])
def test_a_report_draws_what_its_version_tells(metrics: RunMetrics, stack: str, store: str, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    write_report(store, publish(store, stack, metrics=asdict(metrics)), out)
    page = Page(out.read_text(encoding="utf-8"))
    assert ("Where the time went" in page.text) == bool(metrics.steps)
    assert page.text.count('<rect x="') == len(metrics.steps) + len(metrics.phases) + bool(metrics.steps)
