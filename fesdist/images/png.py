"""The chunks of a PNG: sound pixels are read whatever else is damaged or huge, and colours of 16 bits are written."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from PIL import Image

from fesdist.images.belongings import PixelValues

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIXELS = b"IDAT"
_XMP = b"XML:com.adobe.xmp\0\0"
"""How a text begins that is XMP, and not compressed."""
_RAW_EXIF = b"Raw profile type exif\0\0"
_COMPRESSED_TEXTS = frozenset({b"zTXt", b"iTXt"})
_LARGEST = 1 << 24
"""Bytes of the largest chunk beside the pixels that is looked at."""
_MOST_TEXT = 1 << 20
"""Bytes of all texts that are left where they are."""
_LENGTHS = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"pHYs": 9, b"acTL": 8, b"fcTL": 26}
"""Bytes of chunks that are always as long."""
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""By the number of channels."""
_SUB = 1
_LEVEL = 1


class _Chunk(NamedTuple):
    kind: bytes
    start: int
    """Of the data; the length and the kind are the eight bytes before."""
    length: int

    @property
    def critical(self) -> bool:
        return self.kind[:1].isupper()


def sound_png(file: BinaryIO) -> BinaryIO:
    """Return a file that Pillow reads as other programs read this one, which may be the file itself, at its start.

    Texts, and whatever else beside the pixels is damaged or too large, are left out: they do not concern the image,
    and Pillow would refuse it. What stands behind the pixels, an orientation for instance, is moved before them. A file
    that is no PNG, or ends early, is returned as it is.
    """
    chunks = list(_chunks(file))
    file.seek(0)
    if not chunks or chunks[-1].kind != b"IEND":
        return file
    kept = list(_sound(file, chunks))
    pixels = [chunk for chunk in kept if chunk.kind == _PIXELS]
    first = kept.index(pixels[0]) if pixels else len(kept)
    rest = [chunk for chunk in kept[first:] if chunk.kind != _PIXELS]
    moved = [chunk for chunk in rest if not chunk.critical and chunk.kind not in (b"fcTL", b"fdAT")]
    order = [*kept[:first], *moved, *pixels, *(chunk for chunk in rest if chunk not in moved)]
    file.seek(0)
    if order == chunks:
        return file
    copy = io.BytesIO()
    copy.write(_SIGNATURE)
    for chunk in order:
        file.seek(chunk.start - 8)
        copy.write(file.read(chunk.length + 12))
    copy.seek(0)
    return copy


def write_png_of_sixteen_bits(file: BinaryIO, values: PixelValues, **options: Any) -> None:
    """Write values (channel, row, col), gray or RGB with or without alpha; `options` are Pillow's for PNG."""
    channels, rows, cols = values.shape
    # Pillow writes all but the pixels: it knows how profiles, EXIF and texts are stored.
    model = io.BytesIO()
    Image.new("L", (1, 1)).save(model, "PNG", **options)
    file.write(_SIGNATURE)
    for chunk in _chunks(model):
        if chunk.kind == b"IHDR":
            data = struct.pack(">IIBBBBB", cols, rows, 16, _COLOUR_TYPES[channels], 0, 0, 0)
        elif chunk.kind == _PIXELS:
            data = zlib.compress(_filtered(values), _LEVEL)
        else:
            model.seek(chunk.start)
            data = model.read(chunk.length)
        file.write(struct.pack(">I", len(data)) + chunk.kind + data + struct.pack(">I", zlib.crc32(chunk.kind + data)))


def _chunks(file: BinaryIO) -> Iterator[_Chunk]:
    """Yield the chunks of a PNG up to its end or to the place where it breaks off."""
    end = file.seek(0, io.SEEK_END)
    file.seek(0)
    if file.read(len(_SIGNATURE)) != _SIGNATURE:
        return
    at = len(_SIGNATURE)
    while at + 12 <= end:
        file.seek(at)
        length, kind = struct.unpack(">I4s", file.read(8))
        if at + 12 + length > end:
            return
        yield _Chunk(kind, at + 8, length)
        if kind == b"IEND":
            return
        at += 12 + length


def _sound(file: BinaryIO, chunks: Iterable[_Chunk]) -> Iterator[_Chunk]:
    """Yield the critical chunks, and of the others those that are whole and cannot hide more than they show."""
    texts = 0
    for chunk in chunks:
        if chunk.critical:
            yield chunk
            continue
        if chunk.length > _LARGEST or _LENGTHS.get(chunk.kind, chunk.length) != chunk.length:
            continue
        file.seek(chunk.start - 4)
        data = file.read(4 + chunk.length)
        if zlib.crc32(data) != int.from_bytes(file.read(4)):
            continue
        if chunk.kind in _COMPRESSED_TEXTS and not _is_used(data[4:]):
            continue
        texts += chunk.length if chunk.kind[1:] in (b"EXt", b"TXt") else 0
        if texts <= _MOST_TEXT:
            yield chunk


def _is_used(text: bytes) -> bool:
    """Return whether a text of a kind that may be compressed is XMP, or EXIF as ImageMagick has it; not too large."""
    if not text.startswith(_RAW_EXIF):
        return text.startswith(_XMP)
    try:
        stream = zlib.decompressobj()
        stream.decompress(text.removeprefix(_RAW_EXIF), _MOST_TEXT)
    except zlib.error:
        return False
    return stream.eof


def _filtered(values: PixelValues) -> bytes:
    """Return rows of big-endian values as differences, byte by byte, to the pixel on the left."""
    channels, rows, cols = values.shape
    pixels = np.ascontiguousarray(np.moveaxis(values, 0, -1)).astype(">u2").view(np.uint8).reshape(rows, cols, -1)
    result = np.empty((rows, 1 + cols * 2 * channels), np.uint8)
    result[:, 0] = _SUB
    differences = result[:, 1:].reshape(rows, cols, 2 * channels)
    differences[:] = pixels
    differences[:, 1:] -= pixels[:, :-1]
    return result.tobytes()
