"""Every kind of file that decodes, to which pixels; every kind that does not, with which words."""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, TiffImagePlugin

from fesdist.ground.errors import BadParameterError, ImageError
from fesdist.images.decode import decode, read_header
from fesdist.images.photograph import read_photograph
from tests.fesdist.images.conftest import Pixels, Save


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp", "a.webp", "A.PNG"])
def test_lossless_rgb_keeps_its_bits(save: Save, rgb: Pixels, name: str) -> None:
    path = save(name, rgb, **({"lossless": True} if name.endswith("webp") else {}))
    assert np.array_equal(decode(path), rgb.transpose(2, 0, 1))
    assert read_header(path).shape == (6, 10)
    assert read_header(path).channels == 3


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp", "a.gif"])
def test_lossless_gray_keeps_its_bits(save: Save, rgb: Pixels, name: str) -> None:
    path = save(name, rgb[..., 0])
    assert np.array_equal(decode(path, colour="gray")[0], rgb[..., 0])
    assert np.array_equal(decode(path, colour="rgb"), np.stack([rgb[..., 0]] * 3))
    assert decode(path).shape == (read_header(path).channels, 6, 10)


def test_jpeg_is_close_to_what_was_saved(save: Save) -> None:
    smooth = np.add.outer(np.arange(40), np.arange(60)).astype(np.uint8)
    for suffix in ("jpg", "jpeg"):
        pixels = decode(save(f"a.{suffix}", smooth, quality=95))
        assert pixels.shape == (1, 40, 60)
        assert np.abs(pixels[0].astype(int) - smooth).max() <= 3


def test_gray_is_luma_as_pillow_has_it(save: Save, rgb: Pixels) -> None:
    expected = np.asarray(Image.fromarray(rgb).convert("L"))
    assert np.array_equal(decode(save("a.png", rgb), colour="gray")[0], expected)


def test_transparency_is_laid_over_white(save: Save) -> None:
    pixels = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 100, 200, 51]]], dtype=np.uint8)
    # 255 + (v - 255) * 51 / 255, one fifth of the way from white
    assert decode(save("a.png", pixels))[:, 0].T.tolist() == [[10, 20, 30], [255, 255, 255], [204, 224, 244]]


def test_gray_with_transparency_stays_one_channel(save: Save) -> None:
    path = save(
        "a.png", Image.merge("LA", [Image.new("L", (2, 1), 40), Image.fromarray(np.array([[255, 0]], dtype=np.uint8))])
    )
    assert decode(path).tolist() == [[[40, 255]]]
    assert read_header(path).channels == 1


def test_palette_becomes_colour_and_its_transparent_entry_white(save: Save) -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.putdata([0, 1, 2])
    for name in ("a.png", "a.gif"):
        assert decode(save(name, image))[:, 0].T.tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
    assert decode(save("b.png", image, transparency=1))[:, 0, 1].tolist() == [255, 255, 255]


def test_one_bit_becomes_black_and_white(save: Save) -> None:
    assert decode(save("a.png", np.array([[True, False]]))).tolist() == [[[255, 0]]]


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_sixteen_bits_keep_the_high_byte(save: Save, name: str) -> None:
    values = np.array([[0, 255, 256, 511, 128 * 257, 65535]], dtype=np.uint16)
    path = save(name, values)
    assert decode(path).tolist() == [[[0, 0, 1, 1, 128, 255]]]
    assert read_header(path).channels == 1


def test_big_endian_sixteen_bit_tiff(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tags = [(256, 3, 1, 2), (257, 3, 1, 1), (258, 3, 1, 16), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 122)]
    tags += [(277, 3, 1, 1), (278, 3, 1, 1), (279, 4, 1, 4)]
    entries = b"".join(
        struct.pack(">HHI", tag, kind, n) + (struct.pack(">HH", value, 0) if kind == 3 else struct.pack(">I", value))
        for tag, kind, n, value in tags
    )
    header = struct.pack(">2sHIH", b"MM", 42, 8, len(tags)) + entries + struct.pack(">I", 0)
    path.write_bytes(header + struct.pack(">HH", 0x1234, 0xFEDC))
    assert len(header) == 122
    assert decode(path).tolist() == [[[0x12, 0xFE]]]


def test_sixteen_bit_colour_keeps_the_high_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(_png(2, 1, 16, 2, b"\0" + struct.pack(">6H", 0, 0x12FF, 0xFFFF, 0x8000, 0x80FF, 0x0100)))
    assert decode(path)[:, 0].T.tolist() == [[0, 0x12, 0xFF], [0x80, 0x80, 1]]


