"""The scores of one expression: every measure of every person, for the model and for what needs no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fesdist.evaluation.looks import REAL, Looks, Seen
from fesdist.ground.measures import MEASURES, REGIONS

UNCHANGED = "output = input"
MEAN_DIFFERENCE = "input + mean difference"
MOVED = "moved only"
MODEL = "model"
REFINED = "model, refined"
SYNTHESIZED = "as synthesized"

METHODS = (UNCHANGED, MEAN_DIFFERENCE, MOVED, MODEL, REFINED, SYNTHESIZED)
"""The rows of a table: two baselines that every model must beat; the photograph as a shape moves it, of versions that
have one; the model, and the model refined (RMR); and what `synthesize` writes unless told otherwise, which keeps the
photograph's fine detail. Evaluations before 0.4 lack the last."""

ALWAYS = (UNCHANGED, MEAN_DIFFERENCE, MODEL, REFINED)
"""What every evaluation has."""


@dataclass(frozen=True)
class ExpressionScores:
    """The scores of one expression."""

    expression: str
    people: tuple[str, ...]
    trained_on: tuple[str, ...]
    """Those of `people` whom the model has learned from."""
    scores: Mapping[str, Mapping[str, Mapping[str, tuple[float, ...]]]]
    """By method, region and measure, a number for each person."""
    looks: Looks = field(default_factory=Looks)
    """Nothing in evaluations of fesdist 0.2 and before."""

    @classmethod
    def of(
        cls,
        expression: str,
        people: Sequence[str],
        trained_on: Sequence[str],
        values: Mapping[str, NDArray[np.float64]],
        looks: Looks | None = None,
    ) -> ExpressionScores:
        """Return the scores in `values`: by method, (region, measure, person) as `REGIONS`, `MEASURES`."""
        scores = {
            method: {
                region: {measure: tuple(found[r, k].tolist()) for k, measure in enumerate(MEASURES)}
                for r, region in enumerate(REGIONS)
            }
            for method, found in values.items()
        }
        return cls(expression, tuple(people), tuple(trained_on), scores, looks or Looks())

    @property
    def methods(self) -> tuple[str, ...]:
        """Return the methods that were measured, in the order of `METHODS`."""
        return tuple(method for method in METHODS if method in self.scores)

    def each(self, method: str, region: str, measure: str) -> NDArray[np.float64]:
        """Return one measure of every person, (person,) float64."""
        return np.array(self.scores[method][region][measure], np.float64)

    def mean(self, method: str, region: str, measure: str) -> float:
        """Return one measure averaged over the people."""
        return float(self.each(method, region, measure).mean())

    def improvement(self, method: str, region: str) -> float | None:
        """Return by how many percent the error falls below that of doing nothing.

        100 (1 - mean MSE of `method` / mean MSE of "output = input"); None where doing nothing is no error.
        """
        unchanged = self.mean(UNCHANGED, region, "mse_x100")
        return 100.0 * (1.0 - self.mean(method, region, "mse_x100") / unchanged) if unchanged else None

    def fault(self) -> str:
        """Return what does not fit together, or ""."""
        if not self.people:
            return "it is of nobody"
        for method in dict.fromkeys((*ALWAYS, *self.scores)):
            of_method = self.scores.get(method, {})
            values = [of_method.get(region, {}).get(measure, ()) for region in REGIONS for measure in MEASURES]
            if any(len(each) != len(self.people) for each in values):
                return f"scores of {method!r} are not of {len(self.people)} people"
        return self.looks.fault(len(self.people))

    def seen(self, method: str, beside: str = REAL) -> Seen:
        """Return what people see in the faces of a method, or in `REAL` ones: see `Looks.seen`."""
        return self.looks.seen(method, self.expression, self.people, beside)
