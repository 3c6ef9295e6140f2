"""Notes: named arrays that work in progress keeps, so that what was found is not looked for again."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.blobs.location import open_location
from storage.blobs.names import check_name
from storage.blobs.npy import read_npy
from storage.errors import NotFoundError


@dataclass(frozen=True)
class Notes:
    """Notes below a folder of the location `uri`; pickled, no more than their address."""

    uri: str
    folder: str

    def put(self, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep arrays by name; they replace earlier ones of this key. A name may have slashes."""
        file = BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, values in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, np.asarray(values), allow_pickle=False)
        open_location(self.uri).write(self._path(key), file.getvalue())

    def get(self, key: str) -> dict[str, NDArray[Any]] | None:
        """Return the arrays of this key, or None where there are none or their file is damaged."""
        try:
            with zipfile.ZipFile(BytesIO(open_location(self.uri).read(self._path(key)))) as archive:
                return {file.filename.removesuffix(".npy"): _unpack(archive, file) for file in archive.infolist()}
        except (NotFoundError, ValueError, zipfile.BadZipFile, RuntimeError, EOFError):
            return None

    def remove(self, key: str) -> None:
        """Remove the arrays of this key, if there are any."""
        open_location(self.uri).delete(self._path(key))

    def _path(self, key: str) -> str:
        return f"{self.folder}/{check_name('notes', key)}.npz"


def _unpack(archive: zipfile.ZipFile, file: zipfile.ZipInfo) -> NDArray[Any]:
    """Return one array; raises ValueError if it is packed, holds objects, or promises another size than it has."""
    if file.compress_type != zipfile.ZIP_STORED:
        raise ValueError("packed")
    with archive.open(file) as member:
        return read_npy(member, file.file_size)