def test_cmyk_becomes_rgb(save: Save) -> None:
    path = save("a.tif", Image.new("CMYK", (2, 2), (0, 255, 255, 0)))
    assert decode(path)[:, 0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_to_pixels_and_header(save: Save, name: str, orientation: int) -> None:
    # A light pixel block in the top left corner of the picture as it should be seen, 8 rows by 16 columns.
    seen = np.zeros((8, 16), dtype=np.uint8)
    seen[:4, :4] = 255
    turned = {1: seen, 2: seen[:, ::-1], 3: seen[::-1, ::-1], 4: seen[::-1], 5: seen.T}
    turned |= {6: seen.T[::-1], 7: seen.T[::-1, ::-1], 8: seen.T[:, ::-1]}
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    if name == "a.tif":
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[ExifTags.Base.Orientation] = orientation
        path = save(name, np.ascontiguousarray(turned[orientation]), tiffinfo=tags)
    else:
        path = save(name, np.ascontiguousarray(turned[orientation]), exif=exif)
    assert read_header(path).shape == (8, 16)
    assert np.array_equal(decode(path, colour="gray")[0] > 127, seen > 127)


def test_of_several_frames_the_first_counts(save: Save) -> None:
    frames = [Image.new("L", (3, 2), value) for value in (10, 200)]
    for name in ("a.gif", "a.tif"):
        path = save(name, frames[0], save_all=True, append_images=frames[1:])
        assert decode(path, colour="gray").tolist() == [[[10] * 3] * 2]


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif", "a.bmp"])
def test_truncated_files_are_refused(save: Save, name: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = save(name, noise)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ImageError, match=rf"{name}: the file cannot be read or is damaged \(.+\); expected a PNG"):
        decode(path)


def test_a_damaged_byte_is_noticed(save: Save) -> None:
    path = save("a.png", np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 64] = bytes(64)
    path.write_bytes(data)
    with pytest.raises(ImageError, match="damaged"):
        decode(path)


def test_what_is_no_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("not an image at all")
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    for name, found in (
        ("empty.png", "the file is empty"),
        ("text.png", r"the file starts with b'not an image', which is no known image"),
        ("folder.png", "it is a folder"),
        ("pipe.png", "it is neither a file nor a folder"),
        ("absent.png", "there is no such file"),
        (f"{'x' * 300}.png", "the file cannot be read or is damaged .File name too long."),
    ):
        for function in (decode, read_header):
            with pytest.raises(ImageError, match=rf"{name}: {found}; expected a PNG, JPEG, WebP, TIFF, BMP, GIF"):
                function(tmp_path / name)


def test_other_formats_are_not_parsed(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (4, 4)).save(path, "PPM")
    with pytest.raises(ImageError, match="starts with b'P6"):
        decode(path)


@pytest.mark.parametrize(("mode", "words"), [("F", "floating point"), ("I", "32-bit or signed integers")])
def test_pixels_of_unknown_range_are_refused(save: Save, mode: str, words: str) -> None:
    with pytest.raises(ImageError, match=f"its pixels are {words}, whose range is unknown; expected 8 or 16 bits"):
        decode(save("a.tif", Image.new(mode, (2, 2))))


def test_pixel_limit_is_checked_before_decoding_and_pillow_keeps_quiet(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(_png(50_000, 50_000, 8, 2, b""))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageError, match=r"50000 x 50000 = 2,500,000,000 pixels; expected at most 64,000,000"):
            decode(path)
        assert read_header(path, pixel_limit=3_000_000_000).shape == (50_000, 50_000)
    assert Image.MAX_IMAGE_PIXELS is not None


def test_pixel_limit_is_inclusive(save: Save, rgb: Pixels) -> None:
    path = save("a.png", rgb)
    assert decode(path, pixel_limit=60).shape == (3, 6, 10)
    with pytest.raises(ImageError, match="at most 59; reduce the image or raise the pixel limit"):
        decode(path, pixel_limit=59)


def test_threads_do_not_disturb_each_other(save: Save, rgb: Pixels) -> None:
    path = save("a.png", rgb)
    limit = Image.MAX_IMAGE_PIXELS
    with ThreadPoolExecutor(4) as pool:
        assert all(np.array_equal(p, rgb.transpose(2, 0, 1)) for p in pool.map(decode, [path] * 200))
    assert limit == Image.MAX_IMAGE_PIXELS


def test_size_resizes_after_turning(save: Save) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    path = save("a.png", np.zeros((4, 8, 3), dtype=np.uint8), exif=exif)
    assert decode(path).shape == (3, 8, 4)
    assert decode(path, size=(4, 2)).shape == (3, 4, 2)


def test_unknown_colour_mode(save: Save, rgb: Pixels) -> None:
    with pytest.raises(BadParameterError, match="colour mode 'bgr' is unknown: expected auto, rgb or gray"):
        decode(save("a.png", rgb), colour="bgr")  # type: ignore[arg-type]


def _png(width: int, height: int, bits: int, kind: int, rows: bytes) -> bytes:
    """Return a PNG file of filtered `rows`, whatever its header promises."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_tiff_in_which_nothing_is_white_is_no_negative(save: Save, dtype: type[np.unsignedinteger[Any]]) -> None:
    values = np.random.default_rng(2).integers(0, np.iinfo(dtype).max, (5, 7), dtype)
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[TiffImagePlugin.PHOTOMETRIC_INTERPRETATION] = 0
    stored = values if dtype == np.uint16 else np.invert(values)  # Pillow turns what it writes, if it has 8 bits
    path = save("a.tif", stored, tiffinfo=tags)
    with Image.open(path) as image:
        assert image.tag_v2[TiffImagePlugin.PHOTOMETRIC_INTERPRETATION] == 0
    expected = np.invert(values)
    assert np.array_equal(read_photograph(path).fine[0], expected)
    assert np.array_equal(decode(path)[0], expected if dtype == np.uint8 else expected >> 8)
