"""Which formats are read: their endings, Pillow's names of them, and what HEIC needs beside Pillow."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import BinaryIO

from fesdist.ground.errors import BadParameterError

SUFFIXES = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".gif": "GIF",
    ".avif": "AVIF",
    ".heic": "HEIF",
    ".heif": "HEIF",
}
"""Suffixes of image files, in lower case, and Pillow's names of their formats; no other format is ever parsed."""

EXPECTED = "a PNG, JPEG, WebP, TIFF, BMP, GIF, AVIF or HEIC image"

_SIGNATURES = (
    (0, b"\x89PNG", "a PNG"),
    (0, b"\xff\xd8", "a JPEG"),
    (8, b"WEBP", "a WebP"),
    (0, b"II*\0", "a TIFF"),
    (0, b"MM\0*", "a TIFF"),
    (0, b"BM", "a BMP"),
    (0, b"GIF8", "a GIF"),
    (4, b"ftypavi", "an AVIF"),
    (4, b"ftyphe", "a HEIC"),
)
"""Where a file of a format has which bytes."""

_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_LONGEST_FTYP = 4096


class MissingHeifError(Exception):
    """A HEIC image was met, and what reads it is not installed."""


def check_folder(out: Path) -> None:
    """Raise BadParameterError for a folder of outputs that is a file, would be called like one, or is in a stack."""
    if out.exists() and not out.is_dir():
        raise BadParameterError(f"{out} is a file; expected a folder for the outputs, which is created if absent")
    if not out.exists() and out.suffix.lower() in SUFFIXES:
        raise BadParameterError(
            f"{out} is named like an image; expected a folder for the outputs, which is created if absent: each "
            "expression has one of its own below it"
        )
    if group := next((folder for folder in (out, *out.absolute().parents) if (folder / "zarr.json").is_file()), None):
        place = "is" if group == out else f"is in {group},"
        raise BadParameterError(
            f"{out} {place} a Zarr group such as a training stack; choose another folder for the outputs"
        )


def formats_of(file: BinaryIO) -> list[str]:
    """Return Pillow's names of the formats that the start of a file may have; the file is left at its start.

    The package that reads HEIC is imported for the first such image only. Raises `MissingHeifError` without it.
    """
    start = file.read(_LONGEST_FTYP)
    file.seek(0)
    if not _is_heif(start):
        return sorted(set(SUFFIXES.values()) - {"HEIF"})
    register_heif()
    return ["HEIF"]


def register_heif() -> None:
    """Make Pillow read and write HEIC; raises `MissingHeifError` where the extra is not installed."""
    if importlib.util.find_spec("pillow_heif") is None:
        raise MissingHeifError("HEIC needs one package more: pip install 'fesdist[heif]'")
    import pillow_heif  # type: ignore[import-untyped,unused-ignore]

    pillow_heif.register_heif_opener(thumbnails=False)


def seems_to_be(start: bytes) -> str:
    """Return of which format a file is by its first 12 bytes, in words; empty for one that is never read."""
    return next((name for at, signature, name in _SIGNATURES if start[at:].startswith(signature)), "")


def _is_heif(start: bytes) -> bool:
    """Return whether one of the brands in a file's first box is HEIC's; "mif1" may be AVIF's too."""
    if start[4:8] != b"ftyp":
        return False
    box = start[: int.from_bytes(start[:4])]
    return any(box[at : at + 4] in _HEIF_BRANDS for at in range(8, len(box), 4))
