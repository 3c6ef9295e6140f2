"""What people see, in a report: shares, what is confused with what, and faces outside the data."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fesdist.cluster.settings import ClusterSettings
from fesdist.evaluation.document import Evaluation
from fesdist.evaluation.evaluate import evaluate
from fesdist.evaluation.looks import Looks
from fesdist.evaluation.scores import METHODS, MODEL, ExpressionScores
from fesdist.ground.measures import MEASURES, REGIONS
from fesdist.report.build import write_report
from fesdist.report.looks_section import judged, judgement, looks_table
from fesdist.report.tables import Cell
from tests.fesdist.evaluation.small_store import make_stack, publish
from tests.fesdist.report.test_build import Page

EXPRESSIONS = ("angry", "smiling")


def scores_of(looks: Looks) -> ExpressionScores:
    values = {method: np.ones((len(REGIONS), len(MEASURES), 2)) for method in METHODS}
    return ExpressionScores.of("happy", ("a", "b"), (), values, looks)


def test_a_card_says_what_the_output_is_taken_for_and_who_is_nearest() -> None:
    scores = scores_of(Looks({MODEL: ("happy", "")}, {MODEL: ("a", "a")}))
    assert judged(scores, "a") == (Cell("taken for happy", "better"), Cell("nearest to themselves", "better"))
    assert judged(scores, "b") == (Cell("taken for nothing", "worse"), Cell("nearest to a", "worse"))
    assert judged(scores, "c") == judged(None, "a") == ()


def test_an_evaluation_of_an_older_version_has_no_such_part() -> None:
    scores = scores_of(Looks())
    evaluation = Evaluation("small", 1, "holdout", "stack", "", "", (scores,))
    assert looks_table(scores) is None
    assert judgement(evaluation, None, 3) is judgement(None, None, 3) is None


@pytest.fixture
def sketches(tmp_path: Path) -> Path:
    folder = tmp_path / "sketches"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in "ab":
        Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)).save(folder / f"{name}.png")
    (folder / "broken.png").write_bytes(b"")
    return folder


def test_a_report_shows_shares_confusion_and_faces_outside_the_data(tmp_path: Path, store: str, sketches: Path) -> None:
    stack = make_stack(tmp_path / "stack.zarr", expressions=EXPRESSIONS)
    reference = publish(store, stack, expressions=EXPRESSIONS)
    evaluate(stack, store, reference, photographs=str(sketches), cluster=ClusterSettings(workers=0))
    out = tmp_path / "report.html"
    write_report(store, reference, out)
    page = Page(out.read_text(encoding="utf-8"))
    for expected in (
        "The classifier learned from 15 real photographs of other people and is right about",
        "<strong>Identity</strong>: the share of faces whose nearest input photograph",
        "What is taken for what",
        "Outside its data",
        "broken.png (the file is empty; expected",
        "nearest to themselves",
    ):
        assert expected in page.text
    assert sum((image["alt"] or "").startswith("a.png, ") for image in page.images) == 5
    # Without the photographs the numbers remain.
    shutil.rmtree(sketches)
    write_report(store, reference, out)
    page = Page(out.read_text(encoding="utf-8"))
    assert "Outside its data" in page.text
    assert not any((image["alt"] or "").startswith("a.png, ") for image in page.images)
