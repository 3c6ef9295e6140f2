"""Fixed maps as nodes: windows are shifted images, taps are gathered, tables looked up, codes multiplied."""

from __future__ import annotations

import numpy as np
import onnx

from fesdist.exports.onnx.graph import Graph
from fesdist.families.common.fixed_map import Codes, FixedMap, Tables, Taps, Windows


def mapped(graph: Graph, seen: str, form: FixedMap) -> str:
    """Return what a map makes of images, (sample, channel, row, col), unclipped."""
    match form:
        case Windows():
            return _shifts(graph, seen, form)
        case Taps():
            return _gathers(graph, seen, form)
        case Tables():
            return _look_ups(graph, seen, form)
        case Codes():
            return _products(graph, seen, form)


def _shifts(graph: Graph, seen: str, form: Windows) -> str:
    """Return bias[p] + Σ_a weights[a, p] x[p + a], with zeros around the image."""
    rows, cols = form.bias.shape[-2:]
    reach = max(max(map(abs, offset)) for offset in form.offsets)
    padded = graph.add("Pad", seen, graph.constant([0, 0, reach, reach] * 2, np.int64)) if reach else seen
    axes = graph.constant([2, 3], np.int64)
    terms = [graph.constant(form.bias)]
    for tap, (drow, dcol) in enumerate(form.offsets):
        shifted = padded
        if reach:
            starts = graph.constant([reach + drow, reach + dcol], np.int64)
            ends = graph.constant([reach + drow + rows, reach + dcol + cols], np.int64)
            shifted = graph.add("Slice", padded, starts, ends, axes)
        terms.append(graph.add("Mul", shifted, graph.constant(form.weights[:, tap])))
    return graph.add("Sum", *terms)


def _gathers(graph: Graph, seen: str, form: Taps) -> str:
    """Return bias[p] + Σ_tap values[tap, p] x[support[tap, p]]; a tap that is not used has weight 0 and any place."""
    support, values = (array.swapaxes(0, 1) for array in (form.support, form.values))
    channels, rows, cols = graph.shape
    planes = np.arange(channels, dtype=np.int64)[:, None, None] * (rows * cols)
    flat = graph.add("Flatten", seen, axis=1)
    found = graph.add("Gather", flat, graph.constant(np.maximum(support, 0) + planes, np.int32), axis=1)
    weighted = graph.add("Mul", found, graph.constant(np.where(support >= 0, values, 0)))
    summed = graph.add("ReduceSum", weighted, graph.constant([1], np.int64), keepdims=0)
    return graph.add("Add", summed, graph.constant(form.bias))


def _look_ups(graph: Graph, seen: str, form: Tables) -> str:
    """Return the line between the two entries of each pixel's table."""
    sets, intensities, rows, cols = form.outputs.shape
    pixels = rows * cols
    first = np.arange(sets)[:, None] * intensities * pixels + np.arange(pixels)
    position = graph.add("Clip", seen, graph.number(0), graph.number(1))
    position = graph.add("Mul", position, graph.number(intensities - 1))
    below = graph.add("Min", graph.add("Floor", position), graph.number(intensities - 2))
    part = graph.add("Sub", position, below)
    step = graph.constant(pixels, np.int32)
    index = graph.add("Mul", graph.add("Cast", below, to=onnx.TensorProto.INT32), step)
    index = graph.add("Add", index, graph.constant(first.reshape(sets, rows, cols), np.int32))
    table = graph.constant(form.outputs.reshape(-1))
    low = graph.add("Gather", table, index)
    high = graph.add("Gather", table, graph.add("Add", index, step))
    return graph.add("Add", low, graph.add("Mul", part, graph.add("Sub", high, low)))


def _products(graph: Graph, seen: str, form: Codes) -> str:
    """Return bias[p] + Σ_code decoder[code, p] Σ_q encoder[code, q] x[q], never pixels by pixels."""
    channels, rows, cols = graph.shape
    encoder, decoder = (array.reshape(*array.shape[:2], -1) for array in (form.encoder, form.decoder))
    flat = graph.reshaped(seen, 0, channels, 1, rows * cols)
    codes = graph.add("MatMul", flat, graph.constant(encoder.swapaxes(1, 2)))
    made = graph.reshaped(graph.add("MatMul", codes, graph.constant(decoder)), 0, channels, rows, cols)
    return graph.add("Add", made, graph.constant(form.bias))
