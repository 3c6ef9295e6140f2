"""The report as a whole: self-contained, well-formed, and it comes even if half of what it shows is missing."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from fesdist.cluster.in_process import InProcessCluster
from fesdist.cluster.settings import ClusterSettings
from fesdist.evaluation.evaluate import evaluate
from fesdist.ground.errors import BadParameterError
from fesdist.registry import MaskedRegression
from fesdist.report.build import write_report
from fesdist.training.job import TrainingRequest
from fesdist.training.run import train
from storage.datasets.store import WeightStore
from storage.errors import NotFoundError
from storage.stack.reading import StackSpec
from storage.stack.writer import PendingSubject, StackWriter
from tests.fesdist.evaluation.small_store import HELD_OUT, make_stack, publish
from tests.fesdist.ground.heads import head
from tests.fesdist.report.pages import Page


def test_a_report_needs_no_other_file_and_no_script(stack: str, store: str, out: Path) -> None:
    reference = publish(store, stack)
    evaluate(stack, store, reference, cluster=ClusterSettings(workers=0))
    report = write_report(store, reference, out)
    page = Page(out.read_text(encoding="utf-8"))
    assert report.n_bytes == out.stat().st_size
    assert page.addresses
    assert all(address.startswith(("data:image/", "#")) for address in page.addresses)
    assert not re.search(r"<script|@import|url\(|https?://", page.text)


def test_all_files_with_checksums_are_counted_as_files(stack: str, store: str, out: Path) -> None:
    write_report(store, publish(store, stack), out)
    files = sum(path.is_file() for path in Path(store, "small", "data").rglob("*"))
    assert f"{files} files with checksums" in out.read_text(encoding="utf-8")


def test_every_picture_has_a_text_and_a_size(stack: str, store: str, out: Path) -> None:
    write_report(store, publish(store, stack), out)
    images = Page(out.read_text(encoding="utf-8")).images
    assert len(images) == 4 * len(HELD_OUT) + 9
    assert all(image["alt"] and image["width"] and image["height"] for image in images)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system has no names that are no text")
def test_a_store_whose_name_is_no_text_is_told_in_digits(stack: str, store: str, out: Path, tmp_path: Path) -> None:
    reference = publish(store, stack)
    moved = shutil.move(store, tmp_path / "w\udce4ights")
    write_report(str(moved), reference, out)
    assert r"w\udce4ights" in out.read_text(encoding="utf-8")


def test_a_date_that_is_none_is_shown_as_it_is(stack: str, store: str, out: Path) -> None:
    reference = publish(store, stack)
    manifest = Path(store) / "small/versions/1.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "created": "on a Sunday"}))
    write_report(store, reference, out)
    assert "on a Sunday" in out.read_text(encoding="utf-8")


def test_an_evaluated_version_shows_errors_and_people(stack: str, store: str, out: Path) -> None:
    reference = publish(store, stack)
    WeightStore(store).aliases("small").promote(1, "production")
    evaluate(stack, store, reference, cluster=ClusterSettings(workers=0))
    assert write_report(store, reference, out).unmeasured is None
    text = out.read_text(encoding="utf-8")
    for expected in ("input + mean difference", "Nobody of 3 gets worse", "Best", "Worst", "p6", "production"):
        assert expected.lower() in text.lower()
    assert "fesdist evaluate" not in text


def test_a_version_that_was_not_evaluated_shows_what_training_measured(stack: str, store: str, out: Path) -> None:
    region = {"mse_x100": 0.25, "unchanged_mse_x100": 1.0}
    found = {"face": region, "mouth": region, "statuses": {"0": 1400, "1": 40}}
    metrics = {"expressions": {"smiling": found}, "tiles": 4, "tile_seconds": 1.5, "peak_bytes": 200_000_000}
    report = write_report(store, publish(store, stack, metrics=metrics), out)
    text = out.read_text(encoding="utf-8")
    (notice,) = report.notices
    assert notice.text.startswith("small@1 was measured by its training only, on held-out people; `fesdist evaluate")
    for expected in (
        "small@1 was measured by its training only",
        "0.250",
        "−75.0 %",
        "1,400 of 1,440",
        "40 regressions had no unique solution",
        "4 tiles",
    ):
        assert expected in text


def test_a_version_that_learned_from_everybody_is_not_said_to_be_measured(stack: str, store: str, out: Path) -> None:
    found = {"face": None, "mouth": None, "statuses": {"0": 1440}}
    metrics = {"expressions": {"smiling": found}, "tiles": 4, "tile_seconds": 1.5, "peak_bytes": 200_000_000}
    (notice,) = write_report(store, publish(store, stack, metrics=metrics), out).notices
    assert notice.text.startswith("small@1 learned from everybody, so its errors on others are not known; `fesdist")
    assert notice.text.endswith("--photographs FOLDER` looks at what it makes of other photographs")


def test_an_expression_without_faces_leaves_those_of_the_others(tmp_path: Path, store: str, out: Path) -> None:
    expressions = ("angry", "smiling")
    both = make_stack(tmp_path / "two.zarr", expressions=expressions)
    reference = publish(store, both, expressions=expressions)
    report = write_report(store, reference, out, stack_path=make_stack(tmp_path / "one.zarr"))
    page = Page(out.read_text(encoding="utf-8"))
    assert not report.missing
    assert "No faces of this expression" in page.text
    assert sum("Person" in (image["alt"] or "") for image in page.images) == 4 * len(HELD_OUT)


def test_people_whom_the_model_knows_are_flagged(stack: str, store: str, out: Path) -> None:
    reference = publish(store, stack, trained_on=["p0", "p7"])
    evaluate(stack, store, reference, cluster=ClusterSettings(workers=0))
    write_report(store, reference, out)
    assert "was trained on 1 of these people (p7), although" in out.read_text(encoding="utf-8")


def test_names_cannot_become_markup(tmp_path: Path, store: str, out: Path) -> None:
    reference = publish(store, make_stack(tmp_path / "<b>&stack.zarr"))
    write_report(store, reference, out)
    assert "<b>&stack" not in out.read_text(encoding="utf-8")
    assert "&lt;b&gt;&amp;stack" in out.read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_is_named_and_nothing_half_is_left(
    stack: str, store: str, tmp_path: Path
) -> None:
    reference = publish(store, stack)
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(BadParameterError, match=r"cannot be written to .*expected a writable folder"):
        write_report(store, reference, tmp_path / "file" / "report.html")
    write_report(store, reference, tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir() if "report" in path.name] == ["report.html"]


def test_impossible_wishes_are_refused(stack: str, store: str, out: Path) -> None:
    publish(store, stack)
    with pytest.raises(NotFoundError, match="small@9"):
        write_report(store, "small@9", out)
    with pytest.raises(BadParameterError, match=r"is a folder; expected a file to write, such as .*report\.html"):
        write_report(store, "small", store)
    with pytest.raises(BadParameterError, match="people is 0; expected 1 or more"):
        write_report(store, "small", out, people=0)
    assert not out.exists()


def test_what_is_in_doubt_and_misaligned_pairs_are_shown(tmp_path: Path, out: Path) -> None:
    people = [
        PendingSubject(f"p{n}", {"neutral": head(n, (48, 48)), "happy": head(n, (48, 48), right=0.06 * (n == 2))})
        for n in range(6)
    ]
    with StackWriter.create(tmp_path / "heads.zarr", StackSpec(48, 48, 3, "uint8", "none")) as writer:
        writer.append(people)
        writer.assign_holdout(ids=["p5"])
    store = str(tmp_path / "weights")
    request = TrainingRequest(
        str(tmp_path / "heads.zarr"), store, "heads", MaskedRegression.with_window(1, ridge=1e9), subjects="all"
    )
    train(request, InProcessCluster(), memory=1 << 30)
    write_report(store, "heads", out)
    page = Page(out.read_text(encoding="utf-8"))
    for expected in (
        "Changed, left out or in doubt",
        "1 photograph in another place than the same person&#39;s neutral",
        "Of 1 person who taught this, the two photographs lie at different places",
        "happy lies 6 % further right",
        "One person whom the stack holds out, although the model has learned from them: the photograph",
    ):
        assert expected in page.text
    assert "Held-out people" not in page.text
    assert [image["alt"] for image in page.images if "one over the other" in str(image["alt"])] == [
        "Person p2, one over the other"
    ]
