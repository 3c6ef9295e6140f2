"""A chart of every person: how far the model brings each one from the error of doing nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fesdist.evaluation.scores import MODEL, UNCHANGED, ExpressionScores
from fesdist.ground.evenly import evenly
from fesdist.report.axis import tick_step

WIDTH, HEIGHT = 1100, 260
_RIGHT, _TOP, _BOTTOM = 4, 10, 10
_GAP, _DIGIT = 8, 12
"""From labels to lines, and room for a character of a label at the size that they have on a phone."""
MOST_PEOPLE = 120


@dataclass(frozen=True)
class Mark:
    """One person: a line from the error of doing nothing to the error of the model, in units of the drawing."""

    x: float
    unchanged: float
    model: float
    title: str


@dataclass(frozen=True)
class Chart:
    """Everything the template needs to draw; y grows downward."""

    width: int
    height: int
    left: int
    right: int
    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...]
    """Heights of the grid lines, and their labels in MSE x 100."""
    n_worse: int
    """People whom the model makes worse than doing nothing."""
    n_people: int


def people_chart(scores: ExpressionScores) -> Chart:
    """Return a chart of the face MSE x 100 of each person, ascending by the error of the model."""
    unchanged, model = (scores.each(method, "face", "mse_x100") for method in (UNCHANGED, MODEL))
    order = np.argsort(model, kind="stable")
    shown = order[evenly(len(order), MOST_PEOPLE)]
    largest = float(max(unchanged.max(), model.max()))
    step = tick_step(largest)
    # Where nobody errs at all there is an axis, too.
    top = step * max(1.0, np.ceil(largest / step))

    labels = {tick: f"{tick:g}" for tick in np.arange(0, top + step / 2, step).round(10)}
    left = _GAP + _DIGIT * max(map(len, labels.values()))

    def height(error: float) -> float:
        return round(float(HEIGHT - _BOTTOM - (HEIGHT - _BOTTOM - _TOP) * error / top), 1)

    return Chart(
        WIDTH,
        HEIGHT,
        left,
        WIDTH - _RIGHT,
        tuple(
            Mark(
                round(left + (WIDTH - left - _RIGHT) * (position + 0.5) / len(shown), 1),
                height(unchanged[person]),
                height(model[person]),
                f"{scores.people[person]}: {unchanged[person]:.3f} unchanged, {model[person]:.3f} model",
            )
            for position, person in enumerate(shown)
        ),
        tuple((height(tick), label) for tick, label in labels.items()),
        int((model > unchanged).sum()),
        len(scores.people),
    )
