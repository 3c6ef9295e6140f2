"""Files of weights that are hostile, damaged, or not what is said of them are refused in one sentence."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array, save_npz

from fesdist.cli.main import main
from storage.datasets.store import WeightStore
from tests.fesdist.exports.weight_files import COLS, ROWS, anywhere, windows, write_labelled


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"colour": "sepia"}, "its array 'fesdist' cannot be read"),
        ({"parameters": {"n_nonzero": 10**12, "ridge": 0.4}}, "an array of 260,770 GiB"),
        ({"mouth": [0.8, 0.6, 0.3, 0.7]}, "a mouth at (0.8, 0.6, 0.3, 0.7)"),
        ({"eyes": [[0.3, 0.4], [0.3, 0.4]]}, "its array 'fesdist' cannot be read"),
        ({"normalisation": "maximum"}, "its array 'fesdist' cannot be read"),
        ({"input_expression": "../neutral"}, "expression name '../neutral' cannot be used"),
    ],
)
def test_what_a_file_says_of_itself_is_not_believed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], said: dict[str, Any], why: str
) -> None:
    write_labelled(tmp_path / "in.npz", said)
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
