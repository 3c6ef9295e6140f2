"""Versions written as the papers' programs write their weights: a sparse matrix a file, one for each set of weights."""

from __future__ import annotations

from pathlib import Path

from fesdist.exports.npz.csr import Rows, write_rows
from fesdist.exports.npz.label import MEMBER, Label
from fesdist.exports.npz.matrices import rows_of
from fesdist.exports.source import Exported, Source, Written
from fesdist.families.common.fixed_map import Taps, Windows
from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError
from fesdist.ground.files import write_whole
from fesdist.ground.notices import Notice
from fesdist.ground.refinement import Refinement

CHANNELS = (3, 2, 1)
"""What the papers' programs call red, green and blue: they read them in the order blue, green, red."""


def write_npz(source: Source, out: Path) -> Exported:
    """Write the weights of a version; raises BadParameterError for a model that is no few weighted input pixels.

    One expression with one set of weights is `out` itself; otherwise files beside it are named after what they hold,
    out-smiling.npz or out-smiling-channel1.npz.
    """
    files = []
    for expression in source.expressions:
        form = source.form_of(expression)
        if not isinstance(form, (Taps, Windows)):
            raise BadParameterError(
                f"model {source.manifest.model.name!r} in the papers' layout: its outputs are not made from a few "
                "input pixels each; expected mr, pixel-rr, omp, lsrf or lasso, or another ending: .onnx"
            )
        taps = form.as_taps()
        for number in range(len(taps.bias)):
            rows = rows_of(taps, number)
            label = _label(source, expression, number, len(taps.bias))
            content = write_rows(Rows(rows.indptr, rows.indices, rows.data, {MEMBER: label.as_array()}))
            path = _path(out, source, expression, number, len(taps.bias))
            write_whole(path, content, "the export")
            files.append(Written(str(path), len(content), f"{expression}, {len(rows.data):,} weights"))
    return Exported(source.manifest.reference, tuple(files), tuple(_notices(source)))


def _label(source: Source, expression: str, number: int, sets: int) -> Label:
    manifest, conventions = source.manifest, source.loaded.checked.conventions
    return Label(
        manifest.reference,
        manifest.model.name,
        manifest.model.parameters,
        Colour(manifest.colour),
        manifest.channels,
        manifest.image_shape,
        expression,
        str(source.loaded.version.attributes.get("input_expression", "neutral")),
        conventions.normalisation,
        number,
        sets,
        conventions.mouth,
        conventions.eyes,
        conventions.lips,
    )


def _path(out: Path, source: Source, expression: str, number: int, sets: int) -> Path:
    parts = [out.stem]
    if len(source.expressions) > 1:
        parts.append(expression)
    if sets > 1:
        parts.append(f"channel{CHANNELS[number]}")
    return out.with_name(f"{'-'.join(parts)}{out.suffix}")


def _notices(source: Source) -> list[Notice]:
    left_out = []
    if source.shaped:
        left_out.append("the shape, which moves the photograph before these weights change it")
    if source.refinement is not Refinement.NONE:
        left_out.append("the refinement, which keeps the photograph where the weights do not know better")
    if source.exposure:
        left_out.append("the light that they learned in, in which they see photographs of another")
    if not left_out:
        return []
    text = f"the papers' layout has no room for {', and '.join(left_out)}; .onnx and .html have them"
    return [Notice("left out", len(left_out), text)]
