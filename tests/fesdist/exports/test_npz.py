"""The papers' files: read into versions with their outputs, and written so that scipy reads them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array, load_npz, save_npz

from fesdist.cli.main import main
from fesdist.exports.npz.writing import write_npz
from fesdist.exports.source import Source
from fesdist.inference.loaded import LoadedVersion
from fesdist.inference.settings import Light, SynthesisSettings
from fesdist.report.build import write_report
from storage.datasets.store import WeightStore
from tests.fesdist.exports.pages import moving
from tests.fesdist.exports.weight_files import COLS, ROWS, anywhere, windows, write_labelled
from tests.fesdist.families.authors import authors_images
from tests.fesdist.inference.conftest import Publish


def authors_outputs(matrix: NDArray[np.float64], images: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what the papers' programs make of images (sample, channel, row, col), before they stretch it."""
    outputs = np.empty_like(images)
    for sample, image in enumerate(images):
        low, high = image.min(), image.max()
        for channel, plane in enumerate(image):
            seen = np.append((plane.reshape(-1) - low) / (high - low), 1.0)
            outputs[sample, channel] = (matrix @ seen).reshape(plane.shape) * (high - low) + low
    return np.clip(outputs, 0, 1)


def loaded(store: Path, reference: str) -> LoadedVersion:
    return LoadedVersion(WeightStore(str(store)).open(reference))


@pytest.fixture
def images() -> NDArray[np.float64]:
    return np.random.default_rng(5).uniform(0.1, 0.8, (2, 3, ROWS, COLS))


@pytest.mark.parametrize(
    ("make", "words", "model"), [(windows, [], "mr"), (anywhere, [], "omp"), (anywhere, ["--model", "lsrf"], "lsrf")]
)
def test_an_imported_version_gives_the_outputs_of_its_matrix(
    make: Any,
    words: list[str],
    model: str,
    tmp_path: Path,
    images: NDArray[np.float64],
    capsys: pytest.CaptureFixture[str],
) -> None:
    matrix = make(0)
    save_npz(tmp_path / "weights.npz", csr_array(matrix))
    store = str(tmp_path / "store")
    said = ["--name", "authors", "--size", f"{ROWS}x{COLS}", *words]
    assert main(["import", str(tmp_path / "weights.npz"), store, *said]) == 0
    version = loaded(tmp_path / "store", "authors@1")
    outputs = version.synthesize(images, "expression")
    np.testing.assert_allclose(outputs, authors_outputs(matrix, images), atol=2e-6)
    manifest = version.version.manifest
    assert manifest.model.name == model
    assert manifest.imported is not None
    assert [file["name"] for file in manifest.imported["files"]] == ["weights.npz"]
    assert version.version.verify() == []
    written = write_report(store, "authors@1", tmp_path / "report.html")
    assert "weights.npz" in (tmp_path / "report.html").read_text()
    assert "imported" in written.missing
    digest = hashlib.sha256((tmp_path / "weights.npz").read_bytes()).hexdigest()[:12]
    assert main(["show", store, "authors"]) == 0
    shown = capsys.readouterr().out
    assert f"imported     weights.npz (SHA-256 {digest})\n" in shown
    assert "expressions  expression\n" in shown
    assert "imported, so no errors were measured" in shown
    lacks = f"authors@1 was not measured; `fesdist evaluate STACK {store} authors@1` measures it on held-out people"
    assert lacks in [notice.text for notice in written.notices]


def test_three_files_are_the_channels_that_their_names_say(tmp_path: Path, images: NDArray[np.float64]) -> None:
    matrices = {number: windows(number) for number in (1, 2, 3)}
    names = []
    for number, matrix in matrices.items():
        names.append(str(tmp_path / f"mr_channel{number}.npz"))
        save_npz(names[-1], csr_array(matrix))
    words = ["--name", "mr", "--expression", "happy", "--size", f"{ROWS}x{COLS}"]
    assert main(["import", ",".join(names), str(tmp_path / "store"), *words]) == 0
    outputs = loaded(tmp_path / "store", "mr").synthesize(images, "happy")
    for channel, number in enumerate((3, 2, 1)):
        expected = authors_outputs(matrices[number], images)[:, channel]
        np.testing.assert_allclose(outputs[:, channel], expected, atol=2e-6)


