"""Versions come from others, too: what one says and has is held to its model before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import zarr
from numpy.typing import DTypeLike, NDArray

from fesdist.align.frame import Fraction, Fractions, Frame
from fesdist.families.common.contract import AnyModel
from fesdist.families.common.fit import Fit
from fesdist.families.common.layout import ArrayLayout, common_layout
from fesdist.ground.colour import Colour
from fesdist.ground.errors import BadParameterError
from fesdist.ground.refinement import ALPHAS
from fesdist.registry import model_from_parameters
from fesdist.shape.warping import DISPLACEMENT
from storage.blobs.documents import convert
from storage.blobs.regions import Region
from storage.datasets.version import WeightVersion
from storage.errors import FormatError

USUAL_MOUTH = (0.60, 0.80, 0.30, 0.70)
"""Where aligned faces have it, of versions that do not say: (row0, row1, col0, col1) as fractions of the sides."""

Normalisation = Literal["none", "min-max"]

_FLOATS = frozenset({"float32", "float64"})


@dataclass(frozen=True)
class Conventions:
    """What a version says of the images that its model sees."""

    normalisation: Normalisation
    """Whether the model sees each image as it is, or stretched from its own minimum to its own maximum."""
    eyes: Fractions | None = None
    """Where eyes lie in the images, as `Frame.eyes`; None if the version does not say."""
    mouth: tuple[float, float, float, float] = USUAL_MOUTH
    """(row0, row1, col0, col1) as fractions of the image's sides."""
    lips: Fraction | None = None
    """Where lips lie in inputs, as `Frame.lips`; None if the version does not say."""

    @property
    def frame(self) -> Frame | None:
        """Return where faces lie; None if the version does not say."""
        return None if self.eyes is None else Frame(self.eyes, self.lips)

    def __post_init__(self) -> None:
        row0, row1, col0, col1 = self.mouth
        if not (0 <= row0 < row1 <= 1 and 0 <= col0 < col1 <= 1):
            raise ValueError(f"a mouth at {self.mouth}; expected fractions (row0, row1, col0, col1) in [0, 1]")
        if self.lips is not None and self.eyes is None:
            raise ValueError(f"lips at {self.lips} without eyes; expected both, or eyes alone")
        try:
            _ = self.frame
        except BadParameterError as error:
            raise ValueError(str(error)) from None


def conventions_of(version: WeightVersion) -> Conventions:
    """Return what a version says of its images; raises FormatError where that is nothing, or nothing that can be."""
    return convert(Conventions, version.attributes, f"attributes of {version.manifest.reference}")


class CheckedVersion:
    """The model of a version, and arrays that are such as the model has: those of an expression are looked at once.

    Raises FormatError for a version that is unlike its model, and BadParameterError for a model that is unknown here.
    """

    def __init__(self, version: WeightVersion) -> None:
        manifest = version.manifest
        if not manifest.expressions:
            raise FormatError(f"version {manifest.reference} has no expressions; it was not written by fesdist")
        self.version, self.manifest = version, manifest
        self.conventions = conventions_of(version)
        self.model: AnyModel = model_from_parameters(manifest.model.name, manifest.model.parameters)
        colour = convert(Colour, manifest.colour, f"colour of {manifest.reference}")
        self.weight_channels = colour.weight_channels(manifest.channels)
        # Images of either kind: some models keep those that they were trained on.
        fits = [Fit(manifest.image_shape, manifest.channels, colour, dtype, 1, 1) for dtype in ("uint8", "float64")]
        known = [layout for fit in fits for layout in self._known(fit)]
        self._layouts = {layout.name: layout for layout in known}
        self._types: dict[str, set[str]] = {name: set() for name in self._layouts}
        for layout in known:
            self._types[layout.name] |= _FLOATS if layout.dtype in _FLOATS else {layout.dtype}
        self._arrays: dict[str, dict[str, zarr.Array[Any]]] = {}

    def arrays(self, expression: str) -> Mapping[str, zarr.Array[Any]]:
        """Return the arrays of an expression by name, unread."""
        if expression not in self._arrays:
            group = self.version.group.get(expression)
            found = dict(group.arrays()) if isinstance(group, zarr.Group) else {}
            self._check(expression, found)
            self._arrays[expression] = found
        return self._arrays[expression]

    def read(
        self, expression: str, name: str, region: Region | None = None, dtype: DTypeLike | None = None
    ) -> NDArray[Any]:
        """Return a region, or all, of an array of an expression, as `WeightVersion.read` does."""
        self.arrays(expression)
        return self.version.read(expression, name, region, dtype)

    def _known(self, fit: Fit) -> tuple[ArrayLayout, ...]:
        """Return the layouts of all arrays that outputs, evaluations and reports are made of."""
        maps = tuple(
            ArrayLayout(name, (("weight_channel", fit.weight_channels),), "float32", "") for name in ALPHAS.values()
        )
        moves = ArrayLayout(DISPLACEMENT, (("axis", 2),), "float32", "")
        return (*self.model.layout(fit), *common_layout(fit.weight_channels, fit.channels), *maps, moves)

    def _check(self, expression: str, found: Mapping[str, zarr.Array[Any]]) -> None:
        """Raise FormatError for arrays that are missing, or of another shape or type than the model's."""
        what = f"version {self.manifest.reference}"
        for name in self._needed():
            if name not in found:
                raise FormatError(
                    f"{what} has no array {expression}/{name}; it has {', '.join(sorted(found)) or 'none'}"
                )
        lengths: dict[str, int] = {}
        for name in sorted(self._layouts.keys() & found.keys()):
            shape, dtype = found[name].shape, str(found[name].dtype)
            if shape != (expected := self._shape(name, shape, lengths)):
                raise FormatError(
                    f"{what}: an array {name!r} of shape {shape}; expected {expected} for {expression!r}, as its "
                    "model, its images and its other arrays are"
                )
            if dtype not in (types := self._types[name]):
                raise FormatError(
                    f"{what}: an array {name!r} of {dtype}; expected {' or '.join(sorted(types))} for {expression!r}"
                )
        for name, (_, values) in self.model.coordinates().items():
            if name in found and found[name].shape != (expected := (len(values),)):
                raise FormatError(
                    f"{what}: an array {name!r} of shape {found[name].shape}; expected {expected} for {expression!r}"
                )

    def _shape(self, name: str, found: tuple[int, ...], lengths: dict[str, int]) -> tuple[int, ...]:
        """Return the shape that an array should have, `found` being what it has.

        Lengths that nobody but the samples tell are the same in all arrays that have them; `lengths` are those so far.
        """
        layout = self._layouts[name]
        own = dict(zip((dim for dim, _ in layout.leading), found, strict=False))
        leading = tuple(
            lengths.setdefault(dim, own.get(dim, 0)) if dim in self.model.follows_samples else length
            for dim, length in layout.leading
        )
        return (*leading, *self.manifest.image_shape) if layout.of_pixels else leading

    def _needed(self) -> tuple[str, ...]:
        """Return the names of the arrays without which no outputs can be made."""
        image_pass = self.model.image_pass()
        of_pass = (image_pass.encoder, *image_pass.small) if image_pass else ()
        return (*self.model.reads, *of_pass, *([DISPLACEMENT] if self.manifest.shape else []))
