"""A published version as ONNX: fixed maps are a few shifts, look-ups or gathers with weights.

MR and Pixel-RR add shifted images, each times a plane of weights. Pixel-KR reads two neighbouring entries of each
pixel's table and takes the line between them. LSRF, OMP and l1 gather the input pixels of all taps at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from fesdist.families.sparse.model import SparseModel
from fesdist.ground.refinement import ALPHAS, Refinement
from fesdist.registry import MaskedRegression, PixelKernelRidge, model_from_parameters
from storage.datasets.version import WeightVersion
from tests.gans.graph import INPUT, Graph

Arrays = Mapping[str, NDArray[Any]]
"""Of one expression, by name; (weight channel, ..., row, col)."""


def to_onnx(version: WeightVersion, expression: str, refinement: Refinement = Refinement.NONE) -> onnx.ModelProto:
    """Return what `LoadedVersion.synthesize` does with floating-point images of the version's size, as ONNX.

    Raises ValueError for a model that sees images stretched by their own minimum and maximum, and for one that makes
    its outputs of codes of the whole image: neither is a fixed map of pixels.
    """
    manifest = version.manifest
    model = model_from_parameters(manifest.model.name, manifest.model.parameters)
    if version.attributes["normalisation"] != "none":
        raise ValueError(f"{manifest.reference} sees stretched images; expected a version of unchanged intensities")
    if not isinstance(model, (MaskedRegression, PixelKernelRidge, SparseModel)):
        raise ValueError(f"{manifest.reference} is a {model.name}; expected mr, pixel-rr, pixel-kr, lsrf, omp or lasso")
    arrays = {name: np.asarray(version.read(expression, name)) for name in model.reads}
    graph = Graph((manifest.channels, *manifest.image_shape))
    if isinstance(model, MaskedRegression):
        made = _shifts(graph, arrays, model.offsets)
    elif isinstance(model, PixelKernelRidge):
        made = _look_ups(graph, arrays["outputs"])
    else:
        made = _gathers(graph, arrays, manifest.channels)
    if refinement is not Refinement.NONE:
        alpha = graph.constant(version.read(expression, ALPHAS[refinement]))
        made = graph.add("Add", INPUT, graph.add("Mul", graph.add("Sub", made, INPUT), alpha))
    return graph.finished(made)


def _shifts(graph: Graph, arrays: Arrays, offsets: tuple[tuple[int, int], ...]) -> str:
    """Return bias[p] + Σ_a weights[a, p] x[p + a], with zeros around the image."""
    rows, cols = arrays["bias"].shape[-2:]
    reach = max(max(map(abs, offset)) for offset in offsets)
    seen = INPUT
    if reach:
        axes = graph.constant([2, 3], np.int64)
        seen = graph.add("Pad", INPUT, graph.constant([0, 0, reach, reach] * 2, np.int64))
    terms = [graph.constant(arrays["bias"])]
    for tap, (drow, dcol) in enumerate(offsets):
        shifted = seen
        if reach:
            starts = graph.constant([reach + drow, reach + dcol], np.int64)
            ends = graph.constant([reach + drow + rows, reach + dcol + cols], np.int64)
            shifted = graph.add("Slice", seen, starts, ends, axes)
        terms.append(graph.add("Mul", shifted, graph.constant(arrays["weights"][:, tap])))
    return graph.add("Sum", *terms)


def _look_ups(graph: Graph, tables: NDArray[Any]) -> str:
    """Return the line between the two entries of each pixel's table, (weight channel, intensity, row, col)."""
    sets, intensities, rows, cols = tables.shape
    pixels = rows * cols
    first = np.arange(sets)[:, None] * intensities * pixels + np.arange(pixels)
    position = graph.add("Clip", INPUT, graph.constant(0), graph.constant(1))
    position = graph.add("Mul", position, graph.constant(intensities - 1))
    below = graph.add("Min", graph.add("Floor", position), graph.constant(intensities - 2))
    part = graph.add("Sub", position, below)
    step = graph.constant(pixels, np.int32)
    index = graph.add("Mul", graph.add("Cast", below, to=onnx.TensorProto.INT32), step)
    index = graph.add("Add", index, graph.constant(first.reshape(sets, rows, cols), np.int32))
    table = graph.constant(tables.reshape(-1))
    low = graph.add("Gather", table, index)
    high = graph.add("Gather", table, graph.add("Add", index, step))
    return graph.add("Add", low, graph.add("Mul", part, graph.add("Sub", high, low)))


def _gathers(graph: Graph, arrays: Arrays, channels: int) -> str:
    """Return bias[p] + Σ_tap values[tap, p] x[support[tap, p]]; a tap that is not used has weight 0 and any place."""
    support, values = (arrays[name].swapaxes(0, 1) for name in ("support", "values"))
    used = support >= 0
    rows, cols = support.shape[-2:]
    planes = np.arange(channels, dtype=np.int64)[:, None, None] * (rows * cols)
    flat = graph.add("Flatten", INPUT, axis=1)
    seen = graph.add("Gather", flat, graph.constant(np.where(used, support, 0) + planes, np.int32), axis=1)
    weighted = graph.add("Mul", seen, graph.constant(np.where(used, values, 0)))
    summed = graph.add("ReduceSum", weighted, graph.constant([1], np.int64), keepdims=0)
    return graph.add("Add", summed, graph.constant(arrays["bias"]))
