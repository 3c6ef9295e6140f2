"""EXIF for an image made of a photograph: what the camera noted stays, what is not true of the image does not."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import ExifTags, Image

_UPRIGHT = 1
_TIFF = 42
_SHORT, _LONG = 3, 4
_IFD0_DESCRIBES = (
    ExifTags.Base.ImageDescription,
    ExifTags.Base.Make,
    ExifTags.Base.Model,
    ExifTags.Base.Software,
    ExifTags.Base.DateTime,
    ExifTags.Base.Artist,
    ExifTags.Base.HostComputer,
    ExifTags.Base.Copyright,
)
"""Tags of a TIFF that tell of the photograph; most of the others say how its pixels are stored."""
_PIECES = ((0x0201, 0x0202), (0x0111, 0x0117))
"""Tags of where a thumbnail's bytes begin, and how many they are: of a JPEG, and of strips."""


def exif_of(image: Image.Image) -> bytes:
    """Return the EXIF block of a photograph as it is, without the word Exif in front; empty if there is none.

    Of a TIFF, whose tags are not a block, it is made of those that tell of the photograph.
    """
    block = image.info.get("exif", b"")
    if isinstance(block, bytes) and block:
        return re.sub(rb"^(Exif\0\0)+", b"", block)
    try:
        found, kept = image.getexif(), Image.Exif()
        for tag in _IFD0_DESCRIBES:
            if tag in found:
                kept[tag] = found[tag]
        for group in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
            if values := found.get_ifd(group):
                kept[group] = values
        return kept.tobytes().removeprefix(b"Exif\0\0") if len(kept) else b""
    except Exception:  # notes that Pillow trips over do not make the photograph unusable
        return b""


def exif_for(block: bytes, shape: tuple[int, int]) -> bytes:
    """Return an EXIF block for an upright image of `shape` (rows, columns); empty if `block` is damaged.

    The orientation becomes 1, sizes become those of `shape`, and a thumbnail, which shows what the photograph was, is
    overwritten. Everything else stays where it is, as makers' notes point to places in the block.
    """
    try:
        return _Block(bytearray(block), block[:2]).for_image(*shape)
    except (struct.error, KeyError, IndexError, ValueError):
        return b""


def xmp_for(packet: bytes) -> bytes:
    """Return an XMP packet for an upright image: its orientation becomes 1, and thumbnails are left out."""
    packet = re.sub(rb"(tiff:Orientation(?:=[\"']|>))\d", rb"\g<1>1", packet)
    return re.sub(rb"<(\w+):Thumbnails>.*?</\1:Thumbnails>", b"", packet, flags=re.DOTALL)


@dataclass
class _Block:
    """The bytes of a block, changed in place."""

    data: bytearray
    order: bytes
    """II is little, MM is big endian."""

    def for_image(self, rows: int, cols: int) -> bytes:
        if self._read("H", 2) != _TIFF:
            raise ValueError("no TIFF")
        first = self._read("I", 4)
        sizes = {0xA002: cols, 0xA003: rows, ExifTags.Base.ImageWidth: cols, ExifTags.Base.ImageLength: rows}
        directories = [first]
        for tag, at in self._entries(first):
            if tag == ExifTags.IFD.Exif:
                directories.append(self._read("I", at + 8))
        for directory in directories:
            for tag, at in self._entries(directory):
                if tag == ExifTags.Base.Orientation:
                    self._store(at, _UPRIGHT)
                elif tag in sizes:
                    self._store(at, sizes[tag])
        self._forget_thumbnail(first + 2 + 12 * self._read("H", first))
        return bytes(self.data)

    def _forget_thumbnail(self, link: int) -> None:
        """Overwrite the directory that `link` points to, and the bytes to which its entries do."""
        directory = self._read("I", link) if link + 4 <= len(self.data) else 0
        if not directory:
            return
        entries = dict(self._entries(directory))
        for where, length in _PIECES:
            if where in entries and length in entries:
                for start, n_bytes in zip(self._values(entries[where]), self._values(entries[length]), strict=True):
                    self._blank(start, n_bytes)
        self._blank(directory, 2 + 12 * self._read("H", directory) + 4)
        self._write("I", link, 0)

    def _entries(self, directory: int) -> Iterator[tuple[int, int]]:
        """Yield tags of a directory, and where their entries of 12 bytes are."""
        for at in range(directory + 2, directory + 2 + 12 * self._read("H", directory), 12):
            yield self._read("H", at), at

    def _values(self, at: int) -> list[int]:
        kind, count = self._read("H", at + 2), self._read("I", at + 4)
        form, width = {_SHORT: ("H", 2), _LONG: ("I", 4)}[kind]
        start = at + 8 if count * width <= 4 else self._read("I", at + 8)
        return [self._read(form, start + width * i) for i in range(min(count, len(self.data)))]

    def _store(self, at: int, value: int) -> None:
        """Set the value of an entry of one integer."""
        kind = self._read("H", at + 2)
        if kind in (_SHORT, _LONG) and self._read("I", at + 4) == 1:
            self._write("H" if kind == _SHORT else "I", at + 8, min(value, 0xFFFF) if kind == _SHORT else value)

    def _blank(self, start: int, n_bytes: int) -> None:
        end = min(start + n_bytes, len(self.data))
        if end == len(self.data):
            del self.data[start:]
        else:
            self.data[start:end] = bytes(max(0, end - start))

    def _read(self, form: str, at: int) -> int:
        (value,) = struct.unpack_from(self._endian + form, self.data, at)
        return int(value)

    def _write(self, form: str, at: int, value: int) -> None:
        struct.pack_into(self._endian + form, self.data, at, value)

    @property
    def _endian(self) -> str:
        return {b"II": "<", b"MM": ">"}[bytes(self.order)]
