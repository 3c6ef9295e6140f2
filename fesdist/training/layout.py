"""The arrays of a weight version: the model's own, those of every model, refinement maps, a shape, a likeness."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from fesdist.families.common.contract import AnyModel
from fesdist.families.common.fit import Fit
from fesdist.families.common.layout import ArrayLayout, common_layout
from fesdist.ground.refinement import ALPHAS, Refinement
from fesdist.shape.warping import DISPLACEMENT
from fesdist.training.job import Precision, TrainingJob
from fesdist.training.likeness import LIKENESS, has_likeness
from storage.datasets.spec import ArraySpec, DatasetSpec
from storage.stack.reading import TrainingStack

SMALL_CHUNK = 64
"""Rows and columns of a chunk of the weight arrays, where a version has no reason to have larger ones."""

SHAPE = ArrayLayout(
    DISPLACEMENT,
    (("axis", 2),),
    "float32",
    "u, in pixels, rows then columns: before it is changed, the photograph x becomes x(p + u(p)); see docs/formats",
)
"""What versions with a shape have besides."""


def stored_layouts(model: AnyModel, fit: Fit, precision: Precision) -> tuple[ArrayLayout, ...]:
    """Return all arrays of an expression; the alphas are made from all tiles together."""
    own = {layout.name for layout in model.layout(fit)}
    weight_channel = (("weight_channel", fit.weight_channels),)
    described = {ALPHAS[Refinement.PAPERS]: "refinement map: refined = (1 - alpha) input + alpha output"}
    if model.has_evidence:
        described[ALPHAS[Refinement.LEARNED]] = "the same, learned: agreement / change around each pixel, in [0, 1]"
    maps = (ArrayLayout(name, weight_channel, "float32", text) for name, text in described.items())
    return (
        *(_stored(layout, precision) if layout.name in own else layout for layout in tile_layouts(model, fit)),
        *maps,
    )


def tile_layouts(model: AnyModel, fit: Fit) -> tuple[ArrayLayout, ...]:
    """Return the arrays that a tile writes: the model's own, those of every model, evidence where there are sums."""
    weight_channel = (("weight_channel", fit.weight_channels),)
    evidence = (
        ArrayLayout(
            "agreement",
            weight_channel,
            "float32",
            "sum of (target - input) (output - input) over people left out in turn; 0 in rows that were not judged",
        ),
        ArrayLayout("change", weight_channel, "float32", "sum of (output - input)² likewise"),
    )
    own = (*model.layout(fit), *common_layout(fit.weight_channels, fit.channels))
    return (*own, *evidence) if model.has_evidence else own


def _stored(layout: ArrayLayout, precision: Precision) -> ArrayLayout:
    """Return the layout in which an array of a model is stored."""
    return replace(layout, dtype=str(precision)) if layout.of_pixels and layout.dtype == "float64" else layout


def dataset_spec(
    model: AnyModel,
    layouts: Iterable[ArrayLayout],
    attributes: Mapping[str, Any],
    image_shape: tuple[int, int],
    chunk: int = SMALL_CHUNK,
) -> DatasetSpec:
    """Return everything the store must know to create these arrays of the expressions that `attributes` name."""
    arrays = tuple(_array(layout, image_shape, chunk) for layout in layouts)
    return DatasetSpec(
        attributes=attributes,
        groups={expression: arrays for expression in attributes["expressions"]},
        coordinates=model.coordinates(),
    )


def weights_spec(job: TrainingJob, stack: TrainingStack, chunk: int) -> DatasetSpec:
    """Return everything the store must know to create the arrays of a job, in chunks of so many rows and columns."""
    model = job.build_model()
    fit = job.fit(stack)
    of_people = [LIKENESS] if has_likeness(job) else []
    layouts = (*stored_layouts(model, fit, job.precision), *([SHAPE] if job.displacements else []), *of_people)
    return dataset_spec(model, layouts, _attributes(job, stack), stack.image_shape, chunk)


def _array(layout: ArrayLayout, image_shape: tuple[int, int], chunk: int) -> ArraySpec:
    dims = tuple(name for name, _ in layout.leading)
    leading = tuple(length for _, length in layout.leading)
    if not layout.of_pixels:
        return ArraySpec(layout.name, dims, leading, leading, layout.dtype, layout.description)
    return ArraySpec(
        name=layout.name,
        dims=(*dims, "row", "col"),
        shape=(*leading, *image_shape),
        chunks=(*leading, *(min(chunk, side) for side in image_shape)),
        dtype=layout.dtype,
        description=layout.description,
    )


def _attributes(job: TrainingJob, stack: TrainingStack) -> dict[str, Any]:
    return {
        "model": {"name": job.model, "parameters": job.parameters},
        "colour": str(job.colour),
        "image_shape": list(stack.image_shape),
        "channels": stack.channels,
        "expressions": list(job.expressions),
        "input_expression": job.input_expression,
        "normalisation": stack.spec.normalisation,
        "mouth": list(stack.spec.mouth),
        **({"eyes": [list(eye) for eye in stack.spec.eyes]} if stack.spec.eyes else {}),
        **({"lips": list(stack.spec.lips)} if stack.spec.lips else {}),
    }
