"""How large a trained model is: the numbers that its outputs are made of, and the bytes that hold them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import zarr

from fesdist.families.common.contract import Array
from fesdist.families.common.whole_image import WholeImageModel
from fesdist.ground.colour import Colour
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
    names = _names_read(version, expression)
    parameters = sum(_count(part) for name in names for part in _parts(version, expression, name, _ROWS_AT_ONCE))
    return Size(parameters, sum(version.stored_bytes(expression, name) for name in names))


def _names_read(version: WeightVersion, expression: str) -> set[str]:
    manifest = version.manifest
    model = model_from_parameters(manifest.model["name"], manifest.model["parameters"])
    names = [layout.name for layout in model.layout(Colour(manifest.colour).weight_channels(manifest.channels))]
    others: set[str] = set()
    if isinstance(model, WholeImageModel):
        names.append(model.decoder_name)
        others = {model.encoder_name, *model.small_names}
    # What a model does not take up is for people, such as the duality gap of LASSO; a row is enough to see it.
    first_rows = {name: next(_parts(version, expression, name, 1)) for name in names}
    return others.union(model.prepare(first_rows))


def _parts(version: WeightVersion, expression: str, name: str, rows: int) -> Iterator[Array]:
    """Yield an array in parts of so many rows, or of whatever its last dimension but one is."""
    array = version.group[f"{expression}/{name}"]
    assert isinstance(array, zarr.Array)
    leading = (slice(None),) * (array.ndim - 2)
    for row in range(0, array.shape[-2], rows):
        yield version.read(expression, name, (*leading, slice(row, min(row + rows, array.shape[-2])), slice(None)))


def _count(values: Array) -> int:
    is_index = values.dtype.kind != "f" and values.dtype != np.uint8
    return 0 if is_index else int(np.count_nonzero(values))
