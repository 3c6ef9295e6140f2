"""A report comes even if half of what it shows is missing, damaged or out of reach, and says so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import zarr

from fesdist.cluster.settings import ClusterSettings
from fesdist.evaluation.evaluate import evaluate
from fesdist.report.build import write_report
from storage.datasets.store import WeightStore
from storage.errors import FormatError, StorageError
from storage.stack.reading import TrainingStack
from tests.fesdist.evaluation.small_store import make_stack, publish
from tests.fesdist.report.pages import Page


def test_aliases_that_cannot_be_read_are_left_out(stack: str, store: str, out: Path) -> None:
    reference = publish(store, stack)
    for alias in ("production", "damaged", "lost"):
        WeightStore(store).aliases("small").promote(1, alias)
    (Path(store) / "small/aliases/damaged/1.json").write_bytes(b"{")
    (Path(store) / "small/aliases/lost/1.json").unlink()
    write_report(store, reference, out)
    text = out.read_text(encoding="utf-8")
    assert '<span class="alias">production</span>' in text
    assert text.count('<span class="alias">') == 1


def test_damaged_evaluations_are_left_out_and_told(stack: str, store: str, out: Path) -> None:
    reference = publish(store, stack)
    evaluate(stack, store, reference, cluster=ClusterSettings(workers=0))
    kept = Path(store) / "small/evaluations/1"
    (kept / "cut.json").write_bytes(b"{")
    (kept / "foreign.json").write_text('{"mse": 0.5}')
    report = write_report(store, reference, out)
    assert report.unmeasured is None
    (notice,) = report.notices
    assert notice.text == "2 evaluations cannot be read; `fesdist evaluate` makes one anew"
    assert set(notice.examples) == {"cut", "foreign"}
    assert notice.text in out.read_text(encoding="utf-8")


def test_a_report_without_its_stack_says_so_and_keeps_the_maps(stack: str, store: str, out: Path) -> None:
    reference = publish(store, stack)
    evaluate(stack, store, reference, cluster=ClusterSettings(workers=0))
    shutil.rmtree(stack)
    report = write_report(store, reference, out)
    page = Page(out.read_text(encoding="utf-8"))
    assert "stack.zarr" in report.missing
    assert "The faces are not shown" in page.text
    assert "input + mean difference" in page.text
    assert len(page.images) == 6


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied", "stack"), StorageError("nobody answers")])
def test_a_stack_that_cannot_be_opened_costs_the_faces_alone(
    error: Exception, stack: str, store: str, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(path: str) -> TrainingStack:
        raise error

    reference = publish(store, stack)
    monkeypatch.setattr(TrainingStack, "open", unreadable)
    assert write_report(store, reference, out).missing == str(error)
    assert len(Page(out.read_text(encoding="utf-8")).images) == 6


@pytest.mark.parametrize("damaged", ["p0", "p6"])
def test_a_damaged_photograph_costs_the_faces_alone(damaged: str, stack: str, store: str, out: Path) -> None:
    reference = publish(store, stack)
    zarr.open_array(f"{stack}/smiling", mode="r+")[int(damaged[1:])] = 0
    report = write_report(store, reference, out)
    page = Page(out.read_text(encoding="utf-8"))
    assert f"smiling of {damaged}: its pixels, in smiling/c/0/0/0/0, were changed" in page.text
    assert bool(report.missing) is (damaged == "p0")  # of whom the photographs are asked how they lie
    assert len(page.images) == 6


def test_another_stack_can_be_given_and_one_that_does_not_fit_is_named(
    tmp_path: Path, stack: str, store: str, out: Path
) -> None:
    reference = publish(store, stack)
    shutil.rmtree(stack)
    assert not write_report(store, reference, out, stack_path=make_stack(tmp_path / "moved.zarr")).missing
    report = write_report(store, reference, out, stack_path=make_stack(tmp_path / "large.zarr", shape=(30, 30)))
    assert "30 x 30 with 3 channels" in report.missing


def test_an_alias_that_cannot_be_read_costs_no_report(stack: str, store: str, out: Path) -> None:
    reference = publish(store, stack)
    aliases = WeightStore(store).aliases("small")
    aliases.promote(1, "production")
    aliases.promote(1, "candidate")
    for document in Path(store, "small", "aliases", "candidate").iterdir():
        document.write_bytes(b"{")
    write_report(store, reference, out)
    page = out.read_text(encoding="utf-8")
    assert '<span class="alias">production</span>' in page
    assert '<span class="alias">candidate</span>' not in page


@pytest.mark.parametrize(
    ("part", "said", "why"),
    [
        ("model", {"name": "mr", "parameters": {"offsets": [[0, 0], [0, 1]], "ridge": 1}}, "an array '.*; expected"),
        ("colour", "sepia", "colour of small@1"),
        ("imported", {"files": [{"name": 5, "sha256": ""}]}, "files of small@1"),
        ("imported", {"a": 1}, "files of small@1"),
    ],
)
def test_a_version_that_is_unlike_its_manifest_is_refused(
    stack: str, store: str, out: Path, part: str, said: object, why: str
) -> None:
    reference = publish(store, stack)
    path = Path(store, "small/versions/1.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {part: said}))
    with pytest.raises(FormatError, match=why):
        write_report(store, reference, out, stack_path=str(out.parent))
    assert not out.exists()