def test_what_is_exported_is_read_by_scipy_and_comes_back_as_it_was(tmp_path: Path) -> None:
    matrix = windows(0)
    save_npz(tmp_path / "in.npz", csr_array(matrix))
    store = str(tmp_path / "store")
    said = ["--expression", "sad", "--size", f"{ROWS}x{COLS}", "--ridge", "2", "--normalisation", "none"]
    assert main(["import", str(tmp_path / "in.npz"), store, "--name", "first", *said]) == 0
    assert main(["export", store, "first", str(tmp_path / "out.npz")]) == 0
    np.testing.assert_array_equal(load_npz(tmp_path / "out.npz").toarray(), matrix)
    assert main(["import", str(tmp_path / "out.npz"), store, "--name", "second"]) == 0
    first, second = (WeightStore(store).open(name) for name in ("first", "second"))
    assert second.manifest.model == first.manifest.model
    assert second.manifest.model.parameters["ridge"] == 2
    assert second.attributes == first.attributes
    for array in ("weights", "bias", "alpha", "norm"):
        np.testing.assert_array_equal(second.read("sad", array), first.read("sad", array))
    imported = second.manifest.imported
    assert imported is not None
    assert imported["files"][0]["exported_from"] == "first@1"


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ({}, {"mouth": [0.6, 0.8, 0.3, 0.7]}),
        (
            {"mouth": [0.55, 0.9, 0.25, 0.75], "eyes": [[0.31, 0.42], [0.69, 0.43]]},
            {"mouth": [0.55, 0.9, 0.25, 0.75], "eyes": [[0.31, 0.42], [0.69, 0.43]]},
        ),
        (
            {"eyes": [[0.31, 0.42], [0.69, 0.43]], "lips": [0.5, 0.72]},
            {"mouth": [0.6, 0.8, 0.3, 0.7], "eyes": [[0.31, 0.42], [0.69, 0.43]], "lips": [0.5, 0.72]},
        ),
    ],
)
def test_where_faces_have_mouth_eyes_and_lips_comes_back(
    tmp_path: Path, said: dict[str, Any], known: dict[str, Any]
) -> None:
    store = str(tmp_path / "store")
    write_labelled(tmp_path / "in.npz", said)
    assert main(["import", str(tmp_path / "in.npz"), store, "--name", "first"]) == 0
    assert main(["export", store, "first", str(tmp_path / "out.npz")]) == 0
    assert main(["import", str(tmp_path / "out.npz"), store, "--name", "second"]) == 0
    first, second = (WeightStore(store).open(name).attributes for name in ("first", "second"))
    assert {name: second[name] for name in ("mouth", "eyes", "lips") if name in second} == known
    assert second == first


@pytest.mark.parametrize(
    ("of_version", "words"),
    [
        ({"displacement": moving()}, ["the shape"]),
        ({"learned": True, "metrics": {}}, ["the refinement"]),
        ({"brightness": 0.5}, ["the light"]),
        ({"displacement": moving(), "brightness": 0.5}, ["the shape", "the light"]),
        ({}, []),
    ],
)
def test_what_these_files_have_no_room_for_is_named(
    publish: Publish, tmp_path: Path, of_version: dict[str, Any], words: list[str]
) -> None:
    source = Source.of(publish((24, 20), **of_version).version, (), SynthesisSettings())
    notices = write_npz(source, tmp_path / "london.npz").notices
    assert [(notice.kind, notice.count) for notice in notices] == [("left out", len(words))] * bool(words)
    told = " ".join(notice.text for notice in notices)
    assert [word for word in ("the shape", "the refinement", "the light") if word in told] == words
    as_exposed = Source.of(source.loaded.version, (), SynthesisSettings(light=Light.PHOTOGRAPH))
    assert "the light" not in str(write_npz(as_exposed, tmp_path / "exposed.npz").notices)


@pytest.mark.authors
def test_all_published_weights_give_the_authors_outputs(authors_weights: Path, tmp_path: Path) -> None:
    for path in sorted(authors_weights.glob("*.npz")):
        assert main(["import", str(path), str(tmp_path / "store"), "--name", path.stem]) == 0
        version = loaded(tmp_path / "store", path.stem)
        side = version.image_shape[0]
        seen = authors_images(authors_weights / f"pairs_{side}" / f"trainA{'_gray' * path.stem.endswith('gray')}")[:2]
        expected = authors_outputs(load_npz(path).toarray(), seen)
        np.testing.assert_allclose(version.synthesize(seen, "expression"), expected, atol=1e-5)
