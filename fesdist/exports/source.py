"""What is exported: a published version, its expressions as fixed maps and all that is done around them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fesdist.align.frame import USUAL, Fractions, Frame
from fesdist.families.common.fixed_map import FixedMap
from fesdist.ground.exposure import Exposure
from fesdist.ground.measures import mouth_region
from fesdist.ground.notices import Notice
from fesdist.ground.refinement import ALPHAS, Refinement
from fesdist.ground.tiles import Region
from fesdist.inference.loaded import LoadedVersion, require_expression
from fesdist.inference.moving import with_arrival
from fesdist.inference.recipe import Recipe
from fesdist.inference.regions import FACE, region_mask
from fesdist.inference.settings import Light, SynthesisSettings
from fesdist.shape.warping import Displacement
from storage.datasets.manifest import Manifest
from storage.datasets.store import WeightStore
from storage.datasets.version import WeightVersion


@dataclass(frozen=True)
class ExportedExpression:
    """One expression of a version as `LoadedVersion.synthesize` makes it."""

    name: str
    form: FixedMap
    alpha: NDArray[np.float32] | None
    """Weight of the change, (set, row, col); None is 1."""
    displacement: Displacement | None
    detail: bool
    """Whether the photograph keeps its own fine detail."""


@dataclass(frozen=True)
class Source:
    """A version and how it is to be applied."""

    manifest: Manifest
    expressions: tuple[str, ...]
    min_max: bool
    mouth: Region
    weight_channels: int
    refinement: Refinement
    settings: SynthesisSettings
    loaded: LoadedVersion
    frame: Frame
    """Where the model has eyes and lips."""

    @classmethod
    def open(
        cls,
        store: str,
        reference: str,
        expressions: tuple[str, ...],
        settings: SynthesisSettings,
        eyes: Fractions | None = None,
    ) -> Source:
        """Open a version; raises as `WeightStore.open` and `of`."""
        return cls.of(WeightStore(store).open(reference), expressions, settings, eyes)

    @classmethod
    def of(
        cls,
        version: WeightVersion,
        expressions: tuple[str, ...],
        settings: SynthesisSettings,
        eyes: Fractions | None = None,
    ) -> Source:
        """Return a version to be exported; no expressions mean all of them.

        Raises BadParameterError for an unknown expression, a refinement that the version does not have, and a model
        that is no fixed map.
        """
        manifest = version.manifest
        for expression in expressions:
            require_expression(expression, version)
        # Exports read arrays as a whole: no band of them is kept.
        loaded = LoadedVersion(version, memory=sys.maxsize)
        source = cls(
            manifest,
            expressions or manifest.expressions,
            loaded.min_max,
            mouth_region(loaded.mouth, manifest.image_shape),
            loaded.checked.weight_channels,
            loaded.refinement_said(settings.refine),
            settings,
            loaded,
            loaded.frame or (Frame(eyes) if eyes else USUAL),
        )
        # What no export can have is refused before anything is written.
        source.form_of(source.expressions[0])
        return source

    @property
    def shaped(self) -> bool:
        """Return whether the version moves the photograph before it changes it."""
        return self.loaded.shapes.present

    @property
    def exposure(self) -> Exposure | None:
        """Return in what light the model sees faces; None for their own."""
        return self.loaded.exposure if self.settings.light is Light.AUTO else None

    @property
    def texture(self) -> float:
        """Return how strongly the change is added; see `LoadedVersion.synthesize`."""
        return self.loaded.strength(self.settings.intensity, self.settings.texture)

    def face_mask(self) -> NDArray[np.float32]:
        """Return where faces are, or move to, (row, col) float32: in photographs of any framing only they change."""
        mask = found = region_mask((FACE,), self.manifest.image_shape, self.frame.eyes, self.loaded.mouth)
        for expression in self.expressions:
            if (displacement := self.loaded.shapes.displacement(Recipe.of(expression))) is not None:
                found = np.maximum(found, with_arrival(mask, displacement))
        return found

    def form_of(self, expression: str) -> FixedMap:
        """Return the model's own map of an expression; raises BadParameterError for a model that is none."""
        checked = self.loaded.checked
        return checked.model.fixed_map(partial(checked.read, expression))

    def read(self, expression: str) -> ExportedExpression:
        """Return an expression with everything that the settings say of it."""
        alpha = None
        if self.refinement in ALPHAS:
            alpha = self.loaded.checked.read(expression, ALPHAS[self.refinement]).astype(np.float32)
        return ExportedExpression(
            expression,
            self.form_of(expression),
            alpha,
            self.loaded.shapes.displacement(Recipe.of(expression)),
            self.settings.keeps_detail(self.loaded.keeps_detail(expression)),
        )


@dataclass(frozen=True)
class Written:
    """A file that was written."""

    path: str
    n_bytes: int
    told: str = ""
    """What is in it, in a few words."""


@dataclass(frozen=True)
class Exported:
    """What came of an export."""

    reference: str
    files: tuple[Written, ...]
    notices: tuple[Notice, ...] = ()
