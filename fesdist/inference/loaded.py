"""A published version ready for use: its expressions put on images that are already in memory."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.align.frame import USUAL, Fractions, Frame
from fesdist.ground.errors import BadParameterError, ImageError
from fesdist.ground.exposure import Relighting
from fesdist.ground.measures import mouth_region
from fesdist.ground.metrics import ExpressionMetrics, RunMetrics
from fesdist.ground.refinement import Refinement
from fesdist.ground.refinement import refine as blend
from fesdist.inference.blocks import Threads, blocks_of
from fesdist.inference.checked import CheckedVersion
from fesdist.inference.intensities import Images, Range, stretched, unit_scale
from fesdist.inference.lit import exposure_of
from fesdist.inference.moving import Shapes, put_change
from fesdist.inference.outputs import ModelOutputs
from fesdist.inference.recipe import Recipe
from fesdist.inference.regions import region_mask
from fesdist.inference.room import check_room
from fesdist.simd import aligned
from storage.datasets.version import WeightVersion

WEIGHT_MEMORY = 512 << 20
"""Bytes of weights that are kept when nothing else is said."""


def require_expression(expression: str, version: WeightVersion) -> None:
    """Raise BadParameterError if a version cannot make `expression`."""
    if expression not in version.expressions:
        raise BadParameterError(
            f"expression {expression!r} is not in {version.manifest.reference}; it has {', '.join(version.expressions)}"
        )


class LoadedVersion:
    """Puts the expressions of one version of a model on batches of images.

    Weights are read band by band when they are needed, turned into float32 once, and kept within `memory` bytes; the
    work is shared by `threads` threads. Several threads may use one object. `eyes` are where images have them if the
    version does not say. Raises as `CheckedVersion`, and BadParameterError for too little memory.
    """

    def __init__(
        self,
        version: WeightVersion,
        *,
        memory: int = WEIGHT_MEMORY,
        threads: int = 1,
        eyes: Fractions | None = None,
    ) -> None:
        checked, manifest = CheckedVersion(version), version.manifest
        self.version, self.checked = version, checked
        self.reference = manifest.reference
        self.expressions: tuple[str, ...] = tuple(version.expressions)
        self.image_shape: tuple[int, int] = manifest.image_shape
        self.min_max = checked.conventions.normalisation == "min-max"
        """Whether the model sees each image stretched from its own minimum to its own maximum."""
        self.frame = checked.conventions.frame or (None if eyes is None else Frame(eyes))
        """Where faces lie; None if nobody says."""
        self.mouth = checked.conventions.mouth
        """As that of `Conventions`."""
        self.exposure = None if self.min_max else exposure_of(manifest)
        """In what light the model learned; None if that does not matter to it, or the version does not say."""
        self._threads = Threads(threads)
        self._outputs = ModelOutputs(checked, memory, self._threads)
        self.refinement = Refinement.LEARNED if Refinement.LEARNED in self.refinements else Refinement.NONE
        """What outputs are refined by when nothing else is said."""
        self.shapes = Shapes(checked, self._mask)

    @property
    def refinements(self) -> tuple[Refinement, ...]:
        """Return the ways in which outputs of this version can be refined."""
        return self._outputs.refinements

    def keeps_detail(self, expression: str) -> bool:
        """Return whether the photograph's fine detail is better than the model's.

        It is where the model foresaw less than half of what changed in held-out people, by squares: then its detail is
        the mean of what might be, which is blurred. Where nobody was held out the model is believed, unless it has a
        shape, which brings the photograph's detail to its place.
        """
        measured = self.version.manifest.measured(RunMetrics).expressions.get(expression, ExpressionMetrics()).face
        if measured is None:
            return self.shapes.present
        return 2 * measured.mse_x100 >= measured.unchanged_mse_x100

    def match_channels(self, images: NDArray[Any]) -> NDArray[Any]:
        """Return images (..., channel, row, col) with channels that the weights fit.

        One set of weights fits any image, channel by channel. Weights for each channel need an image of as many; a
        gray one is repeated. Raises ImageError for other numbers of channels.
        """
        *leading, found, rows, cols = images.shape
        if self.checked.weight_channels in (1, found):
            return images
        if found == 1:
            return np.broadcast_to(images, (*leading, self.checked.weight_channels, rows, cols))
        raise ImageError(
            f"images with {found} channels; {self.reference} has weights for each of {self.checked.weight_channels} "
            f"channels and expects 1 or {self.checked.weight_channels}"
        )

    def synthesize(
        self,
        inputs: NDArray[Any],
        wanted: str | Recipe,
        *,
        refine: str | None = None,
        intensity: float = 1.0,
        texture: float | None = None,
        stretch: bool = False,
        detail: bool = False,
        relit: bool = False,
        out: Images | None = None,
    ) -> Images:
        """Return the inputs x with an expression: clip(x + intensity alpha (y - x)), where y is the model's output.

        A version with a shape moves x first, by `intensity` times its displacement; y is made of x moved once, and the
        change alpha (y - x), times `texture`, goes to where the face has moved. None is the intensity, but with a shape
        no more than 1: an exaggerated smile is a wider one, not paler lips. Of a `Recipe` the displacements and the
        changes of its expressions are added up, each times its weight, and happen in its regions only.

        Alpha is what `refine`, the value of a `Refinement`, says: learned, by the papers (Khan et al. 2020, eq. 17), or
        1; what is None is `refinement`.

        `inputs` are (sample, channel, row, col), uint8 in 0..255 or floating point in [0, 1], of `image_shape` and
        with channels as in `match_channels`. The result is (sample, channel, row, col) float32 in [0, 1]. A min-max
        model sees (x - min x) / (max x - min x), and its outputs are brought back to the range of x. `stretch` maps
        the minimum and maximum of each output to 0 and 1, as the authors' code does. With `detail` the photograph keeps
        its own fine detail, but in the mouth only if that has moved, and then its hues as well; see `with_detail`. With
        `relit` y is made in the light that the model learned in where a photograph has another; see `lit`.

        `out` is filled and returned, see `check_room`: new memory costs as much as the products. What an earlier call
        has returned is best, as it begins with a line of the cache.

        Raises BadParameterError for an unknown expression or refinement and for another `out`; ImageError for images of
        another shape, or for an image without contrast if the model is a min-max one.
        """
        recipe = wanted if isinstance(wanted, Recipe) else Recipe.of(wanted)
        self._check(inputs, recipe)
        way = self.refinement_said(refine)
        inputs = self.match_channels(inputs)
        if out is not None:
            check_room(out, inputs)
        strength = self.strength(intensity, texture)
        relighting = self._relighting(inputs) if relit else None
        own = Range.of(unit_scale(inputs)) if self.min_max else None
        seen = inputs if own is None else own.normalised(unit_scale(inputs))
        if self.shapes.present:
            outputs = self._moved_outputs(seen, recipe, way, relighting, intensity, strength, detail)
        elif own is None and not detail and not stretch and len(recipe.parts) == 1 and not recipe.regions:
            # Nothing follows but clipping, which costs least where outputs are made.
            ((expression, weight),) = recipe.parts
            into = aligned.zeros(inputs.shape, np.float32) if out is None else out
            return self._outputs.make(seen, expression, way, strength * weight, relighting=relighting, into=into)
        else:
            outputs = self._unmoved_outputs(seen, recipe, way, relighting, strength)
        if own is not None:
            outputs = own.restored(outputs)
        if detail and not self.shapes.present:
            self._restore_detail(inputs, outputs)
        if stretch:
            outputs = stretched(outputs)
        return np.clip(outputs, 0, 1, out=outputs if out is None else out)

    def moved(self, inputs: NDArray[Any], wanted: str | Recipe, intensity: float = 1.0) -> NDArray[Any]:
        """Return the inputs, (sample, channel, row, col), as the shape of an expression moves them, in their dtype."""
        recipe = wanted if isinstance(wanted, Recipe) else Recipe.of(wanted)
        if (displacement := self.shapes.displacement(recipe, intensity)) is None:
            return inputs
        blocks = blocks_of(inputs.shape, self._threads.number)
        parts = self._threads.map(lambda block: displacement.applied(inputs[block]), blocks)
        return np.concatenate([inputs[:0], *parts])

    def _unmoved_outputs(
        self, inputs: NDArray[Any], recipe: Recipe, way: Refinement, relighting: Relighting | None, strength: float
    ) -> Images:
        (expression, weight), *others = recipe.parts
        outputs = self._outputs.make(inputs, expression, way, strength * weight, relighting=relighting)
        for expression, weight in others:
            made = self._outputs.make(inputs, expression, way, strength * weight, relighting=relighting)
            outputs += made - unit_scale(inputs)
        mask = self._mask(recipe)
        return outputs if mask is None else np.asarray(blend(unit_scale(inputs), outputs, mask))

    def _moved_outputs(
        self,
        inputs: NDArray[Any],
        recipe: Recipe,
        way: Refinement,
        relighting: Relighting | None,
        intensity: float,
        texture: float,
        detail: bool,
    ) -> Images:
        base, mask = self.moved(inputs, recipe, intensity), self.shapes.mask(recipe)
        outputs = np.empty(inputs.shape, np.float32)
        np.multiply(base, np.float32(1 / 255 if base.dtype == np.uint8 else 1), out=outputs)
        for expression, weight in recipe.parts if texture != 0 else ():
            as_learned = intensity == 1 and recipe == Recipe.of(expression)
            seen = base if as_learned else self.moved(inputs, expression)
            made = self._outputs.make(seen, expression, way, 1.0, relighting=relighting)
            following = self.shapes.following(expression, recipe, intensity)
            put = partial(
                put_change,
                outputs,
                seen,
                made,
                following=following,
                mask=mask,
                strength=texture * weight,
                detail=detail,
            )
            self._threads.map(put, blocks_of(inputs.shape, self._threads.number))
        return outputs

    def _mask(self, recipe: Recipe) -> Images | None:
        """Return where a recipe changes anything, (row, col) float32; None for everywhere."""
        if not recipe.regions:
            return None
        return region_mask(recipe.regions, self.image_shape, (self.frame or USUAL).eyes, self.mouth)

    def _restore_detail(self, inputs: NDArray[Any], outputs: Images) -> None:
        # Imported here: who does not ask for it does not wait for it.
        from fesdist.inference.detail import with_detail

        mouth = mouth_region(self.mouth, self.image_shape)

        def restore(samples: slice) -> None:
            outputs[samples] = with_detail(unit_scale(inputs[samples]), outputs[samples], mouth)

        self._threads.map(restore, blocks_of(inputs.shape, self._threads.number))

    def strength(self, intensity: float, texture: float | None) -> float:
        """Return how strongly the change is added when these are said; see `synthesize`."""
        if texture is not None:
            return texture
        return min(intensity, 1.0) if self.shapes.present else intensity

    def refinement_said(self, said: str | None) -> Refinement:
        """Return the refinement that a value means, None the best; raises BadParameterError for what is not there."""
        if said is None:
            return self.refinement
        if said not in self.refinements:
            raise BadParameterError(
                f"refinement {said!r} of {self.reference}, which has {', '.join(self.refinements)}; give one of these, "
                "or train the model anew"
            )
        return Refinement(said)

    def _check(self, inputs: NDArray[Any], recipe: Recipe) -> None:
        for expression, _ in recipe.parts:
            require_expression(expression, self.version)
        if inputs.ndim != 4 or inputs.shape[2:] != self.image_shape:
            raise ImageError(
                f"images of shape {inputs.shape}; {self.reference} expects (sample, channel, row, col) with "
                f"{self.image_shape[0]} rows and {self.image_shape[1]} columns: resize them"
            )

    def _relighting(self, inputs: NDArray[Any]) -> Relighting | None:
        """Return in what light the model shall see each of the inputs, None for their own."""
        relighting = None if self.exposure is None else self.exposure.relighting(inputs)
        return None if relighting is None or not relighting.lit.size else relighting
