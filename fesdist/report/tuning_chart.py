"""The drawing of a tuning: errors on people left out against one option, over the face or over the mouth."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from fesdist.report.axis import logarithmic_ticks
from fesdist.report.tuning_curves import Curve, Curves
from fesdist.training.choice import Result, Score
from fesdist.tuning.tuning import Tuning, in_words, value_in_words

WIDTH, HEIGHT = 520, 330
_LEFT, _TOP, _BOTTOM = 52, 34, 52
_MARGIN = 14
"""Between the frame and the outermost values."""
_LETTER, _BOLD_LETTER = 7.2, 8.5
_LINE = 15
"""Width of a letter and height of a line of text."""
_LONGEST_LABEL = 14
"""Letters of a name that has room beside its curve; where one is longer, curves are labelled with their numbers."""
_SMALLEST_SHARE = 1e-4
"""Of the largest error; what is below is drawn there, as a logarithmic axis has no 0."""

MARKERS = (
    "M-4.2 0a4.2 4.2 0 1 0 8.4 0a4.2 4.2 0 1 0-8.4 0z",
    "M-3.8-3.8h7.6v7.6h-7.6z",
    "M0-5L5 3.7H-5z",
    "M0-5.4L5.4 0 0 5.4-5.4 0z",
    "M0 5L5-3.7H-5z",
    "M-1.6-5h3.2v3.4h3.4v3.2h-3.4v3.4h-3.2v-3.4h-3.4v-3.2h3.4z",
    "M-4.6-4.6h9.2L-4.6 4.6h9.2z",
    "M-4.6-4.6v9.2L4.6-4.6v9.2z",
)
"""Outlines around (0, 0) that tell curves apart without colour."""


@dataclass(frozen=True)
class Point:
    """A combination: where it is in the drawing, and where the bar of its standard error begins and ends."""

    x: float
    y: float
    bar: tuple[float, float]
    title: str


@dataclass(frozen=True)
class Drawn:
    """A curve, with its label at the right."""

    marker: str
    points: tuple[Point, ...]
    label: str
    label_y: float


@dataclass(frozen=True)
class TuningChart:
    """Everything the template needs to draw; y grows downward."""

    region: str
    decides: bool
    """Whether the combination was chosen by this error."""
    width: int
    height: int
    left: int
    right: float
    top: int
    bottom: int
    x_title: str
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    curves: tuple[Drawn, ...]
    connected: bool
    """Whether curves are lines; between words there is nothing."""
    chosen: tuple[float, float]


def labels_of(curves: Curves) -> tuple[str, ...]:
    """Return what is written beside each curve: its name, or its number where names are long."""
    names = [curve.name for curve in curves.shown]
    if max(map(len, names)) <= _LONGEST_LABEL:
        return tuple(names)
    return tuple(str(number) for number, _ in enumerate(names, 1))


def tuning_chart(tuning: Tuning, curves: Curves, region: str) -> TuningChart:
    """Return a chart of the MSE x 100 in `region`, averaged over the expressions, on a logarithmic axis."""
    labels = labels_of(curves)
    right = WIDTH - _MARGIN - _BOLD_LETTER * max(map(len, labels))
    across = _across(curves, right)
    scores = [result.mean(region) for curve in curves.shown for result in curve.results]
    height = _height(scores)
    drawn = [_points(curve, curves.option, region, across, height) for curve in curves.shown]
    ends = _spread([points[-1].y for points in drawn])
    low, high = _limits(scores)
    best = tuning.best
    return TuningChart(
        region=region,
        decides=region == tuning.region,
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        right=round(right, 1),
        top=_TOP,
        bottom=HEIGHT - _BOTTOM,
        x_title=curves.option + (", logarithmic" if curves.logarithmic else ""),
        x_ticks=_x_ticks(curves, across, right),
        y_ticks=tuple((height(tick), f"{tick:g}") for tick in logarithmic_ticks(low, high)),
        curves=tuple(
            Drawn(marker, points, label, end)
            for marker, points, label, end in zip(MARKERS, drawn, labels, ends, strict=False)
        ),
        connected=curves.numeric,
        chosen=(across(best.options[curves.option]), height(best.mean(region).mse_x100)),
    )


def _points(
    curve: Curve, option: str, region: str, across: Callable[[object], float], height: Callable[[float], float]
) -> tuple[Point, ...]:
    return tuple(
        Point(
            across(result.options[option]),
            height(score.mse_x100),
            (height(score.mse_x100 + score.standard_error), height(score.mse_x100 - score.standard_error)),
            _title(result, score),
        )
        for result in curve.results
        for score in [result.mean(region)]
    )


def _title(result: Result, score: Score) -> str:
    return f"{in_words(result.options)}: {score.mse_x100:.4f} ± {score.standard_error:.4f}"


def _across(curves: Curves, right: float) -> Callable[[object], float]:
    """Return what tells the x of a value: by its logarithm, or in the middle of one of as many equal parts."""
    count = len(curves.values)
    shares = {value: (place + 0.5) / count for place, value in enumerate(curves.values)}
    if curves.logarithmic and count > 1:
        first, last = math.log(curves.values[0]), math.log(curves.values[-1])
        shares = {value: (math.log(value) - first) / (last - first) for value in curves.values}
    start, length = _LEFT + _MARGIN, right - _LEFT - 2 * _MARGIN
    return lambda value: round(start + length * shares[value], 1)


def _limits(scores: Sequence[Score]) -> tuple[float, float]:
    """Return the smallest and the largest error of the axis, which has room for the bars."""
    high = max(score.mse_x100 + score.standard_error for score in scores) or 1.0
    low = min(max(score.mse_x100 - score.standard_error, score.mse_x100 / 2) for score in scores)
    return max(low, _SMALLEST_SHARE * high) / 1.05, high * 1.05


def _height(scores: Sequence[Score]) -> Callable[[float], float]:
    """Return what tells the y of an error; what is below the axis is at its end."""
    low, high = _limits(scores)
    top, bottom = _TOP, HEIGHT - _BOTTOM

    def height(error: float) -> float:
        return round(bottom - (bottom - top) * math.log(max(error, low) / low) / math.log(high / low), 1)

    return height


def _spread(heights: Sequence[float]) -> list[float]:
    """Return heights moved as little as lets a line of text stand at each, within the frame."""
    order = np.argsort(heights, kind="stable")
    above = _LINE * np.arange(len(heights))
    free = isotonic_regression(np.asarray(heights)[order] - above).x
    moved = np.empty(len(heights))
    moved[order] = above + np.clip(free, _TOP, HEIGHT - _BOTTOM - above[-1])
    return [round(float(height), 1) for height in moved]


def _x_ticks(curves: Curves, across: Callable[[object], float], right: float) -> tuple[tuple[float, str], ...]:
    """Return where the values are and what they are: words shortened to their end, numbers where there is room."""
    room = int((right - _LEFT - 2 * _MARGIN) / len(curves.values) / _LETTER) - 1
    ticks, free = [], -math.inf
    for value in curves.values:
        x, word = across(value), value_in_words(value)
        if not curves.numeric:
            word = word if len(word) <= room else f"…{word[1 - room :]}"
        half = _LETTER * (len(word) + 1) / 2
        if curves.numeric and x - half < free:
            word = ""
        else:
            free = x + half
        ticks.append((x, word))
    return tuple(ticks)
