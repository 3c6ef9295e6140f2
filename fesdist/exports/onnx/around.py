"""What happens around a map, as nodes: images stretched, moved, blurred, made gray."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fesdist.exports.onnx.graph import Graph
from fesdist.ground.colour import LUMA
from fesdist.ground.exposure import DARKEST, Exposure, face_area
from fesdist.ground.tiles import Region
from fesdist.inference.blur import gaussian
from fesdist.shape.kernels import FLOAT_WEIGHTS, STEPS
from fesdist.shape.warping import Displacement

_SMALLEST_RANGE = 1e-6
"""Of intensities: an image without any contrast has no outputs that mean something, but numbers."""


def stretched(graph: Graph, images: str) -> tuple[str, str, str]:
    """Return images in their own range, the lowest value of each and the width of its range."""
    low = graph.add("ReduceMin", images, axes=[1, 2, 3])
    high = graph.add("ReduceMax", images, axes=[1, 2, 3])
    width = graph.add("Max", graph.add("Sub", high, low), graph.number(_SMALLEST_RANGE))
    return graph.add("Div", graph.add("Sub", images, low), width), low, width


@dataclass(frozen=True)
class GraphLight:
    """How each image becomes one in the light that a model learned in, as values (sample, 1, 1, 1) of a graph."""

    scale: str
    shift: str

    def lit(self, graph: Graph, images: str) -> str:
        """Return images in that light, within [0, 1] where they are within themselves, as `relit` makes them."""
        made = graph.add("Add", graph.add("Mul", images, self.scale), self.shift)
        made = graph.add("Min", made, graph.add("Max", images, graph.number(1)))
        return graph.add("Max", made, graph.add("Min", images, graph.number(0)))


def light_of(graph: Graph, images: str, usual: Exposure) -> GraphLight:
    """Return what `Exposure.relighting` does."""
    rows, cols = face_area(graph.shape[1:])
    starts, ends, steps = ([getattr(side, name) for side in (rows, cols)] for name in ("start", "stop", "step"))
    face = graph.add("Slice", images, *(graph.constant(each, np.int64) for each in (starts, ends, [2, 3], steps)))
    mean = graph.add("ReduceMean", face, axes=[1, 2, 3])
    away = graph.add("Sub", graph.add("ReduceMean", face, axes=[1]), mean)
    deviation = graph.add("Sqrt", graph.add("ReduceMean", graph.add("Mul", away, away), axes=[1, 2, 3]))
    brightness, contrast = (graph.add("Max", found, graph.number(DARKEST)) for found in (mean, deviation))
    brighter = graph.add("Div", graph.number(usual.brightness), brightness)
    scale = graph.add("Max", brighter, graph.add("Div", graph.number(usual.contrast), contrast), graph.number(1))
    there = graph.add("Max", brightness, graph.number(usual.brightness))
    return GraphLight(scale, graph.add("Sub", there, graph.add("Mul", scale, brightness)))


def moved(graph: Graph, images: str, displacement: Displacement, channels: int) -> str:
    """Return images (sample, channel, row, col) with p showing what was at p + u(p), as `Displacement.applied` does.

    The sixteen pixels around a position are gathered at once; their weights are products of four and four.
    """
    rows, cols = displacement.image_shape
    down, right = displacement.steps(Region(0, rows, 0, cols))
    lines, line_weights = _around(down.reshape(-1), rows)
    across, weights = _around(right.reshape(-1), cols)
    # Added by whoever runs the graph, once: sixteen indices a pixel would make the file twice as large.
    index = graph.add("Add", graph.constant(lines[:, None] * cols, np.int32), graph.constant(across[None], np.int32))
    found = graph.add("Gather", graph.reshaped(images, 0, channels, rows * cols), index, axis=2)
    weighted = graph.add("Mul", found, graph.constant(weights))
    of_lines = graph.add("ReduceSum", weighted, graph.constant([3], np.int64), keepdims=0)
    weighted = graph.add("Mul", of_lines, graph.constant(line_weights))
    made = graph.add("ReduceSum", weighted, graph.constant([2], np.int64), keepdims=0)
    return graph.reshaped(made, 0, channels, rows, cols)


def blurred(graph: Graph, images: str, sigma: float, channels: int) -> str:
    """Return images blurred by a Gaussian, as `fesdist.inference.blur.blurred` does."""
    weights = gaussian(sigma)
    reach = len(weights) // 2
    _, rows, cols = graph.shape
    made = graph.reshaped(images, -1, 1, rows, cols)
    for kernel, pads in (
        (weights[:, None], [0, 0, reach, 0, 0, 0, reach, 0]),
        (weights[None], [0, 0, 0, reach, 0, 0, 0, reach]),
    ):
        padded = graph.add("Pad", made, graph.constant(pads, np.int64), mode="edge")
        made = graph.add("Conv", padded, graph.constant(kernel[None, None]))
    return graph.reshaped(made, -1, channels, rows, cols)


def gray(graph: Graph, images: str) -> str:
    """Return images of one channel, as `fesdist.ground.colour.to_gray` does."""
    if graph.shape[0] == 1:
        return images
    return graph.add("Conv", images, graph.constant((LUMA / 65536.0)[None, :, None, None]))


def _around(at: NDArray[np.int32], length: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return four places around each position in 64ths, the edge for those outside, and weights: (4, position)."""
    places = np.clip((at >> 6) + np.arange(-1, 3)[:, None], 0, length - 1)
    return places, FLOAT_WEIGHTS[at % STEPS].T
