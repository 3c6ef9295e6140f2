"""Receptive fields from files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fesdist.ground.errors import BadParameterError
from fesdist.images.mask import read_mask

MASK = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 0]], dtype=bool)


@pytest.mark.parametrize("text", ["101\n010\n100\n", "1 0 1\n\n0 1 0\n1 0 0", "1,0,1\n0,1,0\n1,0,0\n"])
def test_text(tmp_path: Path, text: str) -> None:
    (tmp_path / "mask.txt").write_text(text)
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.txt"), MASK)
    (tmp_path / "marked.txt").write_text(text, encoding="utf-8-sig")  # as some editors save UTF-8
    np.testing.assert_array_equal(read_mask(tmp_path / "marked.txt"), MASK)


def test_array_and_image(tmp_path: Path) -> None:
    np.save(tmp_path / "mask.npy", MASK.astype(np.uint8))
    Image.fromarray(MASK.astype(np.uint8) * 255).save(tmp_path / "mask.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.npy"), MASK)
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png"), MASK)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("10\n1\n", "cannot be read"),
        ("102\n010\n100", r"holds an array of shape \(3, 3\)"),
        ("one two", "cannot be read"),
        ("", r"holds an array of shape \(0,\)"),
    ],
)
def test_what_is_no_mask(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "mask.txt").write_text(text)
    with pytest.raises(BadParameterError, match=f"{complaint}.*expected a text file with rows of 0 and 1"):
        read_mask(tmp_path / "mask.txt")


def _array_file(values: object) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asarray(values), allow_pickle=True)
    return file.getvalue()


def _archive() -> bytes:
    file = io.BytesIO()
    np.savez(file, mask=MASK)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("mask.npy", b"", "cannot be read .EOF: reading magic string"),
        ("mask.npy", _array_file(MASK)[:-4], r"cannot be read .its header promises \(3, 3\) bool, but 5 bytes follow"),
        ("mask.npy", _archive(), "cannot be read .the magic string is not correct"),
        ("mask.npz", _archive(), "cannot be read .'utf-8' codec"),
        ("mask.npy", _array_file([[None]]), "cannot be read .it holds object, expected numbers"),
        ("mask.npy", _array_file([["1", "0"]]), r"holds an array of shape \(1, 2\), <U1, not 0 and 1"),
        ("mask.npy", _array_file([[0, 2]]), r"holds an array of shape \(1, 2\), int64, not 0 and 1"),
        ("mask.npy", _array_file(1), r"holds an array of shape \(\), int64, not 0 and 1"),
    ],
)
def test_odd_files(tmp_path: Path, name: str, content: bytes, complaint: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadParameterError, match=f"{complaint}.*expected a text file with rows of 0 and 1"):
        read_mask(tmp_path / name)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BadParameterError, match=r"nowhere\.png cannot be read"):
        read_mask(tmp_path / "nowhere.png")
