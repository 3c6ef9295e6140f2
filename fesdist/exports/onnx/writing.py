"""A version as one ONNX file: what `LoadedVersion.synthesize` does with floating-point images, of any number."""

from __future__ import annotations

from pathlib import Path

import onnx

from fesdist.exports.onnx.around import GraphLight, blurred, gray, light_of, moved, stretched
from fesdist.exports.onnx.forms import mapped
from fesdist.exports.onnx.graph import INPUT, OPSET, Graph
from fesdist.exports.source import Exported, ExportedExpression, Source, Written
from fesdist.ground.errors import BadParameterError
from fesdist.ground.files import write_whole
from fesdist.inference.detail import fine_sigma, mouth_mask
from fesdist.inference.recipe import Recipe

LARGEST_FILE = 1 << 31
"""Bytes that one file of this format may have."""


def write_onnx(source: Source, out: Path) -> Exported:
    """Write the file; raises BadParameterError for one that would be too large."""
    content = onnx_model(source).SerializeToString()
    write_whole(out, content, "the export")
    rows, cols = source.manifest.image_shape
    channels = source.manifest.channels
    given = f"{INPUT} (any number, {channels}, {rows}, {cols}) float32 in 0..1"
    told = f"opset {OPSET}; {given} to {', '.join(source.expressions)}"
    return Exported(source.manifest.reference, (Written(str(out), len(content), told),))


def onnx_model(source: Source) -> onnx.ModelProto:
    """Return the model: the input `images`, (sample, channel, row, col) float32 in [0, 1], an output an expression."""
    manifest, settings = source.manifest, source.settings
    if INPUT in source.expressions:
        raise BadParameterError(f"an expression called {INPUT!r}, which is what the input is called; leave it out")
    graph = Graph((manifest.channels, *manifest.image_shape))
    seen, low, width = stretched(graph, INPUT) if source.min_max else (INPUT, "", "")
    light = light_of(graph, INPUT, source.exposure) if source.exposure else None
    for name in source.expressions:
        expression = source.read(name)
        put = _moving if source.shaped else _changed
        made = put(graph, source, expression, seen, light)
        if source.min_max:
            made = graph.add("Add", graph.add("Mul", made, width), low)
        if expression.detail and not source.shaped:
            made = _with_detail(graph, source, made)
        graph.output(name, made)
        if graph.n_bytes >= LARGEST_FILE:
            raise BadParameterError(
                f"{manifest.reference} has more than {graph.n_bytes / 2**30:.1f} GiB as ONNX, of which a file holds 2; "
                "export fewer expressions at a time with --expressions"
            )
    about = {
        "reference": manifest.reference,
        "model": manifest.model.name,
        "version": str(manifest.version),
        "expressions": ",".join(source.expressions),
        "colour": manifest.colour,
        "normalisation": "min-max" if source.min_max else "none",
        "refinement": str(source.refinement),
        "intensity": f"{settings.intensity:g}",
        "texture": f"{source.texture:g}",
        "brightness": f"{source.exposure.brightness if source.exposure else 0:g}",
        "contrast": f"{source.exposure.contrast if source.exposure else 0:g}",
        "opset": str(OPSET),
        "made_by": f"fesdist {manifest.code_version}",
    }
    return graph.finished(about)


def _change(graph: Graph, expression: ExportedExpression, seen: str, light: GraphLight | None) -> str:
    """Return alpha (y - x) of images x, made in the light that `light` makes of theirs; see `fesdist.inference.lit`."""
    lit = seen if light is None else light.lit(graph, seen)
    change = graph.add("Sub", mapped(graph, lit, expression.form), lit)
    if light is not None:
        change = graph.add("Div", change, light.scale)
    return change if expression.alpha is None else graph.add("Mul", change, graph.constant(expression.alpha))


def _times(graph: Graph, value: str, factor: float) -> str:
    return value if factor == 1 else graph.add("Mul", value, graph.number(factor))


def _changed(graph: Graph, source: Source, expression: ExportedExpression, seen: str, light: GraphLight | None) -> str:
    if expression.alpha is None and source.texture == 1 and light is None:
        return mapped(graph, seen, expression.form)
    return graph.add("Add", seen, _times(graph, _change(graph, expression, seen, light), source.texture))


def _moving(graph: Graph, source: Source, expression: ExportedExpression, seen: str, light: GraphLight | None) -> str:
    """Return images moved, and changed where they have moved to; see `LoadedVersion.synthesize`."""
    shapes, recipe, intensity = source.loaded.shapes, Recipe.of(expression.name), source.settings.intensity
    channels = graph.shape[0]
    learned, wanted = expression.displacement, shapes.displacement(recipe, intensity)
    if learned is None or wanted is None:
        raise ValueError(f"{source.manifest.reference} has no shape")
    base = moved(graph, seen, wanted, channels)
    if source.texture == 0:
        return base
    change = _change(graph, expression, base if intensity == 1 else moved(graph, seen, learned, channels), light)
    if expression.detail:
        change, channels = blurred(graph, gray(graph, change), fine_sigma(source.manifest.image_shape), 1), 1
    following = shapes.following(expression.name, recipe, intensity)
    if following is not None:
        change = moved(graph, change, following, channels)
    return graph.add("Add", base, _times(graph, change, source.texture))


def _with_detail(graph: Graph, source: Source, made: str) -> str:
    """Return what `fesdist.inference.detail.with_detail` makes of the input and outputs."""
    shape = source.manifest.image_shape
    change = graph.add("Sub", made, INPUT)
    coarse = blurred(graph, change, fine_sigma(shape), graph.shape[0])
    fine = graph.add("Mul", graph.add("Sub", change, coarse), graph.constant(mouth_mask(shape, source.mouth)))
    return graph.add("Sum", INPUT, coarse, fine)
