"""What is written comes back, or nothing is written."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fesdist.ground.errors import ImageError
from fesdist.images.decode import decode
from fesdist.images.encode import encode


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".tif", ".tiff", ".bmp", ".webp"])
def test_lossless_formats_give_back_the_bits(tmp_path: Path, suffix: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (3, 9, 5), dtype=np.uint8)
    path = tmp_path / "new" / "folders" / f"a{suffix}"
    assert encode(path, image) == path.stat().st_size
    assert np.array_equal(decode(path), image)
    encode(path, image[:1])
    assert np.array_equal(decode(path, colour="gray"), image[:1])
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_jpeg_is_close(tmp_path: Path) -> None:
    image = np.stack([np.add.outer(np.arange(48), np.arange(40)) * k for k in (1, 2, 1)]).astype(np.uint8)
    encode(tmp_path / "a.jpg", image)
    assert np.abs(decode(tmp_path / "a.jpg").astype(int) - image).mean() < 2


@pytest.mark.parametrize("name", ["a.gif", "a.txt", "a"])
def test_formats_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImageError, match=r"is no format to write; expected \.png, \.jpg"):
        encode(tmp_path / name, np.zeros((1, 2, 2), dtype=np.uint8))


@pytest.mark.parametrize(
    ("shape", "dtype"), [((2, 2), "uint8"), ((2, 4, 4), "uint8"), ((3, 4, 0), "uint8"), ((3, 4, 4), "float64")]
)
def test_arrays_that_are_no_images(tmp_path: Path, shape: tuple[int, ...], dtype: str) -> None:
    with pytest.raises(ImageError, match=r"expected uint8 or uint16 \(channel, row, col\) with 1 or 3 channels"):
        encode(tmp_path / "a.png", np.zeros(shape, dtype=dtype))
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_the_older_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    older, newer = np.zeros((1, 4, 4), dtype=np.uint8), np.ones((1, 4, 4), dtype=np.uint8)
    encode(path, older)

    def full(image: Image.Image, file: object, *args: object, **options: object) -> None:
        file.write(b"half")  # type: ignore[attr-defined]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(ImageError, match=r"a\.png: cannot be written \(No space left on device\)") as caught:
        encode(path, newer)
    assert isinstance(caught.value.__cause__, OSError)
    assert np.array_equal(decode(path), older)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.png"]


def test_a_path_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ImageError, match="cannot be written"):
        encode(tmp_path / "file" / "a.png", np.zeros((1, 2, 2), dtype=np.uint8))


@pytest.mark.parametrize("ending", [".png", ".jpg", ".tif"])
def test_a_name_as_long_as_the_disk_allows(tmp_path: Path, ending: str) -> None:
    longest = os.pathconf(tmp_path, "PC_NAME_MAX")
    path = tmp_path / ("x" * (longest - len(ending)) + ending)
    assert encode(path, np.zeros((3, 4, 4), dtype=np.uint8)) == path.stat().st_size
    assert decode(path).shape == (3, 4, 4)
    with pytest.raises(ImageError, match=r"cannot be written \(File name too long\)"):
        encode(tmp_path / f"x{path.name}", np.zeros((3, 4, 4), dtype=np.uint8))
