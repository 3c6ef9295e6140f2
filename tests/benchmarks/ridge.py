"""Ridge regression on all input pixels in its dual form, against himalaya's kernel ridge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fesdist.families.coded.products import Products
from fesdist.families.coded.ridge import RidgeRegression
from fesdist.families.common.fit import Fit
from fesdist.families.common.image_pass import RegionImages
from fesdist.families.common.layout import TileArrays
from fesdist.ground.colour import Colour
from fesdist.ground.tiles import TileGrid
from tests.benchmarks import extras
from tests.benchmarks.bench import Bench
from tests.benchmarks.faces import faces
from tests.benchmarks.in_memory import TARGET, Pairs, tile_statistics
from tests.benchmarks.limits import THREADS, Work
from tests.benchmarks.rows import Row
from tests.benchmarks.versus import Versus

Floats = NDArray[np.float64]


def ridge(bench: Bench, *, side: int, n_samples: int) -> Row:
    """Fit ridge on gray images; weights stay factored in both. `side` is even: half of the rows go to each thread."""
    model, shown, n_pixels = RidgeRegression(), faces(n_samples, side).gray(), side * side
    inputs, targets = (images.reshape(n_samples, n_pixels) / 255.0 for images in shown.pairs)
    # The bias is the weight of a pixel that is always 1.
    design = np.column_stack((inputs, np.ones(n_samples)))
    himalaya = extras.extra("himalaya.kernel_ridge")

    def peer() -> Floats:
        fitted = himalaya.KernelRidge(alpha=model.ridge, kernel="linear", solver="eigenvalues").fit(design, targets)
        return np.asarray(fitted.dual_coef_)

    difference = None
    if himalaya is not None:
        theirs = design @ design.T @ peer()
        difference = float(np.abs(_outputs(_fit(bench, model, shown.pairs), inputs) - theirs).max())
    return Versus(
        name=f"ridge gray {side}, {n_samples} pairs",
        what=f"{shown.source}, from images to encoder and decoder, half on each thread; peer: himalaya's KernelRidge "
        "on float64 images that are ready, which stores dual coefficients; bound: half a Gram matrix, encoder and "
        f"decoder as float64 matrix products on two cores, encoder and decoder written{extras.absent('himalaya')}",
        work=Work(float64_flops=5.0 * n_samples**2 * n_pixels, memory_bytes=n_samples * n_pixels * (2.0 + 2.0 * 8.0)),
        n_pixels=n_pixels,
    ).row(
        bench,
        lambda: _fit(bench, model, shown.pairs),
        None if himalaya is None else peer,
        target=Versus.faster(1, "himalaya"),
        difference=difference,
    )


def _fit(bench: Bench, model: RidgeRegression, pairs: Pairs) -> list[TileArrays]:
    """Return the arrays of each tile; the image pass, too, goes over the tiles."""
    inputs, targets = pairs
    samples, channels, rows, cols = inputs.shape
    tiles = list(TileGrid((rows, cols), (rows // THREADS, cols)))

    def products(tile: int) -> Products:
        of_tile = (slice(None), slice(None), *tiles[tile].region.slices)
        images = RegionImages(inputs[of_tile], {TARGET: targets[of_tile]}, {TARGET: inputs[:0][of_tile]})
        return model.image_pass().find(images, Colour.SHARED)

    parts = list(bench.threads.map(products, range(len(tiles))))
    whole = sum(parts[1:], start=parts[0])
    fit = Fit((rows, cols), channels, Colour.SHARED, "uint8", samples, 1)
    shared = model.image_pass().finish(whole, (TARGET,), fit)
    return list(bench.threads.map(lambda tile: model.solve(tile_statistics(model, pairs, tile, shared))[TARGET], tiles))


def _outputs(tiles: list[TileArrays], inputs: Floats) -> Floats:
    """Return outputs (sample, pixel) for inputs (sample, pixel)."""
    encoder, decoder = (np.concatenate([tile[name][0] for tile in tiles], axis=1) for name in ("encoder", "decoder"))
    codes, bias = len(encoder), np.concatenate([tile["bias"][0] for tile in tiles])
    made: Floats = inputs @ encoder.reshape(codes, -1).T @ decoder.reshape(codes, -1) + bias.reshape(-1)
    return made
