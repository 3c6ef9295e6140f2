"""The papers' files: read into versions with their outputs, written so that scipy reads them, refused if hostile."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array, load_npz, save_npz

from fesdist.cli.main import main
from fesdist.exports.npz.csr import Rows, write_rows
from fesdist.exports.npz.label import MEMBER
from fesdist.inference.loaded import LoadedVersion
from fesdist.report.build import write_report
from storage.datasets.store import WeightStore
from tests.fesdist.families.authors import authors_images

ROWS, COLS = 5, 7


def windows(seed: int) -> NDArray[np.float64]:
    """Return weights (K, K + 1) of 3 x 3 windows that are cut off at the border, one loop after the other."""
    random, matrix = np.random.default_rng(seed), np.zeros((ROWS * COLS, ROWS * COLS + 1))
    for row in range(ROWS):
        for col in range(COLS):
            for r in range(max(row - 1, 0), min(row + 2, ROWS)):
                for c in range(max(col - 1, 0), min(col + 2, COLS)):
                    matrix[row * COLS + col, r * COLS + c] = random.normal() / 9
    matrix[:, -1] = random.normal(size=len(matrix)) / 9
    return matrix


def anywhere(seed: int, most: int = 3) -> NDArray[np.float64]:
    """Return weights of one to `most` input pixels from anywhere."""
    random, matrix = np.random.default_rng(seed), np.zeros((ROWS * COLS, ROWS * COLS + 1))
    for pixel in range(len(matrix)):
        chosen = random.choice(len(matrix), random.integers(1, most + 1), replace=False)
        matrix[pixel, chosen] = random.normal(size=len(chosen)) / most
    matrix[:, -1] = random.normal(size=len(matrix)) / 9
    return matrix


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
    assert f"imported     weights.npz (SHA-256 {digest})\n" in capsys.readouterr().out


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
    ("said", "why"),
    [
        ({"colour": "sepia"}, "its array 'fesdist' cannot be read"),
        ({"parameters": {"n_nonzero": 10**12, "ridge": 0.4}}, "an array of 260,770 GiB"),
        ({"input_expression": "../neutral"}, "expression name '../neutral' cannot be used"),
    ],
)
def test_what_a_file_says_of_itself_is_not_believed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], said: dict[str, Any], why: str
) -> None:
    label = {
        "reference": "a@1",
        "model": "omp",
        "parameters": {"n_nonzero": 3, "ridge": 0.4},
        "colour": "shared",
        "channels": 3,
        "image_shape": [ROWS, COLS],
        "expression": "sad",
        "input_expression": "neutral",
        "normalisation": "none",
        "set": 0,
        "sets": 1,
    }
    found = csr_array(anywhere(0))
    extra = {MEMBER: np.frombuffer(json.dumps(label | said).encode(), np.uint8)}
    (tmp_path / "in.npz").write_bytes(write_rows(Rows(found.indptr, found.indices, found.data, extra)))
    assert main(["import", str(tmp_path / "in.npz"), str(tmp_path / "store"), "--name", "first"]) == 1
    assert why in capsys.readouterr().err
    assert not WeightStore(str(tmp_path / "store")).names()


def archive(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def parts(**other: Any) -> bytes:
    matrix = csr_array(windows(0))
    own = {
        "format": np.array(b"csr"),
        "shape": np.array(matrix.shape),
        "indptr": matrix.indptr,
        "indices": matrix.indices,
        "data": matrix.data,
    }
    return archive(**{name: array for name, array in {**own, **other}.items() if array is not None})


def bomb() -> bytes:
    """Return a file that promises four gigabytes."""
    file = io.BytesIO(parts())
    with zipfile.ZipFile(file, "a") as members:
        members.writestr("more.npy", b"")
    content = bytearray(file.getvalue())
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = (0xFFFFFFF0).to_bytes(4, "little")
    return bytes(content)


DATA = csr_array(windows(0)).data


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read"),
        (b"PK\x03\x04 and so on", "cannot be read"),
        (parts()[:-40], "cannot be read"),
        (archive(weights=np.ones(3)), "has no array 'format'"),
        (parts(data=None), "has no array 'data'"),
        (parts(format=np.array(b"csc")), "its format is"),
        (parts(data=np.where(np.arange(len(DATA)) == 3, np.nan, DATA)), "1 of its values are no numbers"),
        (parts(data=DATA[:-1]), "columns and"),
        (parts(data=np.array([{}], dtype=object)), "cannot be read"),
        (parts(shape=np.array([35, 35])), "the matrix is 35 x 35"),
        (parts(shape=np.array([1 << 40, (1 << 40) + 1])), "expected K x"),
        (parts(indices=np.full(len(DATA), 99)), "columns 99 to 99"),
        (parts(indptr=np.arange(36)[::-1]), "rows do not follow"),
        (parts(fesdist=np.frombuffer(b'{"model": 3}', np.uint8)), "'fesdist' cannot be read"),
        (bomb(), "more than"),
    ],
    ids=range(15),
)
def test_other_files_are_refused_in_one_sentence(
    content: bytes, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "weights.npz").write_bytes(content)
    said = ["--name", "a", "--size", f"{ROWS}x{COLS}"]
    assert main(["import", str(tmp_path / "weights.npz"), str(tmp_path / "store"), *said]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"fesdist: error: {tmp_path / 'weights.npz'}: ")
    assert message in told
    assert not (tmp_path / "store").exists()


def test_what_does_not_fit_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_npz(tmp_path / "w.npz", csr_array(anywhere(0)))
    for words, message in (
        ([], "are no square; say --size"),
        (["--size", "6x6"], "weights of 35 pixels; expected 36"),
        (["--size", "5x7", "--model", "mr"], "say --model omp or lsrf"),
        (["--size", "5x7", "--model", "ridge"], "not made from weights in a file"),
        (["--size", "5x7", "--colour", "per-channel"], "expected shared or gray, or three files"),
    ):
        assert main(["import", str(tmp_path / "w.npz"), str(tmp_path / "store"), "--name", "a", *words]) == 1
        assert message in capsys.readouterr().err
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--size", "7x5"], "with images of 5 x 7; leave --size out"),
        (["--normalisation", "none"], "with normalisation min-max; leave --normalisation out"),
        (["--input-expression", "sad"], "with input neutral; leave --input-expression out"),
        (["--ridge", "3"], "with ridge 0.4; leave --ridge out"),
        (["--size", "5x7", "--normalisation", "min-max", "--input-expression", "neutral", "--ridge", "0.4"], ""),
    ],
)
def test_nothing_that_is_said_against_an_exported_file_is_passed_over(
    words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_npz(tmp_path / "w.npz", csr_array(windows(0)))
    store, exported = str(tmp_path / "store"), str(tmp_path / "exported.npz")
    assert main(["import", str(tmp_path / "w.npz"), store, "--name", "a", "--size", "5x7"]) == 0
    assert main(["export", store, "a", exported]) == 0
    capsys.readouterr()
    assert main(["import", exported, store, "--name", "b", *words]) == (1 if told else 0)
    assert told in capsys.readouterr().err


@pytest.mark.authors
def test_all_published_weights_give_the_authors_outputs(authors_weights: Path, tmp_path: Path) -> None:
    for path in sorted(authors_weights.glob("*.npz")):
        assert main(["import", str(path), str(tmp_path / "store"), "--name", path.stem]) == 0
        version = loaded(tmp_path / "store", path.stem)
        side = version.image_shape[0]
        seen = authors_images(authors_weights / f"pairs_{side}" / f"trainA{'_gray' * path.stem.endswith('gray')}")[:2]
        expected = authors_outputs(load_npz(path).toarray(), seen)
        np.testing.assert_allclose(version.synthesize(seen, "expression"), expected, atol=1e-5)


def test_a_colour_that_exported_weights_do_not_have_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (1, 2, 3):
        save_npz(tmp_path / f"w-channel{number}.npz", csr_array(anywhere(number)))
    files = ",".join(str(tmp_path / f"w-channel{number}.npz") for number in (1, 2, 3))
    store, said = str(tmp_path / "store"), ["--name", "a", "--size", "5x7"]
    assert main(["import", files, store, *said]) == 0
    assert main(["import", str(tmp_path / "w-channel1.npz"), store, "--name", "b", "--size", "5x7"]) == 0
    for name, colours in (("a", ("shared", "gray")), ("b", ("per-channel",))):
        assert main(["export", store, name, str(tmp_path / f"{name}.npz")]) == 0
        exported = ",".join(map(str, sorted(tmp_path.glob(f"{name}*.npz"))))
        for colour in colours:
            assert main(["import", exported, str(tmp_path / "other"), "--name", "c", "--colour", colour]) == 1
            assert f"colour {colour} for " in capsys.readouterr().err
    assert not (tmp_path / "other").exists()
