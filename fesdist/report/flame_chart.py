"""The drawing of where the time of a training went: the run above, its steps below, the phases of the tiles beneath."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fesdist.ground.metrics import RunMetrics

WIDTH, ROW = 960, 30
"""Pixels: of the drawing, and of the height of a level."""
_LETTER = 7.4
_MARGIN = 8
_COLOURS = 8
"""As many as the styles have."""


@dataclass(frozen=True)
class Box:
    """A part of the time; what lies below it is part of it."""

    x: float
    y: int
    width: float
    label: str
    """Empty where there is no room for it."""
    told: str
    colour: int
    """1, 2, ..., as the styles number their colours; 0 for what is the whole."""


@dataclass(frozen=True)
class FlameChart:
    """Everything that a template needs to draw; y grows downward."""

    width: int
    height: int
    row: int
    run: Box
    steps: tuple[Box, ...]
    phases: tuple[Box, ...]

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Return all boxes, from the top."""
        return (self.run, *self.steps, *self.phases)


def flame_chart(metrics: RunMetrics) -> FlameChart | None:
    """Return the drawing of a run, or None of one that does not tell where its time went.

    Widths are seconds on the wall; phases share the width of the tiles by the seconds that workers spent in them.
    """
    if not metrics.phases or not metrics.steps:
        return None
    total = sum(metrics.steps.values())
    steps = _row(metrics.steps, ROW, 0, WIDTH)
    tiles = steps.get("tiles")
    phases = () if tiles is None else tuple(_row(metrics.phases, 2 * ROW, tiles.x, tiles.width).values())
    return FlameChart(
        WIDTH, 3 * ROW, ROW, _box((0, 0, WIDTH), "training", total, total, 0), tuple(steps.values()), phases
    )


def _row(seconds: Mapping[str, float], y: int, x: float, width: float) -> dict[str, Box]:
    """Return a box for each name, side by side, the longest first; they share the width by their seconds."""
    total, boxes = sum(seconds.values()) or 1.0, {}
    for place, (name, own) in enumerate(sorted(seconds.items(), key=lambda item: -item[1])):
        part = width * own / total
        boxes[name] = _box((x, y, part), name, own, total, place % _COLOURS + 1)
        x += part
    return boxes


def _box(place: tuple[float, int, float], name: str, seconds: float, total: float, colour: int) -> Box:
    x, y, width = place
    words = f"{name} {seconds:.2f} s"
    room = int((width - 2 * _MARGIN) / _LETTER)
    label = next((each for each in (words, name) if len(each) <= room), "")
    share = 100 * seconds / total if total else 0.0
    return Box(round(x, 1), y, round(width, 1), label, f"{words}, {share:.0f} %", colour)
