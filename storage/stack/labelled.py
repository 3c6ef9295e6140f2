"""A stack as xarray sees it: arrays with the names of their dimensions, and whose each sample is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from storage.blobs.guard import GuardedStore
from storage.blobs.location import Location
from storage.stack.format import StackContents

if TYPE_CHECKING:
    import xarray


def labelled(location: Location, contents: StackContents, guarded: Callable[[str], GuardedStore]) -> xarray.Dataset:
    """Return the dataset of a stack, read through the guarded store of each expression; see `TrainingStack.to_xarray`.

    Raises as the guarded stores do.
    """
    import xarray

    arrays = {}
    # One by one: while somebody appends, the arrays differ in length beyond what is committed.
    for expression in (name for name in contents.expressions if location.exists(f"{name}/zarr.json")):
        dataset = xarray.open_zarr(guarded(expression), consolidated=False, zarr_format=3, chunks=None)
        arrays[expression] = dataset[expression].isel(sample=slice(0, len(contents.subjects)))
    labels = {
        "subject": ("sample", np.array([subject.id for subject in contents.subjects], dtype=object)),
        "holdout": ("sample", np.array([subject.holdout for subject in contents.subjects], dtype=bool)),
    }
    return xarray.Dataset(arrays, coords=labels)
