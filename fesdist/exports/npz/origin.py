"""Where the weights of a version are from that nobody trained here, as its manifest keeps it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from storage.blobs.documents import convert
from storage.datasets.manifest import Manifest


@dataclass(frozen=True)
class Origin:
    """A file that weights were in."""

    name: str
    sha256: str
    exported_from: str = ""
    """The version that it was exported from; "" for a file of other programs."""

    def to_record(self) -> dict[str, Any]:
        """Return the plain JSON that `origins_of` reads."""
        return {key: value for key, value in asdict(self).items() if value}


@dataclass(frozen=True)
class _Imported:
    files: tuple[Origin, ...]


def origins_of(manifest: Manifest) -> tuple[Origin, ...]:
    """Return the files of a version that was made from some, none of others; raises FormatError for what is none."""
    if manifest.imported is None:
        return ()
    return convert(_Imported, manifest.imported, f"files of {manifest.reference}").files
