"""Photographs unlike those that a version learned from: named, counted and left out, or made anyway."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fesdist.cli import synthesize
from fesdist.images.encode import encode
from fesdist.inference.likeness import doubt_of
from fesdist.inference.settings import SynthesisSettings
from fesdist.inference.summary import SynthesisSummary
from fesdist.requests.parser import read_words
from fesdist.requests.using import Synthesize
from storage.errors import FormatError
from tests.fesdist.ground.heads import head, heads
from tests.fesdist.inference.conftest import Publish, Published
from tests.fesdist.inference.made import folder_made

STRANGE = {
    "noise.png": np.random.default_rng(0).integers(0, 256, (3, 24, 20), dtype=np.uint8),
    "over.png": head(50)[:, ::-1].copy(),
    "red.png": np.array([200, 0, 0], np.uint8)[:, None, None].repeat(24, axis=1).repeat(20, axis=2),
}
ALIKE = {"gray.png": head(51)[:1], "large.png": head(52, (240, 200)), "small.png": head(53)}


@pytest.fixture
def published(publish: Publish) -> Published:
    return publish(expressions=("sad", "smiling"), taught_by=heads(range(20)))


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    for name, image in (STRANGE | ALIKE).items():
        encode(tmp_path / "photos" / name, image)
    return tmp_path / "photos"


def made(published: Published, photographs: Path, out: Path, **settings: object) -> SynthesisSummary:
    said = SynthesisSettings(**settings)  # type: ignore[arg-type]
    return folder_made(photographs, out, published.store, "london", settings=said)


def test_it_is_left_out_and_named(published: Published, photographs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    summary = made(published, photographs, out)
    assert (summary.done, summary.n_outputs, summary.failed, summary.faceless) == (3, 6, [], [])
    assert [record.file.name for record in summary.strange] == sorted(STRANGE)
    *records, told = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
    assert [(notice["kind"], notice["count"]) for notice in told["notices"]] == [("left out", 3)]
    for record in records:
        strange = record["input"] in STRANGE
        assert (record["status"], record["strange"]) == (("skipped", True) if strange else ("ok", False))
        assert ("learned from" in record["reason"]) is strange
        assert (out / "sad" / record["input"]).exists() is not strange
    reasons = {record["input"]: record["reason"] for record in records}
    assert "upside down it would be" in reasons["over.png"]
    assert "it shows nothing" in reasons["red.png"]
    assert "--anyway" in reasons["noise.png"]


def test_it_is_made_anyway_with_its_doubt(published: Published, photographs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made(published, photographs, out)
    summary = made(published, photographs, out, anyway=True)
    assert (summary.done, summary.unchanged, summary.n_outputs) == (3, 3, 6)
    assert [record.file.name for record in summary.doubtful] == sorted(STRANGE)
    assert all(record.status == "ok" and "learned from" in record.reason for record in summary.doubtful)
    assert all((out / "sad" / name).exists() for name in STRANGE)


def test_versions_that_know_nobody_doubt_nothing(publish: Publish, photographs: Path, tmp_path: Path) -> None:
    summary = made(publish(), photographs, tmp_path / "out")
    assert (summary.done, summary.strange, summary.doubtful) == (6, [], [])


def test_min_max_models_ask_the_same(publish: Publish, tmp_path: Path) -> None:
    published = publish(normalisation="min-max", taught_by=heads(range(20)))
    assert not doubt_of(head(60), published.version)
    assert "upside down" in doubt_of(head(60)[:, ::-1], published.version)


def test_sums_of_another_kind_are_refused(publish: Publish) -> None:
    published = publish(
        taught_by=np.zeros((12, 3, 24, 20), np.uint8), limits={"people": 12, "distance": 1, "nearer": 1}
    )
    with pytest.raises(FormatError, match=r"likeness of smiling of london@1 is .* of 0 people"):
        doubt_of(head(0), published.version)


def test_the_command_tells_and_fails_only_if_nothing_is_made(
    published: Published, photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(source: Path, *words: str) -> int:
        given = [str(source), str(tmp_path / "out"), "--weights", published.store, "--model", "london", *words]
        return synthesize.run(read_words(Synthesize, given))

    assert run(photographs / "over.png") == 3
    assert "1 photograph left out" in capsys.readouterr().err
    assert run(photographs) == 0
    assert "3 photographs left out" in capsys.readouterr().err
    assert run(photographs / "over.png", "--anyway") == 0
    assert "1 photograph made, but perhaps" in capsys.readouterr().err
