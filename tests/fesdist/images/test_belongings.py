"""Everything a photograph's file had is in the files of images that are made of it."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

from fesdist.images.decode import decode, read_header
from fesdist.images.encode import encode
from fesdist.images.photograph import read_photograph
from fesdist.images.tiff import write_tiff
from tests.fesdist.images import icc
from tests.fesdist.images.conftest import Pixels, Save

KEEPS_ALL = ("png", "tif", "webp", "avif")


def noted(orientation: int = 6) -> Image.Exif:
    """Return what a camera notes: an orientation, its make, an exposure, a place, a size."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "Camera"
    exif[ExifTags.IFD.Exif] = {ExifTags.Base.ExposureTime: 0.25, 0xA002: 9999, 0xA003: 7777}
    exif[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitudeRef: "N"}
    return exif


def test_xmp_that_a_tiff_has_as_text_stays(save: Save, tmp_path: Path, rgb: Pixels) -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    packet = '<a tiff:Orientation="6" b="Zo\u00eb"/>'.encode()
    tags[TiffImagePlugin.XMP], tags.tagtype[TiffImagePlugin.XMP] = packet, 2
    photograph = read_photograph(save("a.tif", rgb, tiffinfo=tags))
    assert photograph.belongings.xmp == packet
    encode(tmp_path / "out.png", photograph.fine, photograph.belongings)
    with Image.open(tmp_path / "out.png") as out:
        assert out.info["xmp"] == packet.replace(b"6", b"1")


@pytest.mark.parametrize("ending", ["jpg", *KEEPS_ALL])
def test_exif_stays_and_is_upright(save: Save, tmp_path: Path, ending: str) -> None:
    smooth = (np.arange(180).reshape(6, 10, 3) // 2 + 90).astype(np.uint8)
    path = save(f"a.{ending}", smooth, exif=noted().tobytes())
    photograph = read_photograph(path)
    assert photograph.pixels.shape == (3, 10, 6)
    encode(tmp_path / f"out.{ending}", photograph.fine, photograph.belongings)
    with Image.open(tmp_path / f"out.{ending}") as out:
        exif = out.getexif()
        assert out.size == (6, 10)
        assert (exif.get(ExifTags.Base.Orientation, 1), exif[ExifTags.Base.Make]) == (1, "Camera")
        assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime] == 0.25
        assert [exif.get_ifd(ExifTags.IFD.Exif)[tag] for tag in (0xA002, 0xA003)] == [6, 10]
        assert exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"
    assert np.abs(decode(tmp_path / f"out.{ending}").astype(int) - photograph.pixels).max() <= 6


@pytest.mark.parametrize("ending", ["png", "tif"])
@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_stays(tmp_path: Path, ending: str, channels: int) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (6, 5, channels), dtype=np.uint8)
    pixels[0, :, -1], pixels[1, :, -1] = 0, 255
    path = tmp_path / f"a.{ending}"
    Image.frombytes({2: "LA", 4: "RGBA"}[channels], (5, 6), pixels.tobytes()).save(path)
    photograph = read_photograph(path)
    assert np.array_equal(photograph.pixels, decode(path))
    encode(tmp_path / f"out.{ending}", photograph.fine, photograph.belongings)
    with Image.open(tmp_path / f"out.{ending}") as out:
        assert np.array_equal(np.asarray(out), pixels)
    # A model of colours makes colours of gray.
    encode(
        tmp_path / f"rgb.{ending}",
        np.repeat(photograph.fine, 5 - len(photograph.fine), axis=0)[:3],
        photograph.belongings,
    )
    with Image.open(tmp_path / f"rgb.{ending}") as out:
        assert out.mode == "RGBA"
        assert np.array_equal(np.asarray(out)[..., -1], pixels[..., -1])
    # BMP holds no transparency: it shows what is seen.
    encode(tmp_path / "out.bmp", photograph.fine, photograph.belongings)
    assert np.array_equal(decode(tmp_path / "out.bmp"), photograph.pixels)


def sixteen(channels: int, shape: tuple[int, int] = (5, 7)) -> NDArray[np.uint16]:
    """Return samples (row, col, channel) that use all 16 bits."""
    samples = np.random.default_rng(3).integers(0, 65536, (*shape, channels), dtype=np.uint16)
    return samples[..., 0] if channels == 1 else samples


