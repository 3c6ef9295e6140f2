"""Files as people have them: other endings, newer formats, PNGs with more in them than a picture."""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from fesdist.ground.errors import ImageError
from fesdist.images.decode import decode, read_header
from fesdist.images.encode import encode
from fesdist.images.photograph import read_photograph
from tests.fesdist.images import icc
from tests.fesdist.images.conftest import Pixels, Save


def smooth(rows: int = 24, cols: int = 32) -> Pixels:
    """Return pixels (row, col, channel) that every codec keeps well."""
    ramp = np.add.outer(np.arange(rows) * 3, np.arange(cols) * 2)
    return np.stack([ramp + 20, ramp + 50, 200 - ramp], axis=-1).astype(np.uint8)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize("name", ["a.jfif", "a.jpe", "A.JFIF"])
def test_other_endings_of_jpeg(save: Save, name: str) -> None:
    path = save(name, smooth(), format="JPEG", quality=95)
    assert np.abs(decode(path).astype(int) - smooth().transpose(2, 0, 1)).max() <= 8
    assert encode(path.with_name(f"out{name}"), decode(path)) > 0


@pytest.mark.parametrize("ending", ["avif", "heic", "heif"])
def test_avif_and_heic_are_read_and_written_with_what_they_had(save: Save, tmp_path: Path, ending: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Model] = 6, "Telephone"
    if ending != "avif":
        pillow_heif = pytest.importorskip("pillow_heif", reason="reads HEIC, the extra heif")
        pillow_heif.register_heif_opener()
    path = save(f"a.{ending}", smooth(), exif=exif.tobytes(), icc_profile=icc.p3(), quality=95)
    assert read_header(path).shape == (32, 24)
    photograph = read_photograph(path)
    assert np.array_equal(photograph.pixels, decode(path))
    own = photograph.belongings.original
    assert own is not None
    assert np.abs(own.values.astype(int) - np.rot90(smooth(), -1).transpose(2, 0, 1)).max() <= 8
    encode(tmp_path / f"out.{ending}", photograph.fine, photograph.belongings)
    again = read_photograph(tmp_path / f"out.{ending}")
    assert np.abs(again.pixels.astype(int) - photograph.pixels).max() <= 12
    assert again.belongings.profile == icc.p3()
    with Image.open(tmp_path / f"out.{ending}") as out:
        assert (out.size, out.getexif()[ExifTags.Base.Model]) == ((24, 32), "Telephone")


def test_heic_without_the_extra_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    path = tmp_path / "a.heic"
    path.write_bytes(struct.pack(">I", 24) + b"ftypmif1" + bytes(4) + b"mif1heic" + bytes(64))
    for function in (decode, read_header, read_photograph):
        with pytest.raises(
            ImageError, match=r"^\S+a\.heic: HEIC needs one package more: pip install 'fesdist\[heif\]'$"
        ):
            function(path)
    with pytest.raises(ImageError, match=r"out\.heic: HEIC needs one package more"):
        encode(tmp_path / "out.heic", np.zeros((1, 2, 2), np.uint8))
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.heic"]


@pytest.mark.parametrize("start", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"II*\0", b"\0\0\0\x1cftypavif"])
def test_a_damaged_file_is_not_said_to_be_of_no_known_format(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "a.png").write_bytes(start + b"rubbish" * 9)
    with pytest.raises(ImageError, match=r"damaged"):
        decode(tmp_path / "a.png")
    with pytest.raises(ImageError) as told:
        decode(tmp_path / "a.png")
    assert "no known image" not in str(told.value)


def test_sound_pixels_are_used_whatever_else_a_png_has(save: Save, rgb: Pixels) -> None:
    plain = save("plain.png", rgb).read_bytes()
    bomb = b"Comment\0\0" + zlib.compress(bytes(70 << 20))
    wrong = bytearray(chunk(b"tEXt", b"Author\0me"))
    wrong[-1] ^= 1
    for name, extra in {
        "large text": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * (3 << 20))),
        "larger than it looks": chunk(b"zTXt", bomb),
        "many texts": chunk(b"tEXt", b"Comment\0" + b"x" * (1 << 20)) * 3,
        "text that is not compressed": chunk(b"zTXt", b"Comment\0\0rubbish"),
        "text without a key": chunk(b"iTXt", b"\xff\xfe"),
        "text with a wrong sum": bytes(wrong),
        "profile that is none": chunk(b"iCCP", b"name\0\0rubbish"),
        "resolution too short": chunk(b"pHYs", b"\0\0"),
        "EXIF that is none": chunk(b"eXIf", b"rubbish"),
        "EXIF as ImageMagick has it, damaged": chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"no hex")),
    }.items():
        for place in (33, len(plain) - 12):
            path = save("a.png", rgb)
            path.write_bytes(plain[:place] + extra + plain[place:])
            assert np.array_equal(decode(path), rgb.transpose(2, 0, 1)), name
            assert read_header(path).shape == (6, 10), name
            assert np.array_equal(read_photograph(path).pixels, rgb.transpose(2, 0, 1)), name


def test_pixels_that_are_not_sound_are_still_refused(save: Save, rgb: Pixels) -> None:
    path = save("a.png", rgb)
    data = bytearray(path.read_bytes())
    data[data.index(b"IDAT") + 10] ^= 255
    text = chunk(b"zTXt", b"Comment\0\0rubbish")
    path.write_bytes(data[:33] + text + data[33:])
    with pytest.raises(ImageError, match="damaged"):
        decode(path)


def test_an_orientation_behind_the_pixels_counts_in_the_header_too(save: Save, rgb: Pixels) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    for name, extra in {
        "EXIF": chunk(b"eXIf", exif.tobytes()[6:]),
        "as ImageMagick has it": chunk(
            b"zTXt",
            b"Raw profile type exif\0\0"
            + zlib.compress(b"\nexif\n%8d\n" % len(exif.tobytes()) + exif.tobytes().hex().encode() + b"\n"),
        ),
        "XMP": chunk(b"iTXt", b'XML:com.adobe.xmp\0\0\0\0\0<a tiff:Orientation="6"/>'),
    }.items():
        path = save("a.png", rgb)
        data = path.read_bytes()
        path.write_bytes(data[:-12] + extra + data[-12:])
        assert read_header(path).shape == (10, 6), name
        assert np.array_equal(decode(path), np.rot90(rgb, -1).transpose(2, 0, 1)), name


def test_of_an_animated_png_the_first_frame_counts(save: Save, rgb: Pixels) -> None:
    second = Image.fromarray(255 - rgb)
    path = save("a.png", rgb, save_all=True, append_images=[second])
    data = path.read_bytes()
    path.write_bytes(data[:33] + chunk(b"zTXt", b"Comment\0\0rubbish") + data[33:])
    assert np.array_equal(decode(path), rgb.transpose(2, 0, 1))
