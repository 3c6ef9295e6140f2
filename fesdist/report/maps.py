"""What a version has learned for each pixel, as maps: bias, weights, refinement, and where the errors are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.ground.refinement import ALPHAS, Refinement
from fesdist.ground.tiles import Region
from fesdist.report.colours import DIVERGING, SEQUENTIAL, ColourMap
from fesdist.report.gallery import Gallery
from fesdist.report.pictures import Picture, map_picture
from fesdist.report.reduced import Plane, Reading, read_reduced, shrink_to, stored_arrays
from storage.datasets.version import WeightVersion

MAP_SIDE = 256
MONTAGE_SIDE = 640

_GAP = 3
"""Transparent pixels between the planes of a montage."""

_SHOWN_PERCENT = 99.5
"""The scale ends here, so that a few extreme pixels do not take the colours from all others."""


@dataclass(frozen=True)
class Scale:
    """The colour bar below a map."""

    css: str
    low: str
    high: str
    unit: str


@dataclass(frozen=True)
class MapFigure:
    """A map with its scale and a sentence that says what one sees."""

    title: str
    caption: str
    picture: Picture
    scale: Scale
    wide: bool = False


def weight_maps(version: WeightVersion, expression: str) -> Iterator[MapFigure]:
    """Yield the maps of the arrays that the version has; a model without taps or bias simply has fewer."""
    arrays = stored_arrays(version, expression)
    if "mean_difference" in arrays:
        yield _signed(
            "Mean difference",
            f"What {expression} changes on average over the training people: red is brighter, blue is darker.",
            read_reduced(version, expression, "mean_difference", MAP_SIDE),
            "share of full brightness",
        )
    if "weights" in arrays and "drow" in arrays:
        taps = read_reduced(version, expression, "weights", MAP_SIDE)
        yield _montage(version, expression, taps)
        yield _unsigned(
            "Sum of weights",
            "How much of the input a pixel keeps: near 1 it passes through, near 0 it is made anew by the bias.",
            taps.sum(axis=0),
            "sum over the receptive field",
        )
    if "support" in arrays:
        yield _unsigned(
            "Distance of the input pixels",
            "How far from a pixel those lie that it is made from: dark where the field is local.",
            _mean_distance(version, expression, arrays["support"].shape[-1]),
            "pixels, mean over the receptive field",
        )
    if "bias" in arrays:
        yield _signed(
            "Bias",
            "What the model adds to a pixel whatever the face: red brightens, blue darkens.",
            read_reduced(version, expression, "bias", MAP_SIDE),
            "share of full brightness",
        )
    if "norm" in arrays:
        yield _unsigned(
            "Norm of the receptive field",
            "How hard the model works at a pixel: the sum of absolute weights with the bias.",
            read_reduced(version, expression, "norm", MAP_SIDE),
            "l1 norm",
        )
    if way := next((way for way, name in ALPHAS.items() if name in arrays), None):
        yield _unsigned(
            "Refinement (alpha)",
            "Where the refined face is the model's (bright) and where it stays the photograph (dark)"
            + (", as people left out say." if way is Refinement.LEARNED else ", by the papers' rule."),
            read_reduced(version, expression, ALPHAS[way], MAP_SIDE),
            "share of the model",
            limits=(0.0, 1.0),
        )


def error_maps(gallery: Gallery) -> Iterator[MapFigure]:
    """Yield the mean error of doing nothing and of the model, on one scale, and the difference."""
    unchanged, model = (shrink_to(plane, MAP_SIDE) for plane in (gallery.unchanged_error, gallery.model_error))
    limits = 0.0, _end(unchanged)
    people = f"{gallery.n_compared} {gallery.who}"
    yield _unsigned(
        "Error of doing nothing",
        f"Where the target differs from the input: the mean over {people}.",
        unchanged,
        "mean absolute error",
        limits,
    )
    yield _unsigned(
        "Error of the model",
        "Where the synthesized face still differs from the target, on the same scale: darker is better.",
        model,
        "mean absolute error",
        limits,
    )
    yield _signed(
        "Gain",
        "Where the model is closer to the target than the photograph was (red), and where farther (blue).",
        unchanged - model,
        "mean absolute error",
    )


def _mean_distance(version: WeightVersion, expression: str, image_cols: int) -> Plane:
    """Return how far the input pixels of an output pixel lie from it, on average; 0 where there are none."""
    far, used = (
        read_reduced(version, expression, "support", MAP_SIDE, reading).sum(axis=0)
        for reading in (_distances(image_cols), _used)
    )
    return np.asarray(np.divide(far, used, out=np.zeros_like(far), where=used > 0))


def _used(support: NDArray[Any], region: Region) -> NDArray[Any]:
    """Return 1 for each input pixel, 0 for each place that is not used."""
    return np.asarray(support >= 0)


def _distances(image_cols: int) -> Reading:
    """Return what makes distances from the output pixel of the flat indices of input pixels; 0 where one is unused."""

    def distances(support: NDArray[Any], region: Region) -> NDArray[Any]:
        rows, cols = np.ogrid[region.slices]
        away = np.hypot(support // image_cols - rows, support % image_cols - cols)
        return np.where(support >= 0, away, 0.0)

    return distances


def _montage(version: WeightVersion, expression: str, taps: Plane) -> MapFigure:
    """Return the planes of all taps, each at its place in the receptive field."""
    # A dilated window has no taps in between, and no gaps for them here.
    tap_rows, tap_cols = (
        np.unique(version.read(expression, name), return_inverse=True)[1] for name in ("drow", "dcol")
    )
    down, across = int(tap_rows.max()) + 1, int(tap_cols.max()) + 1
    planes = shrink_to(taps, max(1, MONTAGE_SIDE // max(down, across)))
    rows, cols = planes.shape[1:]
    canvas = np.full(((rows + _GAP) * down - _GAP, (cols + _GAP) * across - _GAP), np.nan)
    for plane, tap_row, tap_col in zip(planes, tap_rows, tap_cols, strict=True):
        row0, col0 = (rows + _GAP) * tap_row, (cols + _GAP) * tap_col
        canvas[row0 : row0 + rows, col0 : col0 + cols] = plane
    figure = _signed(
        "Weights, tap by tap",
        "Each small face shows the weight on one neighbour, the centre the pixel itself: red adds, blue subtracts.",
        canvas,
        "weight",
    )
    return MapFigure(figure.title, figure.caption, figure.picture, figure.scale, wide=True)


def _signed(title: str, caption: str, values: Plane, unit: str) -> MapFigure:
    limit = _end(np.abs(values))
    return _figure(title, caption, values, unit, DIVERGING, (-limit, limit))


def _unsigned(
    title: str, caption: str, values: Plane, unit: str, limits: tuple[float, float] | None = None
) -> MapFigure:
    low, high = np.percentile(values, (100 - _SHOWN_PERCENT, _SHOWN_PERCENT))
    nothing = low == high == 0
    scale = min(0.0, float(low)), _end(values) if nothing else float(high)
    return _figure(title, caption, values, unit, SEQUENTIAL, limits or scale)


def _end(sizes: Plane) -> float:
    """Return where the scale of values from 0 on ends: at the largest where nearly all are 0, at 1 where all are."""
    return float(np.nanpercentile(sizes, _SHOWN_PERCENT)) or float(np.nanmax(sizes)) or 1.0


def _figure(
    title: str, caption: str, values: Plane, unit: str, colours: ColourMap, limits: tuple[float, float]
) -> MapFigure:
    low, high = (f"{limit:.2g}".replace("-", "−") for limit in limits)
    scale = Scale(colours.css(), low, high, unit)
    return MapFigure(title, caption, map_picture(values, colours, limits), scale)
