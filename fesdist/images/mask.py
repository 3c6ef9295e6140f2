"""Reads a receptive field of any shape from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.errors import BadParameterError, ImageError
from fesdist.images.decode import decode
from fesdist.images.formats import SUFFIXES
from storage.blobs.npy import read_npy

_EXPECTED = "expected a text file with rows of 0 and 1, an .npy array of two dimensions, or an image (bright is 1)"


def read_mask(path: str | Path) -> NDArray[np.bool_]:
    """Return the mask in a text file of 0 and 1, an .npy array, or an image whose bright pixels are 1; (row, col) bool.

    Raises BadParameterError when the file is missing or holds no two-dimensional mask.
    """
    path = Path(path)
    try:
        if path.suffix.lower() == ".npy":
            with path.open("rb") as file:
                values = read_npy(file, path.stat().st_size)
        elif path.suffix.lower() in SUFFIXES:
            values = decode(path, colour="gray")[0] > 127
        else:
            lines = path.read_text(encoding="utf-8-sig").replace(",", " ").splitlines()
            values = np.array([list("".join(line.split())) for line in lines if line.strip()], dtype="U1").astype(int)
    except (OSError, ValueError, MemoryError, ImageError) as error:
        raise BadParameterError(f"the mask {path} cannot be read ({error}); {_EXPECTED}") from error
    if values.ndim != 2 or not values.size or values.dtype.kind not in "biuf" or not np.isin(values, (0, 1)).all():
        held = f"an array of shape {values.shape}, {values.dtype}"
        raise BadParameterError(f"the mask {path} holds {held}, not 0 and 1 in rows and columns; {_EXPECTED}")
    mask: NDArray[np.bool_] = values.astype(np.bool_)
    return mask
