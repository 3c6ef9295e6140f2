"""A sparse matrix in an .npz file, as scipy.sparse writes it: read as no more than the numbers that a file holds."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.errors import BadParameterError
from storage.blobs.npy import read_npy

LARGEST_FILE = 1 << 30
"""Bytes of a file, and of all that is packed in it."""
MOST_PIXELS = 1 << 22
"""Of an image: 2048 x 2048."""
_MOST_MEMBERS = 16
_PARTS = ("format", "shape", "indptr", "indices", "data")


@dataclass(frozen=True)
class Rows:
    """A compressed sparse row matrix, one row an output pixel; the last column is the bias."""

    indptr: NDArray[np.int64]
    """Where each row begins, (row + 1,)."""
    indices: NDArray[np.int64]
    """Columns, ascending or not."""
    data: NDArray[np.float64]
    extra: dict[str, NDArray[Any]]
    """Further arrays of the file, by name."""

    @property
    def n_pixels(self) -> int:
        """Return the number of rows."""
        return len(self.indptr) - 1


def read_rows(path: Path, content: bytes) -> Rows:
    """Return the matrix of K x (K + 1) in the content of a file; raises BadParameterError for anything else.

    Nothing is unpickled, and nothing is allocated that the file does not hold.
    """
    arrays = _read_arrays(path, content)
    if missing := [name for name in _PARTS if name not in arrays]:
        raise _refusal(path, f"it has no array {missing[0]!r}; its arrays: {', '.join(arrays) or 'none'}")
    form = arrays["format"]
    if form.shape != () or form.dtype.kind not in "SU" or str(form.astype("U16")) != "csr":
        raise _refusal(path, f"its format is {form!r:.60}")
    indptr, indices, data = (arrays[name] for name in ("indptr", "indices", "data"))
    for name, array in (("shape", arrays["shape"]), ("indptr", indptr), ("indices", indices)):
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise _refusal(path, f"its {name} are {array.dtype} of shape {array.shape}, expected a list of integers")
    if data.ndim != 1 or data.dtype.kind != "f" or data.dtype.itemsize > 8:
        raise _refusal(path, f"its data are {data.dtype} of shape {data.shape}, expected a list of numbers")
    shape = tuple(int(side) for side in arrays["shape"][:3])
    if len(shape) != 2 or shape[1] != shape[0] + 1 or not 0 < shape[0] <= MOST_PIXELS:
        raise _refusal(path, f"the matrix is {' x '.join(map(str, shape))}, expected K x (K + 1) for K pixels")
    if len(indptr) != shape[0] + 1 or len(indices) != len(data):
        raise _refusal(path, f"it has {len(indptr)} rows with an end, {len(indices)} columns and {len(data)} values")
    starts, columns = indptr.astype(np.int64), indices.astype(np.int64)
    if starts[0] != 0 or starts[-1] != len(data) or (np.diff(starts) < 0).any():
        raise _refusal(path, "its rows do not follow each other from the first value to the last")
    if len(columns) and not (columns.min() >= 0 and columns.max() <= shape[0]):
        raise _refusal(path, f"it has columns {columns.min()} to {columns.max()}, expected 0 to {shape[0]}")
    if not np.isfinite(data).all():
        raise _refusal(path, f"{np.count_nonzero(~np.isfinite(data))} of its values are no numbers (NaN or infinite)")
    extra = {name: array for name, array in arrays.items() if name not in _PARTS}
    return Rows(starts, columns, data.astype(np.float64), extra)


def write_rows(rows: Rows) -> bytes:
    """Return the content of a file that `scipy.sparse.load_npz` and `read_rows` read, with what is extra in it."""
    file = BytesIO()
    fits = rows.n_pixels < np.iinfo(np.int32).max and len(rows.data) < np.iinfo(np.int32).max
    integers = np.int32 if fits else np.int64
    np.savez_compressed(
        file,
        allow_pickle=False,
        indices=rows.indices.astype(integers),
        indptr=rows.indptr.astype(integers),
        format=np.array(b"csr"),
        shape=np.array([rows.n_pixels, rows.n_pixels + 1], np.int64),
        data=rows.data,
        **rows.extra,
    )
    return file.getvalue()


def _read_arrays(path: Path, content: bytes) -> dict[str, NDArray[Any]]:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > _MOST_MEMBERS:
                raise ValueError(f"it has {len(members)} arrays")
            if (total := sum(member.file_size for member in members)) > LARGEST_FILE:
                raise ValueError(f"unpacked it would have {total} bytes, more than {LARGEST_FILE}")
            return {member.filename.removesuffix(".npy"): _unpack(archive, member) for member in members}
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
        raise _refusal(path, f"it cannot be read ({error})") from error


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{member.filename!r} is packed in an unknown way")
    with archive.open(member) as file:
        return read_npy(file, member.file_size)


def _refusal(path: Path, found: str) -> BadParameterError:
    return BadParameterError(
        f"{path}: {found}; expected weights as the papers' programs save them: a sparse matrix in rows, K pixels by "
        "K + 1 columns, the last of them the bias"
    )
