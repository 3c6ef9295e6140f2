"""Weights that nobody trained here, published as a version like any other."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fesdist.exports.npz.origin import Origin
from fesdist.families.common.contract import AnyModel
from fesdist.families.common.fit import Fit
from fesdist.families.common.fixed_map import Taps, Windows
from fesdist.families.common.layout import ArrayLayout, TileArrays, common_layout, l1_norm
from fesdist.ground.alpha_maps import alpha_map
from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError
from fesdist.ground.metrics import ExpressionMetrics, RunMetrics
from fesdist.ground.notices import Notice
from fesdist.ground.refinement import ALPHAS, Refinement
from fesdist.ground.revision import revision
from fesdist.ground.status import Status
from fesdist.inference.checked import Conventions
from fesdist.training.job import Precision
from fesdist.training.layout import dataset_spec, stored_layouts
from storage.datasets.draft import WeightDraft
from storage.datasets.manifest import Facts, ModelFacts, StackFacts
from storage.datasets.store import WeightStore

LARGEST_ARRAY = 6 << 30
"""Bytes: what a file says of its own model decides how much is laid out in memory."""


@dataclass(frozen=True)
class Weights:
    """What was found of one expression."""

    model: AnyModel
    form: Taps | Windows

    def arrays(self) -> TileArrays:
        """Return what is stored of it; raises BadParameterError for a form that is not the model's."""
        taps = self.form.as_taps()
        norm = l1_norm(taps.values, taps.bias)
        return {**self.model.arrays_of(self.form), "norm": norm, ALPHAS[Refinement.PAPERS]: alpha_map(norm)}


@dataclass(frozen=True)
class Found:
    """A version that is to be."""

    image_shape: tuple[int, int]
    channels: int
    colour: Colour
    input_expression: str
    conventions: Conventions
    weights: Mapping[str, Weights]
    """By expression; all are of one model."""
    files: Sequence[Origin]
    notices: Sequence[Notice] = ()

    @property
    def model(self) -> AnyModel:
        """Return the model of every expression."""
        return next(iter(self.weights.values())).model

    def attributes(self) -> dict[str, Any]:
        """Return what the root group says; see docs/formats/weights.md."""
        return {
            "model": {"name": self.model.name, "parameters": self.model.parameters()},
            "colour": str(self.colour),
            "image_shape": list(self.image_shape),
            "channels": self.channels,
            "expressions": list(self.weights),
            "input_expression": self.input_expression,
            "normalisation": self.conventions.normalisation,
            "mouth": list(self.conventions.mouth),
            **({"eyes": [list(eye) for eye in self.conventions.eyes]} if self.conventions.eyes else {}),
            **({"lips": list(self.conventions.lips)} if self.conventions.lips else {}),
        }


def publish(store: WeightStore, name: str, found: Found) -> int:
    """Publish the next version of model `name`, and return its number.

    Raises BadParameterError for a model whose arrays would be larger than any file of weights.
    """
    fit = Fit(found.image_shape, found.channels, found.colour, "uint8", 1, 1)
    layouts, attributes = _layouts(found.model, fit), found.attributes()
    if (most := max(layout.bytes_per_pixel for layout in layouts) * fit.n_pixels) > LARGEST_ARRAY:
        rows, cols = found.image_shape
        raise BadParameterError(
            f"an array of {most >> 30:,} GiB for {found.model.describe()}, and images of {rows} x {cols}; expected at "
            f"most {LARGEST_ARRAY >> 30}, as of weights that fesdist has exported: export the version again"
        )
    files = [file.to_record() for file in found.files]
    # Before there is a draft: what does not fit is refused, and leaves nothing behind.
    arrays = {expression: weights.arrays() for expression, weights in found.weights.items()}
    digest = hashlib.sha256(repr((attributes, files, revision())).encode()).hexdigest()[:16]
    draft = store.next_draft(name, digest)
    with draft.claimed():
        draft.create(dataset_spec(found.model, layouts, attributes, found.image_shape), {"imported": files})
        checksums = _write(draft, layouts, arrays, found.image_shape)
        return draft.publish(_facts(found, fit, digest), checksums)


def _layouts(model: AnyModel, fit: Fit) -> list[ArrayLayout]:
    """Return what is stored: without what training learns from people left out, as nobody was."""
    papers = (*model.layout(fit), *common_layout(fit.weight_channels, fit.channels))
    kept = {layout.name for layout in papers} | {ALPHAS[Refinement.PAPERS]}
    return [layout for layout in stored_layouts(model, fit, Precision.FLOAT64) if layout.name in kept]


def _write(
    draft: WeightDraft,
    layouts: Sequence[ArrayLayout],
    arrays: Mapping[str, TileArrays],
    image_shape: tuple[int, int],
) -> dict[str, str]:
    checksums: dict[str, str] = {}
    for expression, own in arrays.items():
        for layout in layouts:
            values = own.get(layout.name)
            if values is None:
                values = np.zeros(layout.shape(image_shape), layout.dtype)
            whole = tuple(slice(0, length) for length in values.shape)
            checksums.update(draft.write(expression, layout.name, whole, values.astype(layout.dtype, copy=False)))
    return checksums


def _facts(found: Found, fit: Fit, digest: str) -> Facts:
    solved = {Status.SOLVED: fit.weight_channels * fit.n_pixels}
    return Facts(
        code_version=revision(),
        model=ModelFacts(found.model.name, found.model.parameters(), found.model.describe()),
        colour=str(found.colour),
        image_shape=found.image_shape,
        channels=found.channels,
        expressions=tuple(found.weights),
        stack=StackFacts("", "", {expression: () for expression in found.weights}),
        metrics=asdict(RunMetrics({name: ExpressionMetrics(statuses=solved) for name in found.weights})),
        job_digest=digest,
        imported={"files": [file.to_record() for file in found.files]},
        notices=tuple(notice.to_record() for notice in found.notices),
    )