@pytest.mark.parametrize("ending", ["png", "tif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_stay(tmp_path: Path, ending: str, channels: int) -> None:
    samples = sixteen(channels)
    # OpenCV has blue first.
    stored = samples if channels == 1 else samples[..., [2, 1, 0, 3][:channels]]
    path, out = tmp_path / f"a.{ending}", tmp_path / f"out.{ending}"
    assert cv2.imwrite(str(path), stored)
    photograph = read_photograph(path)
    assert photograph.fine.dtype == np.uint16
    assert np.array_equal(photograph.pixels, decode(path))
    changed = photograph.fine.copy()
    changed[:, 2:] -= np.minimum(changed[:, 2:], 300)
    encode(out, changed, photograph.belongings)
    found = cv2.imread(str(out), cv2.IMREAD_UNCHANGED)
    assert found.dtype == np.uint16
    assert np.array_equal(found[:2], stored[:2])
    if channels == 4:
        assert np.array_equal(found[..., 3], stored[..., 3])
    else:
        assert np.array_equal(found[2:], stored[2:] - np.minimum(stored[2:], 300))
    assert np.array_equal(decode(out), read_photograph(out).pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_sixteen_bits_are_turned_as_eight_are(tmp_path: Path, orientation: int) -> None:
    plain, path = tmp_path / "plain.png", tmp_path / "a.png"
    assert cv2.imwrite(str(plain), sixteen(3))
    data, exif = plain.read_bytes(), noted(orientation).tobytes()[6:]
    chunk = struct.pack(">I", len(exif)) + b"eXIf" + exif + struct.pack(">I", zlib.crc32(b"eXIf" + exif))
    path.write_bytes(data[:33] + chunk + data[33:])
    photograph = read_photograph(path)
    assert photograph.fine.dtype == np.uint16
    assert np.array_equal(photograph.fine >> 8, decode(path))
    encode(tmp_path / "out.png", photograph.fine, photograph.belongings)
    again = read_photograph(tmp_path / "out.png")
    assert np.array_equal(again.fine, photograph.fine)
    assert again.belongings.exif.startswith(b"MM")


def test_sixteen_bits_in_a_profile_keep_what_is_not_changed(tmp_path: Path) -> None:
    samples = np.full((3, 4, 4), 50_001, np.uint16)
    samples[1:] -= 20_000
    with (tmp_path / "a.tif").open("wb") as file:
        write_tiff(file, samples, icc_profile=icc.p3())
    photograph = read_photograph(tmp_path / "a.tif")
    assert photograph.fine.dtype == np.uint8
    changed = photograph.fine.copy()
    changed[:, 0] += 20
    encode(tmp_path / "out.tif", changed, photograph.belongings)
    found = cv2.imread(str(tmp_path / "out.tif"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(found[1:, :, ::-1].transpose(2, 0, 1), samples[:, 1:])
    assert np.abs(decode(tmp_path / "out.tif")[:, 0].astype(int) - changed[:, 0]).max() <= 1


@pytest.mark.parametrize(("ending", "exact"), [("png", True), ("jpg", False), ("tif", True), ("bmp", False)])
def test_resolution_stays_and_turns(save: Save, tmp_path: Path, rgb: Pixels, ending: str, exact: bool) -> None:
    options = {} if ending == "bmp" else {"exif": noted(6).tobytes()}
    photograph = read_photograph(save(f"a.{ending}", rgb, dpi=(300, 150), **options))
    encode(tmp_path / f"out.{ending}", photograph.fine, photograph.belongings)
    with Image.open(tmp_path / f"out.{ending}") as out:
        dpi = [float(value) for value in out.info["dpi"]]
    assert dpi == pytest.approx([150, 300] if options else [300, 150], abs=0.02)


def test_a_jpeg_is_written_with_its_own_tables(save: Save, tmp_path: Path) -> None:
    smooth = np.add.outer(np.arange(32), np.arange(48)).astype(np.uint8)
    picture = np.stack([smooth, smooth[::-1], smooth], axis=-1)
    for name, options in {
        "a.jpg": {"quality": 60, "subsampling": "4:2:2"},
        "b.jpe": {"quality": 88, "subsampling": "4:4:4", "progressive": True},
    }.items():
        path = save(name, picture, format="JPEG", **options)
        photograph = read_photograph(path)
        encode(tmp_path / f"out{name}", photograph.fine, photograph.belongings)
        with Image.open(path) as before, Image.open(tmp_path / f"out{name}") as after:
            assert isinstance(before, JpegImagePlugin.JpegImageFile)
            assert isinstance(after, JpegImagePlugin.JpegImageFile)
            assert before.quantization == after.quantization
            assert JpegImagePlugin.get_sampling(before) == JpegImagePlugin.get_sampling(after)
            assert before.info.get("progressive") == after.info.get("progressive")
    # Another format of the same photograph has our own quality.
    encode(tmp_path / "out.png", photograph.fine, photograph.belongings)
    assert np.array_equal(decode(tmp_path / "out.png"), photograph.pixels)


def test_a_webp_loses_as_much_as_before(save: Save, tmp_path: Path, rgb: Pixels) -> None:
    for lossless in (True, False):
        photograph = read_photograph(save("a.webp", rgb, lossless=lossless))
        encode(tmp_path / "out.webp", photograph.fine, photograph.belongings)
        assert np.array_equal(decode(tmp_path / "out.webp"), photograph.pixels) == lossless


@pytest.mark.parametrize("ending", ["jpg", *KEEPS_ALL])
def test_xmp_stays_without_pictures_of_what_was(save: Save, tmp_path: Path, rgb: Pixels, ending: str) -> None:
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6" xmp:Rating="4"/><xmp:Thumbnails>old'
    packet += b"</xmp:Thumbnails></x:xmpmeta>"
    if ending == "png":
        texts = PngImagePlugin.PngInfo()
        texts.add_itxt("XML:com.adobe.xmp", packet.decode())
        path = save("a.png", rgb, pnginfo=texts)
    elif ending == "tif":
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[700] = packet
        path = save("a.tif", rgb, tiffinfo=tags)
    else:
        path = save(f"a.{ending}", rgb, xmp=packet)
    photograph = read_photograph(path)
    encode(tmp_path / f"out.{ending}", photograph.fine, photograph.belongings)
    with Image.open(tmp_path / f"out.{ending}") as out:
        kept = out.info["xmp"]
    assert b'xmp:Rating="4"' in kept
    assert b'Orientation="6"' not in kept
    assert b"old" not in kept


def test_the_thumbnail_of_the_old_face_is_gone(save: Save, tmp_path: Path, rgb: Pixels) -> None:
    old = b"\xff\xd8" + b"old face" * 20
    # One directory with the make, the next with a JPEG of `old`, which is followed by notes that must not move.
    entry = struct.Struct("<HHII")
    first = struct.pack("<H", 1) + entry.pack(0x0110, 2, 8, 38) + struct.pack("<I", 46)
    second = struct.pack("<H", 2) + entry.pack(0x0201, 4, 1, 76) + entry.pack(0x0202, 4, 1, len(old)) + bytes(4)
    block = b"II*\0" + struct.pack("<I", 8) + first + bytes(12) + b"Camera1\0" + second
    block = block[:38] + b"Camera1\0" + second + old + b"notes"
    path = save("a.jpg", rgb, exif=b"Exif\0\0" + block)
    photograph = read_photograph(path)
    assert old in photograph.belongings.exif
    encode(tmp_path / "out.jpg", photograph.fine, photograph.belongings)
    assert b"old face" not in (tmp_path / "out.jpg").read_bytes()
    with Image.open(tmp_path / "out.jpg") as out:
        assert out.getexif()[ExifTags.Base.Model] == "Camera1"
        assert out.getexif().get_ifd(ExifTags.IFD.IFD1) == {}
        assert out.info["exif"].endswith(b"notes")


def test_damaged_exif_stops_nobody(save: Save, tmp_path: Path, rgb: Pixels) -> None:
    path = save("a.png", rgb, exif=b"Exif\0\0MM\0*\0\0\xff\xff garbage")
    photograph = read_photograph(path)
    assert photograph.pixels.shape == (3, 6, 10)
    assert read_header(path).shape == (6, 10)
    encode(tmp_path / "out.png", photograph.fine, photograph.belongings)
    with Image.open(tmp_path / "out.png") as out:
        assert "exif" not in out.info
