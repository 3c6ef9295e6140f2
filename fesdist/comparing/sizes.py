"""How large a trained model is: the numbers that its outputs are made of, and the bytes that hold them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import zarr

from fesdist.families.common.layout import Array
from fesdist.registry import model_from_parameters
from storage.datasets.version import WeightVersion

_ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class Size:
    """The arrays of one expression that outputs are made of; statistics and maps are not among them."""

    parameters: int
    """Values that are not zero: numbers, and intensities of stored images; indices of pixels do not count."""
    stored_bytes: int
    """Of the same arrays in the store, with their indices and metadata."""


def size_of(version: WeightVersion, expression: str) -> Size:
    """Return the size of one expression: the arrays that `apply` reads, and for whole images `encode` and `codes`."""
    names = _names_read(version)
    parameters = sum(_count(part) for name in names for part in _parts(version, expression, name, _ROWS_AT_ONCE))
    return Size(parameters, sum(version.stored_bytes(expression, name) for name in names))


def _names_read(version: WeightVersion) -> set[str]:
    manifest = version.manifest
    model = model_from_parameters(manifest.model.name, manifest.model.parameters)
    image_pass = model.image_pass()
    return {*model.reads, *((image_pass.encoder, *image_pass.small) if image_pass else ())}


def _parts(version: WeightVersion, expression: str, name: str, rows: int) -> Iterator[Array]:
    """Yield an array in parts of so many rows, or of whatever its last dimension but one is."""
    array = cast("zarr.Array[Any]", version.group[f"{expression}/{name}"])
    leading = (slice(None),) * (array.ndim - 2)
    for row in range(0, array.shape[-2], rows):
        yield version.read(expression, name, (*leading, slice(row, min(row + rows, array.shape[-2])), slice(None)))


def _count(values: Array) -> int:
    is_index = values.dtype.kind != "f" and values.dtype != np.uint8
    return 0 if is_index else int(np.count_nonzero(values))
