"""What a user would write for MR with Dask alone, as a program: `python -m tests.benchmarks.instead WAY STACK OUT`.

Both ways read the stack with `dask.array.from_zarr`, solve blocks in batched numpy on two workers, and write weights
and bias of each expression to a Zarr array OUT/EXPRESSION, (tap + 1, row, col) float64.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import dask
import dask.array as da
import numpy as np
import xarray
from distributed import Client, LocalCluster
from numpy.typing import NDArray

from tests.benchmarks.peers import Floats, batched_solve, solved_windows, unit_planes

BLOCK = 128
"""Side of a block: 64 and 256 were slower."""


def by_map_overlap(inputs: da.Array, targets: da.Array, size: int, ridge: float) -> da.Array:
    """Return weights and bias (tap + 1, row, col) from images (sample, channel, row, col), blocks with their halo."""

    def fit(seen: NDArray[np.uint8], wanted: NDArray[np.uint8]) -> Floats:
        with ThreadPoolExecutor(1) as pool:
            return batched_solve(unit_planes(seen), unit_planes(wanted), size, ridge, pool)

    around = {2: size // 2, 3: size // 2}
    return da.map_overlap(
        fit,
        inputs,
        targets,
        depth=[around, {}],
        boundary=[{2: 0, 3: 0}, {}],
        trim=False,
        drop_axis=[0, 1],
        new_axis=[0],
        chunks=((size * size + 1,), *targets.chunks[2:]),
        dtype=np.float64,
        meta=np.empty((0, 0, 0)),
    )


def by_apply_ufunc(inputs: da.Array, targets: da.Array, size: int, ridge: float) -> da.Array:
    """Return the same; windows come from `rolling(...).construct`."""
    dims = ("sample", "channel", "row", "col")
    seen = xarray.DataArray(inputs, dims=dims).rolling(row=size, col=size, center=True)
    whole = {"automatic_rechunk": False}
    windows = seen.construct(row="tap_row", col="tap_col", fill_value=0, sliding_window_view_kwargs=whole)

    def fit(parts: NDArray[np.uint8], wanted: NDArray[np.uint8]) -> Floats:
        rows, cols, samples, channels = wanted.shape
        solved = np.empty((rows, cols, size * size + 1))
        for row in range(rows):
            design = parts[row].reshape(cols, samples * channels, size * size) / 255.0
            solved[row] = solved_windows(design, wanted[row].reshape(cols, -1) / 255.0, ridge)
        return solved

    solved = xarray.apply_ufunc(
        fit,
        windows,
        xarray.DataArray(targets, dims=dims),
        input_core_dims=[["sample", "channel", "tap_row", "tap_col"], ["sample", "channel"]],
        output_core_dims=[["unknown"]],
        dask="parallelized",
        output_dtypes=[np.float64],
        dask_gufunc_kwargs={"output_sizes": {"unknown": size * size + 1}},
    )
    return solved.transpose("unknown", "row", "col").data


WAYS: dict[str, Callable[[da.Array, da.Array, int, float], da.Array]] = {
    "map_overlap": by_map_overlap,
    "apply_ufunc": by_apply_ufunc,
}


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("stack")
    parser.add_argument("out")
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--ridge", type=float, required=True)
    parser.add_argument("--expressions", nargs="+", required=True)
    arguments = parser.parse_args()

    def images(expression: str) -> da.Array:
        return da.from_zarr(arguments.stack, component=expression).rechunk({0: -1, 1: -1, 2: BLOCK, 3: BLOCK})

    fit = partial(WAYS[arguments.way], size=arguments.size, ridge=arguments.ridge)
    inputs = images("neutral")
    local: Any = LocalCluster(2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0")
    with local, Client(local):
        written = [
            fit(inputs, images(name)).to_zarr(arguments.out, component=name, compute=False)
            for name in arguments.expressions
        ]
        dask.compute(*written)


if __name__ == "__main__":
    main()
