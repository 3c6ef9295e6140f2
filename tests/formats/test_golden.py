"""What was stored once is read for ever: golden files of every format version, compared value by value."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from fesdist.ground.metrics import ExpressionMetrics, RegionErrors, RunMetrics
from fesdist.ground.status import Status
from fesdist.training.tile_report import TileReport
from storage.blobs.documents import Document
from storage.datasets.store import WeightStore
from storage.stack.editing import replace_image
from storage.stack.format import StackSpec, digest
from storage.stack.labels import label_faults
from storage.stack.reading import TrainingStack
from storage.stack.writer import PendingSubject, StackWriter
from tests.drafts import create_draft
from tests.formats.make import FACTS, PEOPLE, SHAPE, SPEC, STACKS
from tests.formats.noise import image, noise, weights

FOLDER = Path(__file__).parent

ALL_STACKS = [
    *((version, name, spec) for version in ("v1", "v2", "v4") for name, spec in STACKS.items()),
    ("v1", "stack-of-the-first-chunks", StackSpec(24, 24, 3, "uint8", "none")),
]


@pytest.mark.parametrize(("version", "name", "spec"), ALL_STACKS)
def test_stacks(version: str, name: str, spec: StackSpec) -> None:
    stack = TrainingStack.open(FOLDER / version / name)
    assert stack.spec == spec
    assert [(subject.id, subject.split) for subject in stack.subjects] == [
        ("p0", "train"),
        ("p1", "train"),
        ("p2", "holdout"),
        ("p3", "train"),
    ]
    assert stack.verify() == []
    assert label_faults(stack.path) == []
    scale = 250.0 if spec.dtype == "float64" else 1
    for expression in ("neutral", "smiling"):
        people = [number for number, expressions in enumerate(PEOPLE) if expression in expressions]
        expected = np.stack([image(number, expression, *spec.image_shape) / scale for number in people])
        found = stack.read(expression, people, slice(0, spec.height), slice(0, spec.width))
        np.testing.assert_array_equal(found, expected.astype(spec.dtype))
        labelled = stack.to_xarray()[expression].to_numpy()
        np.testing.assert_array_equal(labelled[people], expected.astype(spec.dtype))


@pytest.mark.parametrize(("version", "name", "spec"), ALL_STACKS)
def test_stacks_are_appended_to(version: str, name: str, spec: StackSpec, tmp_path: Path) -> None:
    shutil.copytree(FOLDER / version / name, tmp_path / name)
    pixels = image(9, "sad", *spec.image_shape).astype(spec.dtype) / (1 if spec.dtype == "uint8" else 250)
    pixels = pixels.astype(spec.dtype)
    with StackWriter.open(tmp_path / name) as writer:
        outcome = writer.append([PendingSubject("p9", {"neutral": pixels}), PendingSubject("p1", {"smiling": pixels})])
    assert outcome.added == [("p9", "neutral"), ("p1", "smiling")]
    assert TrainingStack.open(tmp_path / name).verify() == []


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_digests_and_fingerprints_are_those_of_the_first_stacks(version: str) -> None:
    stack = TrainingStack.open(FOLDER / version / "stack-uint8")
    pixels = b"(3, 8, 8) uint8" + image(0, "neutral", 3, 8, 8).tobytes()
    assert stack.subjects[0].digests["neutral"] == sha256(pixels).hexdigest()
    expected = "b05c139933fcbb86a60f0d8eab488cfbfc44b0c7f7f77070711373ffffba0599"
    assert stack.fingerprint(["neutral", "smiling"], [0, 2]) == expected


def test_digests_and_fingerprints_of_the_second_stacks() -> None:
    stack = TrainingStack.open(FOLDER / "v4/stack-uint8")
    assert stack.subjects[0].digests["neutral"] == "3c15e93e7a2235c4cc6b636bb7ab45bc"
    assert digest(image(0, "neutral", 3, 8, 8)) == stack.subjects[0].digests["neutral"]
    expected = "189e92644edae5dbc90bc0c4aadb9c77b32718ee0b37a26821b41183c59de9b4"
    assert stack.fingerprint(["neutral", "smiling"], [0, 2]) == expected


@pytest.mark.parametrize(("version", "digits", "number"), [("v1", 64, 1), ("v2", 64, 1), ("v4", 32, 2)])
def test_stacks_keep_their_kind_of_digests(version: str, digits: int, number: int, tmp_path: Path) -> None:
    """Those who wrote a stack read it after somebody else has appended to it, and the same pixels are the same."""
    path = tmp_path / "stack"
    shutil.copytree(FOLDER / version / "stack-uint8", path)
    known, other = image(0, "smiling", 3, 8, 8), image(9, "smiling", 3, 8, 8)
    with StackWriter.open(path) as writer:
        outcome = writer.append([PendingSubject("p0", {"smiling": known}), PendingSubject("p1", {"smiling": other})])
    assert (outcome.added, outcome.unchanged) == ([("p1", "smiling")], [("p0", "smiling")])
    replace_image(path, "p2", "smiling", image(8, "smiling", 3, 8, 8))
    stack = TrainingStack.open(path)
    assert {len(found) for subject in stack.subjects for found in subject.digests.values()} == {digits}
    assert json.loads((path / "zarr.json").read_text())["attributes"]["fesdist_stack"]["format_version"] == number
    assert stack.verify() == []


@pytest.mark.parametrize("version", ["v1", "v2", "v4"])
def test_versions(version: str) -> None:
    store = WeightStore(str(FOLDER / version / "weights"))
    assert "golden" in store.names()
    assert [manifest.version for manifest in store.versions("golden")] == [1, 2]
    for number in (1, 2):
        opened = store.open(f"golden@{number}")
        assert opened.verify() == []
        assert len(opened.checksums) == 10
        assert opened.attributes == SPEC.attributes
        np.testing.assert_array_equal(opened.read("smiling", "weights"), weights(number, 3, 3, 8, 8))
        np.testing.assert_array_equal(opened.read("smiling", "status"), noise(number, 3, 8, 8) % 5)
        assert opened.read("smiling", "dcol").tolist() == [-1, 0, 1]
        manifest = opened.manifest
        assert (manifest.reference, manifest.draft, manifest.created_by) == (
            f"golden@{number}",
            f"job-{number}",
            "golden@example",
        )
        for part in (
            "code_version",
            "model",
            "colour",
            "image_shape",
            "channels",
            "expressions",
            "stack",
            "job_digest",
        ):
            assert getattr(manifest, part) == getattr(FACTS, part)
        assert manifest.measured(RunMetrics) == RunMetrics(
            {"smiling": ExpressionMetrics(RegionErrors(0.25, 1.0), None, {Status.SOLVED: 192})}, 1, 0.5, 1000
        )


@pytest.mark.parametrize(
    ("version", "numbers"), [("v3", {"golden": 2, "moving": 3}), ("v4", {"golden": 4, "moving": 4})]
)
def test_versions_with_a_shape(version: str, numbers: dict[str, int], tmp_path: Path) -> None:
    store = WeightStore(str(FOLDER / version / "weights"))
    assert store.names() == ["golden", "moving"]
    opened = store.open("moving@1")
    assert opened.verify() == []
    assert opened.manifest.shape == SHAPE
    np.testing.assert_array_equal(opened.read("smiling", "displacement", None), weights(2, 2, 8, 8))
    np.testing.assert_array_equal(opened.read("smiling", "weights"), weights(1, 3, 3, 8, 8))
    assert store.open("golden@1").manifest.shape is None
    for name, number in numbers.items():
        store.copy(f"{name}@1", copied := WeightStore(str(tmp_path / "copied")))
        for uri in (store.uri, copied.uri):
            document = (Path(uri) / name / "versions/1.json").read_text()
            assert json.loads(document)["format_version"] == number


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_aliases_and_records(version: str) -> None:
    store = WeightStore(str(FOLDER / version / "weights"))
    assert store.resolve("golden@production") == ("golden", 1)
    moves, _ = store.aliases("golden").readable_history("production")
    assert [(move.version, move.action, move.previous) for move in moves] == [
        (1, "promote", None),
        (2, "promote", 1),
        (1, "rollback", None),
    ]
    assert list(store.evaluations("golden", 1)) == [{"mse": 0.5}]
    assert store.comparisons("golden").get("bbbb") == {"seconds": 1.5}


def test_drafts_of_the_first_version() -> None:
    store = WeightStore(str(FOLDER / "v1/weights"))
    (draft,) = store.drafts()
    assert (draft.id, draft.job, draft.n_receipts) == ("job-3", {"tiles": 1}, 1)
    receipt = store.open_draft("golden", "job-3").receipt("tile-000000", TileReport)
    assert receipt == TileReport(0, {}, {}, {}, {}, 1.5, 7)


def test_drafts_of_the_second_version() -> None:
    store = WeightStore(str(FOLDER / "v2/weights"))
    draft = store.open_draft("golden", "job-4")
    assert draft.receipt_keys() == ["tile-000000"]
    assert draft.receipt("tile-000000", Document) == {"index": 0, "seconds": 1.5}


def test_deleted_versions_of_the_second_version() -> None:
    store = WeightStore(str(FOLDER / "v2/weights"))
    (tombstone,) = store.deleted("golden")
    assert (tombstone.version, tombstone.data, tombstone.note) == (3, "data/job-3", "the wrong people")
    assert store.published_with("golden", "job-3") == [3]


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_old_stores_get_new_versions(version: str, tmp_path: Path) -> None:
    shutil.copytree(FOLDER / version / "weights", tmp_path / "weights")
    store = WeightStore(str(tmp_path / "weights"))
    draft = create_draft(store, "golden", "job-9", SPEC, {})
    checksums = draft.write("smiling", "weights", (slice(None),) * 4, weights(9, 3, 3, 8, 8))
    checksums |= draft.write("smiling", "status", (slice(None),) * 3, np.zeros((3, 8, 8), np.uint8))
    number = draft.publish(FACTS, checksums)
    assert number == {"v1": 3, "v2": 4}[version]
    store.aliases("golden").promote(number, "production")
    assert store.aliases("golden").rollback("production").version == 1
    store.delete("golden", 2)
    store.clean()
    assert [(manifest.version, store.open(manifest.reference).verify()) for manifest in store.versions("golden")] == [
        (1, []),
        (number, []),
    ]
