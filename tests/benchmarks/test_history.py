"""A run is one line, and all lines become one drawing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.benchmarks import history
from tests.benchmarks.limits import Limits
from tests.benchmarks.machine import facts
from tests.benchmarks.rows import Row, Spread


def machine(when: str) -> dict[str, Any]:
    return {**facts(Limits(1e11, 5e10, 1e10, 1e9)), "when": when}


def row(name: str, of_bound: float, ratio: Spread | None = None) -> Row:
    return Row(name, "what", Spread(0.5, 0.4, 0.6), "", "arithmetic", of_bound, ratio)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a history of two runs; the second has a row more."""
    path = tmp_path / "benchmarks" / "history.jsonl"
    history.append(path, machine("2026-02-01T00:00:00+00:00"), [row("planes <3>", 0.5, Spread(4.0, 3.0, 5.0))])
    history.append(path, machine("2026-03-01T00:00:00+00:00"), [row("planes <3>", 1.0), row("cholesky", 0.25)])
    return path


def test_a_run_is_a_line_with_the_limits_of_its_machine(path: Path) -> None:
    first, second = map(json.loads, path.read_text().splitlines())
    assert first["rows"] == {"planes <3>": {"seconds": 0.5, "of_bound": 0.5, "ratio": 4.0}}
    assert second["rows"]["cholesky"]["ratio"] is None
    for fact in ("processor", "cores", "float32_gemm_flops_a_core", "memory_bytes_a_second", "versions"):
        assert fact in first
    assert first["versions"]["fesdist"].count("+") == 1


def test_every_row_has_a_chart_of_the_runs_that_have_it(path: Path) -> None:
    planes, cholesky = history.charts(history.read(path))
    assert (planes.name, planes.first, planes.last) == ("planes <3>", "50.0%", "100.0%")
    assert [x for x, _, _ in planes.points] == [history.MARGIN, history.WIDTH - history.MARGIN]
    assert planes.points[1][1] < planes.points[0][1]
    assert [x for x, _, _ in cholesky.points] == [history.WIDTH - history.MARGIN]


def test_it_is_drawn(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = path.parent / "build" / "history.svg"
    monkeypatch.setattr(sys, "argv", ["history", str(path), str(drawing)])
    history.main()
    drawn = ElementTree.parse(drawing).getroot()
    assert len(drawn.findall(".//{*}circle")) == 3
    assert "planes <3>: 50.0% of the bound, now 100.0%" in [text.text for text in drawn.findall(".//{*}text")]


def test_without_a_run_there_is_nothing_to_draw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["history", str(tmp_path / "none"), str(tmp_path / "drawing.svg")])
    with pytest.raises(SystemExit):
        history.main()
