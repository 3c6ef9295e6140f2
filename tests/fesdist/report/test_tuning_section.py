"""What a report says of how the options were chosen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.registry import MaskedRegression
from fesdist.report.build import write_report
from fesdist.training.job import TrainingRequest
from fesdist.training.run import train
from fesdist.tuning.tuning import Tuning
from tests.fesdist.evaluation.small_store import make_stack, publish
from tests.fesdist.report.test_build import Page
from tests.fesdist.report.tunings import tuning_of

GRID = {"window": (3, 5), "ridge": (0.1, 1.0, 10.0)}
"""Manifests, and so reports, name options by the alphabet."""


def best_at_one(options: dict[str, float]) -> float:
    return abs(options["ridge"] - 1.0) + options["window"] / 10


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "report.html"


def page_of(tuning: Tuning | None, stack: str, store: str, out: Path) -> Page:
    plain = None if tuning is None else tuning.to_json()
    write_report(store, publish(store, stack, tuning=plain), out)
    return Page(out.read_text(encoding="utf-8"))


def test_a_version_without_a_tuning_has_no_such_section(stack: str, store: str, out: Path) -> None:
    assert "How it was chosen" not in page_of(None, stack, store, out).text


def test_the_section_tells_what_was_measured_and_draws_it(stack: str, store: str, out: Path) -> None:
    page = page_of(tuning_of(GRID, best_at_one), stack, store, out)
    for expected in (
        "How it was chosen",
        "ridge 1, window 3",
        "0.3000 ± 0.0300 over the face",
        "0.6000 ± 0.0600 in the mouth region",
        "20 people",
        "left out in turn, in 5 folds",
        "one row in 2",
        "outputs not clipped to [0, 1]",
        "6 combinations",
        "ridge 10, window 5: 9.5000 ± 0.9500",
    ):
        assert expected in page.text
    assert page.text.count('<circle class="chosen" c') == 2
    assert page.text.count("<polyline points=") == 2 * 2 + 2, "in two charts and in the legend"
    for unexpected in ("could not be trained", "not those that", "Best for it alone", "Ridge, cell"):
        assert unexpected not in page.text
    assert not re.search(r"<script|@import|url\(|https?://", page.text)


def test_a_section_needs_neither_the_stack_nor_an_evaluation(stack: str, store: str, out: Path) -> None:
    reference = publish(store, stack, tuning=tuning_of(GRID, best_at_one).to_json())
    assert write_report(store, reference, out, stack_path="missing.zarr").missing
    assert "How it was chosen" in out.read_text(encoding="utf-8")


def test_what_limits_the_choice_is_said(stack: str, store: str, out: Path) -> None:
    tuning = tuning_of(GRID, lambda options: options["ridge"], failed=(4, 5))
    page = page_of(Tuning(**{**vars(tuning), "fingerprint": "1" * 64, "stack": "old.zarr"}), stack, store, out)
    for expected in (
        "2 values at the edge of what was tried; one beyond it may be better: ridge 0.1, window 3",
        "The photographs that were measured, in old.zarr, are not those that this version learned from",
        "2 combinations could not be trained: ridge 1, window 5: too little memory",
    ):
        assert expected in page.text


def test_expressions_are_listed_with_what_is_best_for_each_alone(tmp_path: Path, store: str, out: Path) -> None:
    expressions = ("angry", "smiling")
    two = make_stack(tmp_path / "two.zarr", expressions=expressions)
    tuning = tuning_of(GRID, best_at_one, expressions=expressions)
    plain = tuning.to_json()
    plain["results"][5]["scores"]["smiling"]["face"] = {"mse_x100": 0.01, "standard_error": 0.001}
    text = page_of(Tuning.from_json(plain), two, store, out).text
    row = re.search(r'<th scope="row">smiling</th>(<td>.*</td>)</tr>', text[text.index("Best for it alone") :])
    assert row is not None
    assert re.findall(r"<td>(.*?)</td>", row[1]) == [
        "1.3000",
        "0.0300",
        "2.6000",
        "0.0600",
        "ridge 10, window 5",
        "0.0100",
    ]


def test_a_map_of_ridges_is_shown_in_the_proportions_of_the_image(stack: str, store: str, out: Path) -> None:
    cells = ((0.1, 1.0), (1.0, 10.0))
    page = page_of(tuning_of(GRID, best_at_one, ridge_map=cells), stack, store, out)
    (picture,) = [image for image in page.images if "Ridge, cell by cell" in (image["alt"] or "")]
    assert picture["alt"] == "Ridge, cell by cell of the image, from 0.1 to 10"
    assert (picture["width"], picture["height"]) == ("213", "256")
    assert "then a ridge of 0.1 to 10 from place to place" in page.text


def test_what_a_run_chose_by_itself_is_drawn_as_well(stack: str, store: str, out: Path) -> None:
    asked = TrainingRequest(stack, store, "chosen", MaskedRegression.with_window(3), chosen=("ridge", "pool", "mirror"))
    result = train(asked, InProcessCluster(), memory=1 << 30)
    write_report(store, "chosen", out)
    page = Page(out.read_text(encoding="utf-8"))
    assert result.choice is not None
    for expected in (
        "How it was chosen",
        f"{len(result.choice.tried)} combinations",
        f"{result.choice.pixels:,} pixels all over the image",
        "outputs refined, not clipped",
        "mirror yes, pool 2",
        "mirror no, pool 0",
    ):
        assert expected in page.text
    assert "may be better: mirror" not in page.text
    assert "may be better: pool" not in page.text
    assert page.text.count('<circle class="chosen" c') == 2
